import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/*
 * `worker{N}.hand`: what a worker has in hand, for whoever finds it dead. Little-endian.
 *
 *      0   8 bytes   magic
 *      8   8 bytes   epoch of the lease
 *     16   2 bytes   length of the tar's name in bytes
 *     18   …         the name in UTF-8, zeros up to 1024
 *   1024   32 × 16   slots: header offset + 1, or 0 where empty; 8 bytes in reserve
 */

const magic = 'TSHAND1\n';
const nameAt = 18;
const slotsAt = 1024;
const slotBytes = 16;
const slots = 32;

export interface Hand {
  readonly tar: string;
  readonly epoch: number;
  /** Of the headers of members that were in hand. */
  readonly offsets: number[];
}

export function handFilePath(stateFolder: string, worker: number): string {
  return join(stateFolder, `worker${String(worker)}.hand`);
}

/** A tar's name as a hand file has it: a long one is cut off. */
export function nameInHand(tar: string): string {
  return Buffer.from(tar)
    .subarray(0, slotsAt - nameAt)
    .toString('utf8');
}

/** What stands in such a file; null where it makes no sense. */
export async function readHand(path: string): Promise<Hand | null> {
  const bytes = await readFile(path);
  if (bytes.length < slotsAt || bytes.toString('latin1', 0, magic.length) !== magic) return null;
  const nameBytes = bytes.readUInt16LE(16);
  if (nameAt + nameBytes > slotsAt) return null;
  const offsets: number[] = [];
  for (let slot = 0; slot < slots; slot++) {
    const at = slotsAt + slot * slotBytes;
    if (at + 8 > bytes.length) break;
    const noted = bytes.readBigUInt64LE(at);
    if (noted > 0n) offsets.push(Number(noted - 1n));
  }
  return {
    tar: bytes.toString('utf8', nameAt, nameAt + nameBytes),
    epoch: Number(bytes.readBigUInt64LE(8)),
    offsets,
  };
}
