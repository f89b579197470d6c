// Loaded before the code of a worker and its threads by NODE_OPTIONS, for the simulated run (simulate.ts). Its tars have headers and
// holes: what is read of a hole is not read, and gets a first page of text instead, which names tar and position, so
// that no two books are the same. Of these bodies the first bytes are digested and no more. Everything else is as ever.
import crypto from 'node:crypto';
import fs, { fstatSync, openSync, readlinkSync, writeSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { threadId } from 'node:worker_threads';

/** A header and what its body begins with, as they are read together. Said by whoever knows: what would import it here takes memory. */
const headerBytes = Number(process.env.TARSHELF_BENCH_HEADER_BYTES);
const textBytes = 8192;
const digestedBytes = 128;

const folder = process.env.TARSHELF_BENCH_SIMULATED;
const program = path.basename(process.argv[1] ?? '');
if (folder !== undefined && program === 'bodyThread.js') simulate();

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

/** In the thread that reads bodies, piece by piece. */
function simulate() {
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
    // Code is read like this, too, and headers with what bodies begin with are.
    if (tar.size === 0 || buffer.length === headerBytes) return readSync(descriptor, buffer, ...rest);
    fillBody(buffer, offset, length, tar, position);
    return length;
  };
  syncBuiltinESMExports();
}
