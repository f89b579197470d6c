import { MemberFields } from '../archive/memberFields.ts';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Archive, ArchiveMember } from '../archive/archive.ts';
import type { FileIdentity, OnRead } from '../archive/byteSource.ts';
import { TarDamage } from '../archive/tarDamage.ts';
import type { IndexOptions } from '../archive/tarIndex.ts';
import type { ExtractionFolder } from './extractionFolder.ts';
import { readFileChunks, readFilePart } from './memberFile.ts';
import { folded, plainPath, SafePaths } from './safePaths.ts';

/**
 * A tar of which some members lie in a folder as files. The tar says which members there are; a body comes from
 * the folder where the member's file is there with the member's size, and from the tar where it is not. So a
 * half-extracted folder costs no book.
 */
export class ReusedArchive implements Archive {
  readonly #archive: Archive;
  readonly #folder: ExtractionFolder;
  readonly #sizes: ReadonlyMap<string, number>;
  readonly #onRead: OnRead | undefined;

  /**
   * @param sizes of the files in the folder, by their paths
   * @param onRead told of what is read of them
   */
  constructor(
    archive: Archive,
    folder: ExtractionFolder,
    sizes: ReadonlyMap<string, number>,
    onRead?: OnRead,
  ) {
    this.#archive = archive;
    this.#folder = folder;
    this.#sizes = sizes;
    this.#onRead = onRead;
  }

  get identity(): FileIdentity {
    return this.#archive.identity;
  }

  get readsInPlace(): boolean {
    return this.#archive.readsInPlace;
  }

  members(options: IndexOptions = {}): AsyncGenerator<ArchiveMember, void, undefined> {
    return this.#folder.mark
      ? this.#membersOfOurs(options, this.#folder.mark.syncedOffset)
      : this.#membersOfOthers(options);
  }

  async close(): Promise<void> {
    await this.#archive.close();
  }

  /** In a folder of ours each member has a path of its own. */
  async *#membersOfOurs(
    { from = 0, onNotice }: IndexOptions,
    syncedOffset: number,
  ): AsyncGenerator<ArchiveMember, void, undefined> {
    const paths = new SafePaths();
    // From the first member on: the paths follow from those before.
    for await (const member of this.#archive.members(onNotice ? { onNotice } : {})) {
      const path = member.kind === 'file' ? paths.pathFor(member.name, member.headerOffset) : null;
      if (member.headerOffset < from) continue;
      const isWhole =
        path !== null && member.headerOffset < syncedOffset && this.#sizes.get(path) === member.sizeBytes;
      yield isWhole ? this.#fromFolder(member, path) : member;
    }
  }

  /**
   * In a folder of another program two members of one name have one file between them, and nothing says whose
   * bytes it holds. Both are read from the tar then, the first of them a second time.
   */
  async *#membersOfOthers({
    from = 0,
    onNotice,
  }: IndexOptions): AsyncGenerator<ArchiveMember, void, undefined> {
    const unnamed = new Set(this.#sizes.keys());
    const served = new Map<string, ArchiveMember | null>();
    const tell = (): void => {
      if (unnamed.size === 0) return;
      onNotice?.(
        `${String(unnamed.size)} of the files in ${this.#folder.path} are none of its members and were not read`,
      );
    };
    try {
      for await (const member of this.#archive.members(onNotice ? { onNotice } : {})) {
        const path = member.kind === 'file' ? plainPath(member.name) : null;
        if (path !== null) unnamed.delete(path);
        const fits = path !== null && this.#sizes.get(path) === member.sizeBytes;
        if (!fits) {
          if (member.headerOffset >= from) yield member;
          continue;
        }
        const identity = folded(path);
        const before = served.get(identity);
        if (before === undefined) {
          served.set(identity, member);
          if (member.headerOffset >= from) yield this.#fromFolder(member, path);
          continue;
        }
        served.set(identity, null);
        if (before && member.headerOffset >= from) yield asIfAt(before, member);
        if (member.headerOffset >= from) yield member;
      }
    } catch (thrown) {
      // Behind the damage there may be members that the folder still has.
      if (thrown instanceof TarDamage) tell();
      throw thrown;
    }
    tell();
  }

  #fromFolder(member: ArchiveMember, path: string): ArchiveMember {
    return new ExtractedMember(member, join(this.#folder.path, path), this.#onRead);
  }
}

/**
 * A member that comes a second time, with the offset of the one before which it comes: going on from an offset
 * behind its own must not leave it out.
 */
function asIfAt(again: ArchiveMember, next: ArchiveMember): ArchiveMember {
  const { headerOffset, filePosition } = next;
  const { name, bodyOffset, sizeBytes, kind, reason } = again;
  return {
    ...{ name, headerOffset, bodyOffset, sizeBytes, endOffset: headerOffset, kind, reason },
    filePosition,
    fileBytes: 0,
    read: (position, length) => again.read(position, length),
    chunks: () => again.chunks(),
    keep: () => again.keep(),
    release: () => again.release(),
  };
}

class ExtractedMember extends MemberFields implements ArchiveMember {
  readonly #member: ArchiveMember;
  readonly #path: string;
  readonly #onRead: OnRead | undefined;

  constructor(member: ArchiveMember, path: string, onRead: OnRead | undefined) {
    super(member);
    this.#member = member;
    this.#path = path;
    this.#onRead = onRead;
  }

  get filePosition(): number {
    return this.#member.filePosition;
  }

  get fileBytes(): number {
    return this.#member.fileBytes;
  }

  async read(position: number, length: number): Promise<Buffer> {
    const wanted = Math.min(length, Math.max(0, this.sizeBytes - position));
    try {
      const bytes = await readFilePart(this.#path, position, wanted, this.#onRead);
      if (bytes.length === wanted) return bytes;
    } catch {
      // Somebody took the file away; the tar still has the body.
    }
    return this.#member.read(position, length);
  }

  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    yield* (await this.#isWhole()) ? readFileChunks(this.#path, this.#onRead) : this.#member.chunks();
  }

  async keep(): Promise<void> {
    // A file stays where it is. Without it the body may have to be taken now or never.
    if (!(await this.#isWhole())) await this.#member.keep();
  }

  async release(): Promise<void> {
    await this.#member.release();
  }

  async #isWhole(): Promise<boolean> {
    try {
      return (await stat(this.#path)).size === this.sizeBytes;
    } catch {
      return false;
    }
  }
}
