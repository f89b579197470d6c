import { readableHead, type ArchiveMember } from '../archive/archive.ts';
import type { ByteReader } from '../books/byteReader.ts';

/** A member's bytes by position, also of one that passes by: it is kept once more than its head is asked for. */
export class MemberBytes implements ByteReader {
  readonly sizeBytes: number;
  readonly #member: ArchiveMember;
  #beforeFirst: (() => void) | null;
  #isKept = false;

  /** @param beforeFirst called before any byte is read, and not at all where none is */
  constructor(member: ArchiveMember, beforeFirst: (() => void) | null = null) {
    this.#member = member;
    this.#beforeFirst = beforeFirst;
    this.sizeBytes = member.sizeBytes;
  }

  async read(position: number, length: number): Promise<Buffer> {
    if (position >= this.sizeBytes) return Buffer.alloc(0);
    this.#beforeFirst?.();
    this.#beforeFirst = null;
    if (!this.#isKept && position + length > readableHead) {
      await this.#member.keep();
      this.#isKept = true;
    }
    return this.#member.read(position, Math.min(length, this.sizeBytes - position));
  }

  /** Gives back what was kept for looking at it. */
  async release(): Promise<void> {
    if (this.#isKept) await this.#member.release();
    this.#isKept = false;
  }
}
