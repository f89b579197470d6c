import { closeSync, openSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { oneLine, systemCode, TarshelfError } from '../../protocol/errors.ts';

/*
 * `worker{N}.hand`: the members that a worker looks into at the moment, for whoever finds it dead (ADR 11). Little endian:
 *
 *      0  magic, 8 bytes
 *      8  epoch of the lease, u64
 *     16  length of the tar's name in bytes, u16; 0: no tar is in hand
 *     18  the name in UTF-8
 *   1024  32 slots of 16 bytes: header offset + 1 as u64, or 0; the rest is reserved
 *
 * Slots are written by one `pwrite` within a page, which is seen whole or not at all, and outlives a kill.
 */

const magic = Buffer.from('TSHAND1\n', 'latin1');
const epochAt = 8;
const lengthAt = 16;
const nameAt = 18;
const slotsAt = 1024;
const slotBytes = 16;
const slots = 32;
const fileBytes = slotsAt + slots * slotBytes;
const largestName = slotsAt - nameAt;

/** Of a member that found no slot, or looked for none. */
export const noSlot = -1;

export function handFilePath(stateFolder: string, worker: number): string {
  return join(stateFolder, `worker${String(worker)}.hand`);
}

/** A tar's name as a hand file has it: a long one is cut off. */
export function nameInHand(tar: string): string {
  return nameBytes(tar).toString('utf8');
}

/**
 * A worker's own hand file. It is a hint and no record: whatever goes wrong with it, the work goes on, and a death then
 * has no suspects.
 */
export class HandFile {
  #descriptor: number | null;
  /** Bit n is set while slot n is taken. */
  #taken = 0;
  /** Slots that are free, and still say what was in them. */
  #stale = 0;
  #isClearing = false;
  /** As they are in the file. */
  readonly #slots = Buffer.alloc(slots * slotBytes);

  private constructor(descriptor: number | null) {
    this.#descriptor = descriptor;
  }

  /** Opens it empty: what an earlier process had in hand was read before this one was started. Never throws. */
  static open(path: string): HandFile {
    let descriptor: number | null = null;
    try {
      descriptor = openSync(path, 'w');
    } catch {
      // No hint then.
    }
    const hand = new HandFile(descriptor);
    hand.end();
    return hand;
  }

  /** A tar is taken in hand, and nothing of it yet. */
  begin(tar: string, epoch: number): void {
    const bytes = Buffer.alloc(fileBytes);
    const name = nameBytes(tar);
    magic.copy(bytes);
    writeWord(bytes, epoch, epochAt);
    bytes.writeUInt16LE(name.length, lengthAt);
    name.copy(bytes, nameAt);
    this.#taken = this.#stale = 0;
    this.#slots.fill(0);
    this.#write(bytes, 0);
  }

  /**
   * Before a member's bytes are looked into.
   *
   * @returns what {@link drop} wants. Where all slots are taken the member is not noted.
   */
  take(headerOffset: number): number {
    const taken = this.takeAll([headerOffset]);
    return taken === 0 ? noSlot : slotOf(taken);
  }

  /**
   * Before the bytes of some members are looked into, one after another and so soon that it is not worth to note each by
   * itself. Noted by one write within a page.
   *
   * @returns what {@link dropAll} wants. Members for which there is no slot are not noted.
   */
  takeAll(headerOffsets: Iterable<number>): number {
    let taken = 0;
    for (const headerOffset of headerOffsets) {
      const free = ~this.#taken & -~this.#taken;
      if (free === 0) break;
      this.#taken |= free;
      taken |= free;
      writeWord(this.#slots, headerOffset + 1, slotOf(free) * slotBytes);
    }
    this.#stale &= ~taken;
    this.#writeSlots(taken);
    return taken;
  }

  /** The members are dealt with. */
  dropAll(taken: number): void {
    this.#taken &= ~taken;
    this.#stale |= taken;
    if (this.#stale !== 0) this.#clearSoon();
  }

  /**
   * The member is dealt with. Mostly the next one takes its slot at once, so it is overwritten and not emptied; what is
   * empty at the end of this turn of the event loop says so then.
   */
  drop(slot: number): void {
    if (slot !== noSlot) this.dropAll(1 << slot);
  }

  #clearSoon(): void {
    if (this.#isClearing) return;
    this.#isClearing = true;
    setImmediate(() => {
      this.#isClearing = false;
      this.#clear();
    });
  }

  #clear(): void {
    for (let slot = 0; slot < slots; slot++)
      if ((this.#stale & (1 << slot)) !== 0) writeWord(this.#slots, 0, slot * slotBytes);
    this.#writeSlots(this.#stale);
    this.#stale = 0;
  }

  /** Writes these slots, and those between them as they are. */
  #writeSlots(some: number): void {
    if (some === 0) return;
    const first = slotOf(some & -some);
    const end = (slotOf(some) + 1) * slotBytes;
    this.#write(this.#slots.subarray(first * slotBytes, end), slotsAt + first * slotBytes);
  }

  /** No tar is in hand any more. */
  end(): void {
    this.begin('', 0);
  }

  close(): void {
    if (this.#descriptor === null) return;
    const descriptor = this.#descriptor;
    // Its number may soon be another file's.
    this.#descriptor = null;
    try {
      closeSync(descriptor);
    } catch {
      // Whatever was written is there.
    }
  }

  #write(bytes: Buffer, position: number): void {
    if (this.#descriptor === null) return;
    try {
      writeSync(this.#descriptor, bytes, 0, bytes.length, position);
    } catch {
      // A full disk costs the hint and nothing else.
    }
  }
}

/** What a process had in hand when it ended. */
export interface Hand {
  /** Name as {@link nameInHand} makes it. */
  readonly tar: string;
  readonly epoch: number;
  /** Header offsets, in ascending order. */
  readonly offsets: number[];
}

/**
 * Reads a hand file; null where there is none, where no tar was in hand, and where it makes no sense.
 *
 * @throws TarshelfError `PROGRESS_NOT_READABLE`
 */
export async function readHand(path: string): Promise<Hand | null> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return null;
    throw new TarshelfError(
      'PROGRESS_NOT_READABLE',
      `Cannot read ${path} (${oneLine(thrown)}). Make it readable, or delete it.`,
      { cause: thrown },
    );
  }
  if (bytes.length < fileBytes || !bytes.subarray(0, magic.length).equals(magic)) return null;
  const length = bytes.readUInt16LE(lengthAt);
  if (length === 0 || length > largestName) return null;
  const offsets: number[] = [];
  for (let slot = 0; slot < slots; slot++) {
    const word = bytes.readBigUInt64LE(slotsAt + slot * slotBytes);
    if (word > 0n) offsets.push(Number(word - 1n));
  }
  return {
    tar: bytes.toString('utf8', nameAt, nameAt + length),
    epoch: Number(bytes.readBigUInt64LE(epochAt)),
    offsets: offsets.sort((a, b) => a - b),
  };
}

function nameBytes(tar: string): Buffer {
  return Buffer.from(tar, 'utf8').subarray(0, largestName);
}

/** The last of the slots that are set in a mask. */
function slotOf(mask: number): number {
  return 31 - Math.clz32(mask);
}

/** As two halves: a BigInt for each member would be one more thing to collect. */
function writeWord(target: Buffer, value: number, position: number): void {
  target.writeUInt32LE(value % 2 ** 32, position);
  target.writeUInt32LE(Math.floor(value / 2 ** 32), position + 4);
}
