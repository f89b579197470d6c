// Loaded before the code of a worker by NODE_OPTIONS, for the simulated run (simulate.ts). Its tars have headers and
// holes: what is read of a hole is not read, and gets a first page of text instead, which names tar and position, so
// that no two books are the same. Of these bodies the first bytes are digested and no more. Everything else is as ever.
import { Buffer } from 'node:buffer';
import crypto from 'node:crypto';
import { fstatSync, readlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';

/** No body is shorter, and nothing but a body is read in such pieces, except for these windows of the index. */
const shortestBody = 20_000;
const windows = new Set([64 * 1024, 256 * 1024]);
const textBytes = 8192;

const folder = process.env.TARSHELF_BENCH_SIMULATED;
if (folder !== undefined && (process.argv[1] ?? '').endsWith('worker.js')) {
  const bodies = new WeakSet();
  const tars = new WeakMap();
  let count = 0;

  const hash = crypto.hash;
  crypto.hash = (algorithm, data, ...rest) => {
    const digested = bodies.has(data.buffer) && data.length >= shortestBody ? data.subarray(0, 128) : data;
    return hash(algorithm, digested, ...rest);
  };
  syncBuiltinESMExports();

  const handle = await open(process.argv[1]);
  const prototype = Object.getPrototypeOf(handle);
  await handle.close();
  const tarOf = file => {
    let tar = tars.get(file);
    if (tar === undefined) {
      const name = path.basename(readlinkSync(`/proc/self/fd/${String(file.fd)}`));
      tar = { name, size: name.endsWith('.tar') ? fstatSync(file.fd).size : 0 };
      tars.set(file, tar);
    }
    return tar;
  };

  const { read } = prototype;
  prototype.read = function (buffer, offset, length, position) {
    const mayBeBody = typeof length === 'number' && length >= shortestBody && !windows.has(length);
    // The rest of a window that goes beyond the end of the tar is asked for as well.
    const tar = mayBeBody ? tarOf(this) : null;
    if (tar === null || position + length > tar.size)
      return read.call(this, buffer, offset, length, position);
    const text = `simulated body of ${tar.name} at ${String(position)}\n`;
    buffer.fill(text, offset, offset + Math.min(length, textBytes));
    bodies.add(buffer.buffer);
    count++;
    return Promise.resolve({ bytesRead: length, buffer });
  };

  // For whoever has to know that it was these that were taken.
  process.on('exit', () => {
    writeFileSync(path.join(folder, `${String(process.pid)}.bodies`), Buffer.from(String(count)));
  });
}
