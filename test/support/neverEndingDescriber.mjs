// A thread that digests, and meets in some books what no reader should: stands for a parser with a fault that nobody has found.
import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

/** As src/engine/bodies/sharedWords.ts has them. */
const [describing, atDisk] = [1, 2];
const { shared } = workerData;

parentPort.on('message', ({ id, places, books }) => {
  const result = places.map((place, index) => {
    const body = Buffer.alloc(place.sizeBytes);
    readSync(place.descriptor, body, 0, body.length, place.position);
    const sha1 = hash('sha1', body, 'hex');
    return books
      ? { sha1, description: describe(books[index]) }
      : { sha1, head: new Uint8Array(body.subarray(0, 4100)) };
  });
  parentPort.postMessage({ id, bytes: 0, result });
});

function describe({ memberName, format }) {
  Atomics.store(shared, describing, Atomics.load(shared, describing) + 1);
  if (memberName.includes('loop')) for (;;);
  if (memberName.includes('heap')) {
    const kept = [];
    for (;;) kept.push({ of: memberName, at: kept.length });
  }
  if (memberName.includes('exit')) process.exit(3);
  if (memberName.includes('disk')) {
    Atomics.store(shared, atDisk, 1);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
    Atomics.store(shared, atDisk, 0);
  }
  return { detection: { kind: 'book', format }, metadata: null };
}
