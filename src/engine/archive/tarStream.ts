import { MemberFields } from './memberFields.ts';
import { AfterEnd, loneZeroBlockNotice } from './afterEnd.ts';
import { largestKeptBody, readableHead, type Archive, type ArchiveMember } from './archive.ts';
import type { FileIdentity, FileSource } from './byteSource.ts';
import type { WhenRoom } from '../system/diskRoom.ts';
import { ForwardReader } from './forwardReader.ts';
import { SpoolFile } from './spoolFile.ts';
import { TarDamage } from './tarDamage.ts';
import type { IndexOptions } from './tarIndex.ts';
import { TarWalk, type TarMember } from './tarWalk.ts';
import { Unpacked, type Packing } from './unpacked.ts';
import { sentence } from '../../protocol/sentences.ts';

const chunkBytes = 1024 * 1024;

/**
 * A compressed tar: its members pass by once. A body that is wanted beyond that is kept, in memory or, when it is
 * large, in a temporary file.
 */
export class TarStream implements Archive {
  readonly readsInPlace = false;
  readonly #source: FileSource;
  readonly #unpacked: Unpacked;
  readonly #reader: ForwardReader;
  readonly #spoolFolder: string;
  readonly #whenRoom: WhenRoom;
  readonly #kept = new Set<StreamMember>();

  constructor(source: FileSource, packing: Packing, spoolFolder: string, whenRoom: WhenRoom) {
    this.#source = source;
    this.#unpacked = new Unpacked(source, packing);
    this.#reader = new ForwardReader(this.#unpacked);
    this.#spoolFolder = spoolFolder;
    this.#whenRoom = whenRoom;
  }

  get identity(): FileIdentity {
    return this.#source.identity;
  }

  get filePosition(): number {
    return this.#unpacked.filePosition;
  }

  async *members({ from = 0, onNotice }: IndexOptions = {}): AsyncGenerator<ArchiveMember, void, undefined> {
    const reader = this.#reader;
    const walk = new TarWalk(Infinity);
    while (!walk.hasEnded()) {
      await reader.skipTo(walk.position);
      const bytes = await reader.peek(walk.needs);
      const found =
        reader.position === walk.position && bytes.length === walk.needs
          ? takeUnchecked(walk, bytes)
          : walk.finish(reader.position + bytes.length);
      if (!found || found.headerOffset < from) continue;
      // What a link points to has passed by. If it is a book, it was read as one then.
      const member = walk.linkTarget
        ? ({ ...found, reason: 'hard link in a compressed tar' } as const)
        : found;
      const passing = new StreamMember(this, member);
      yield passing;
      passing.pass();
    }
    await reader.skipTo(walk.position);
    const afterEnd = new AfterEnd(walk.position);
    // To the very end: what is wrong with a compressed file may show only there.
    for (let bytes = await reader.take(chunkBytes); bytes; bytes = await reader.take(chunkBytes))
      afterEnd.see(bytes);
    const notice =
      walk.loneZeroBlock === null
        ? afterEnd.notice(reader.position)
        : loneZeroBlockNotice(walk.loneZeroBlock);
    if (notice !== null) onNotice?.(notice);
  }

  /** The first bytes of the member that is passing. */
  async head(member: TarMember): Promise<Buffer> {
    await this.#reader.skipTo(member.bodyOffset);
    return this.#reader.peek(Math.min(readableHead, member.sizeBytes));
  }

  /** Takes the body of the member that is passing. */
  async takeBody(member: StreamMember): Promise<Buffer | SpoolFile> {
    const { bodyOffset, headerOffset, sizeBytes } = member;
    await this.#reader.skipTo(bodyOffset);
    const body =
      sizeBytes <= largestKeptBody
        ? Buffer.allocUnsafe(sizeBytes)
        : await SpoolFile.create(this.#spoolFolder, this.#whenRoom);
    try {
      for (let got = 0; got < sizeBytes;) {
        const bytes = await this.#reader.take(Math.min(chunkBytes, sizeBytes - got));
        if (!bytes) throw new TarDamage(headerOffset, sentence('cutOffInMember'));
        if (body instanceof SpoolFile) await body.append(bytes);
        else bytes.copy(body, got);
        got += bytes.length;
      }
    } catch (thrown) {
      if (body instanceof SpoolFile) await body.remove();
      throw thrown;
    }
    this.#kept.add(member);
    return body;
  }

  forget(member: StreamMember): void {
    this.#kept.delete(member);
  }

  async close(): Promise<void> {
    this.#unpacked.close();
    for (const member of this.#kept) await member.release();
    await this.#source.close();
  }
}

/** What makes no sense before the checksum was seen may be damage to the compressed file, and not the first of it. */
function takeUnchecked(walk: TarWalk, bytes: Buffer): TarMember | null {
  try {
    return walk.take(bytes, 0);
  } catch (thrown) {
    throw thrown instanceof TarDamage ? new TarDamage(thrown.offset, thrown.reason, true) : thrown;
  }
}

class StreamMember extends MemberFields implements ArchiveMember {
  /** How much of the file a body takes is not known; the positions of batches tell. */
  readonly fileBytes = 0;
  readonly #archive: TarStream;
  #body: Buffer | SpoolFile | null = null;
  #passing = true;

  constructor(archive: TarStream, member: TarMember) {
    super(member);
    this.#archive = archive;
  }

  get filePosition(): number {
    return this.#archive.filePosition;
  }

  async read(position: number, length: number): Promise<Buffer> {
    if (!this.#body && position + length <= readableHead) {
      this.#mustBePassing();
      // Copied: the next read of the archive may go on in the same bytes.
      return Buffer.from((await this.#archive.head(this)).subarray(position, position + length));
    }
    const body = await this.#keptBody();
    return body instanceof SpoolFile
      ? body.read(position, length)
      : body.subarray(position, Math.min(this.sizeBytes, position + length));
  }

  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    for (let position = 0; position < this.sizeBytes; position += chunkBytes) {
      await this.#keptBody();
      yield await this.read(position, chunkBytes);
    }
  }

  async keep(): Promise<void> {
    await this.#keptBody();
  }

  async release(): Promise<void> {
    const body = this.#body;
    this.#body = null;
    this.#archive.forget(this);
    if (body instanceof SpoolFile) await body.remove();
  }

  /** The next member is asked for: what was not kept is gone. */
  pass(): void {
    this.#passing = false;
  }

  async #keptBody(): Promise<Buffer | SpoolFile> {
    if (!this.#body) {
      this.#mustBePassing();
      this.#body = await this.#archive.takeBody(this);
    }
    return this.#body;
  }

  #mustBePassing(): void {
    if (!this.#passing)
      throw new Error('a member of a compressed tar was not kept before the next was asked for');
  }
}
