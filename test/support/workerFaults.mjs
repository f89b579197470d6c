// Loaded before the code of each process of a run by NODE_OPTIONS; in workers it makes what a bad book or a slow disk
// makes. What to do is in the variable TARSHELF_FAULTS, in JSON:
//
//   flags        a folder; what happens once in a whole test leaves a file there
//   slowReadMs   each read from a file takes so much longer
//   slowWriteMs  each write to a file opened for writing takes so much longer
//
// and in the books: their text says what becomes of whoever digests them.
//
//   @crash@        the process is gone without a word, each time
//   @crash-once@   the same, the first time
//   @block@        its event loop is blocked for good, each time
//   @block-once@   the same, the first time
//   @leak-once@    it takes more and more memory from then on, the first time
import { Buffer } from 'node:buffer';
import crypto from 'node:crypto';
import fs, { existsSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { setInterval } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';

const isWorker = (process.argv[1] ?? '').endsWith('worker.js');
const isThread = (process.argv[1] ?? '').endsWith('bodyThread.js');
if ((isWorker || isThread) && process.env.TARSHELF_FAULTS !== undefined) {
  const { flags, slowReadMs = 0, slowWriteMs = 0 } = JSON.parse(process.env.TARSHELF_FAULTS);

  const isFirst = kind => {
    const flag = path.join(flags, kind);
    if (existsSync(flag)) return false;
    writeFileSync(flag, String(process.pid));
    return true;
  };
  const block = () => {
    for (;;);
  };
  // As a native crash does, and not as one who kills it from outside. A thread has no abort of its own.
  const crash = () => {
    if (isThread) process.kill(process.pid, 'SIGABRT');
    else process.abort();
    block();
  };
  const hoard = [];
  // Over any limit within a second, however busy the machine is, and never more than a machine has.
  const leak = () => {
    const more = () => hoard.length < 16 && hoard.push(Buffer.alloc(64 * 1024 * 1024, 1));
    setInterval(more, 50).unref();
  };
  const faults = [
    ['@crash@', crash],
    ['@block@', block],
    ['@crash-once@', () => isFirst('crash-once') && crash()],
    ['@block-once@', () => isFirst('block-once') && block()],
    ['@leak-once@', () => isFirst('leak-once') && leak()],
  ];

  const hash = crypto.hash;
  crypto.hash = (algorithm, data, ...rest) => {
    if (algorithm === 'sha1') for (const [text, fault] of faults) if (data.includes(text)) fault();
    return hash(algorithm, data, ...rest);
  };
  if (isThread) {
    // Its files are read and written at once.
    const slow = (name, ms) => {
      const original = fs[name];
      fs[name] = (...args) => {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
        return original(...args);
      };
    };
    if (slowReadMs > 0) slow('readSync', slowReadMs);
    if (slowWriteMs > 0) slow('writeSync', slowWriteMs);
  }
  syncBuiltinESMExports();

  const handle = await open(process.argv[1]);
  const prototype = Object.getPrototypeOf(handle);
  await handle.close();
  for (const [name, ms] of [
    ['read', slowReadMs],
    ['write', slowWriteMs],
    ['writeFile', slowWriteMs],
  ]) {
    if (ms === 0) continue;
    const original = prototype[name];
    prototype[name] = async function (...args) {
      await sleep(ms);
      return await original.apply(this, args);
    };
  }
}
