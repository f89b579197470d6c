// Loaded before the code of a worker and its threads by NODE_OPTIONS, for the simulated run (simulate.ts). Its tars have headers and
// holes: what is read of a hole is not read, and gets a first page of text instead, which names tar and position, so
// that no two books are the same. Of these bodies the first bytes are digested and no more. Everything else is as ever.
import crypto from 'node:crypto';
import fs, { fstatSync, openSync, readlinkSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { threadId } from 'node:worker_threads';

/** No body is shorter, and nothing but a body is read in such pieces, except for these windows of the index. */
const shortestBody = 20_000;
const windows = new Set([64 * 1024, 256 * 1024]);
/** A header and what its body begins with, as they are read by the thread. */
const headerBytes = 512 + 4100;
const textBytes = 8192;

const digestedBytes = 128;

const folder = process.env.TARSHELF_BENCH_SIMULATED;
const program = path.basename(process.argv[1] ?? '');
if (folder !== undefined && program === 'worker.js') await simulateInWorker();
if (folder !== undefined && program === 'bodyThread.js') simulateInThread();

/** What an open file is; one that is no tar has no size. */
function openedTar(descriptor) {
  const name = path.basename(readlinkSync(`/proc/self/fd/${String(descriptor)}`));
  return { name, size: name.endsWith('.tar') ? fstatSync(descriptor).size : 0 };
}

function fillBody(buffer, offset, length, tar, position) {
  const text = `simulated body of ${tar.name} at ${String(position)}\n`;
  buffer.fill(text, offset, offset + Math.min(length, textBytes));
}

/** A byte for each, for whoever has to know that it was these that were taken. A thread may end at any moment. */
function countBodies() {
  const counted = openSync(path.join(folder, `${String(process.pid)}-${String(threadId)}.bodies`), 'w');
  return () => void writeSync(counted, '.');
}

/** Where a body is read as a whole, and to find out what it is. */
async function simulateInWorker() {
  const bodies = new WeakSet();
  const count = countBodies();

  const { hash } = crypto;
  crypto.hash = (algorithm, data, ...rest) => {
    const isBody = bodies.has(data.buffer) && data.length >= shortestBody;
    return hash(algorithm, isBody ? data.subarray(0, digestedBytes) : data, ...rest);
  };
  syncBuiltinESMExports();

  const handle = await open(process.argv[1]);
  const prototype = Object.getPrototypeOf(handle);
  await handle.close();
  const { read } = prototype;
  const tars = new WeakMap();
  const tarOf = file => {
    // A descriptor is another file's once it was closed.
    if (!tars.has(file)) tars.set(file, openedTar(file.fd));
    return tars.get(file);
  };
  prototype.read = function (buffer, offset, length, position) {
    const mayBeBody = typeof length === 'number' && length >= shortestBody && !windows.has(length);
    // The rest of a window that goes beyond the end of the tar is asked for as well.
    const tar = mayBeBody ? tarOf(this) : null;
    if (tar === null || position + length > tar.size)
      return read.call(this, buffer, offset, length, position);
    fillBody(buffer, offset, length, tar, position);
    bodies.add(buffer.buffer);
    count();
    return Promise.resolve({ bytesRead: length, buffer });
  };
}

/** Where a body is read piece by piece. */
function simulateInThread() {
  const count = countBodies();
  const { createHash, hash } = crypto;
  crypto.hash = (algorithm, data, ...rest) => {
    count();
    return hash(algorithm, data.subarray(0, digestedBytes), ...rest);
  };
  crypto.createHash = algorithm => {
    const running = createHash(algorithm);
    return {
      update: data => void running.update(data.subarray(0, digestedBytes)),
      digest: encoding => {
        count();
        return running.digest(encoding);
      },
    };
  };
  const { readSync } = fs;
  fs.readSync = (descriptor, buffer, ...rest) => {
    const [offset, length, position] = rest;
    const tar = openedTar(descriptor);
    // Code is read like this, too.
    if (tar.size === 0 || buffer.length === headerBytes) return readSync(descriptor, buffer, ...rest);
    fillBody(buffer, offset, length, tar, position);
    return length;
  };
  syncBuiltinESMExports();
}
