import { hash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';

/** The entry of the thread that digests for a worker: a body goes in, and comes back with its SHA-1. */
parentPort?.on('message', (body: Uint8Array<ArrayBuffer>) => {
  parentPort?.postMessage({ sha1: hash('sha1', body, 'hex'), body }, [body.buffer]);
});
