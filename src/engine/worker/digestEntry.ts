import { hash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';

/** The entry of the thread that digests for a worker: a body goes in, in shared memory, and its SHA-1 comes out. */
parentPort?.on('message', (body: Uint8Array) => {
  parentPort?.postMessage(hash('sha1', body, 'hex'));
});
