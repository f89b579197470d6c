// A thread that digests nothing and says that it has waited for its disk most of the time.
import { parentPort } from 'node:worker_threads';
import { setTimeout as sleep } from 'node:timers/promises';

let work = Promise.resolve();
parentPort.on('message', ({ id, places }) => {
  work = work.then(async () => {
    await sleep(5);
    const result = places.map(() => ({ sha1: '0'.repeat(40), head: new Uint8Array() }));
    parentPort.postMessage({ id, bytes: 0, result, failure: null, tookMs: 100, atDiskMs: 95 });
  });
});
