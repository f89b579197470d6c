import { TarshelfError } from '../../protocol/errors.ts';
import { FileSource, notReadable, readAt, type FileIdentity } from './byteSource.ts';
import { TarFile } from './tarFile.ts';
import type { IndexOptions } from './tarIndex.ts';
import { TarStream } from './tarStream.ts';
import type { TarMember } from './tarWalk.ts';
import { canUnpack, packingBytes, packingOf } from './unpacked.ts';

/*
 * What lives in this folder: reading tars. Plain ones are read in place, by position (tarFile.ts, tarIndex.ts);
 * compressed ones pass by once (tarStream.ts). Both find members by one set of rules (tarWalk.ts). It promises that
 * a tar which does not read cleanly up to its end mark ends in TarDamage, never in silence.
 */

/** A body up to this size is read once and kept in memory; a larger one is read anew for each use. */
export const largestKeptBody = 32 * 1024 * 1024;

/** How much of any body can be read without keeping it: enough to tell what it is. */
export const readableHead = 64 * 1024;

/** A tar, however it is stored. */
export interface Archive {
  /** Of the file. Its size is what {@link ArchiveMember.filePosition} goes up to. */
  readonly identity: FileIdentity;
  /** Whether any body can be read at any time. Those of a compressed tar pass by once. */
  readonly readsInPlace: boolean;
  /**
   * The members in their order. To be asked for once.
   *
   * @throws TarDamage where the tar is cut off or is no tar, after all members before that
   */
  members(options?: IndexOptions): AsyncGenerator<ArchiveMember, void, undefined>;
  close(): Promise<void>;
}

/** A member, and the way to its bytes. */
export interface ArchiveMember extends TarMember {
  /** How far the archive's file is dealt with once this member and those before it are. */
  readonly filePosition: number;
  /** What of that is this member's own body, as far as that can be told. */
  readonly fileBytes: number;
  /** Up to `length` bytes of the body. Fewer where it ends. */
  read(position: number, length: number): Promise<Buffer>;
  /** The whole body. */
  chunks(): AsyncGenerator<Buffer, void, undefined>;
  /**
   * Makes the body readable until {@link release}, also when further members have been asked for. Without it,
   * only the first {@link readableHead} bytes can be counted on, and only until the next member is asked for.
   *
   * @throws TarDamage where the archive ends or breaks inside the body
   */
  keep(): Promise<void>;
  /** Gives back what {@link keep} took. */
  release(): Promise<void>;
}

/**
 * Opens a tar, plain or compressed with gzip or zstd. Its first bytes tell which, not its name.
 *
 * @param spoolFolder where bodies of a compressed tar are kept that are too large for memory; made when needed
 * @throws TarshelfError `TAR_NOT_READABLE`
 */
export async function openArchive(path: string, spoolFolder: string): Promise<Archive> {
  const source = await FileSource.open(path);
  try {
    const packing = packingOf(await readAt(source, 0, packingBytes));
    if (packing === null) return new TarFile(source);
    if (canUnpack(packing)) return new TarStream(source, packing, spoolFolder);
  } catch (thrown) {
    await source.close();
    throw notReadable(path, thrown);
  }
  await source.close();
  throw new TarshelfError(
    'TAR_NOT_READABLE',
    `Cannot read ${path}: zstd needs Node 22.15 or newer. Update, or unpack it to a .tar, then launch again.`,
  );
}
