import { readSync } from 'node:fs';

/**
 * Fills `target` from a position of an open file on. Waits for the disk: for a thread that may.
 *
 * @returns how many bytes were read: fewer than `target` holds only where the file ends
 * @throws what the system says
 */
export function readFully(descriptor: number, target: Buffer, position: number): number {
  let got = 0;
  while (got < target.length) {
    const more = readSync(descriptor, target, got, target.length - got, position + got);
    if (more === 0) break;
    got += more;
  }
  return got;
}
