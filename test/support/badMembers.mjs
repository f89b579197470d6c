import { Buffer } from 'node:buffer';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

/*
 * Loaded before a worker, with `--import`: makes books bad for whoever digests them. One that has `ENDS IT` in it ends
 * the process at once, as a crash of a parser does; one that has `BLOCKS IT` keeps its event loop for good.
 */

const real = crypto.hash;

crypto.hash = (algorithm, data, ...more) => {
  if (typeof data !== 'string') {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    if (bytes.includes('ENDS IT')) process.kill(process.pid, 'SIGKILL');
    if (bytes.includes('BLOCKS IT')) for (;;);
  }
  return real(algorithm, data, ...more);
};
syncBuiltinESMExports();
