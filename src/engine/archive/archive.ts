import type { FileIdentity } from './byteSource.ts';
import type { IndexOptions } from './tarIndex.ts';
import type { TarMember } from './tarWalk.ts';

/*
 * What lives in this folder: reading tars. Plain ones are read in place, by position (tarFile.ts, tarIndex.ts);
 * compressed ones pass by once (tarStream.ts). Both find members by one set of rules (tarWalk.ts). It promises that
 * a tar which does not read cleanly up to its end mark ends in TarDamage, never in silence.
 */

/** Where a body cannot be read from a file by position: up to this size it is read once and kept in memory; a larger one is read anew for each use. */
export const largestKeptBody = 32 * 1024 * 1024;

/** How much of any body can be read without keeping it: enough to tell what it is. */
export const readableHead = 64 * 1024;

/** Bytes of an open file. */
export interface FilePlace {
  /** Of this process, and so of all its threads. */
  readonly descriptor: number;
  readonly position: number;
  readonly sizeBytes: number;
}

/** A tar, however it is stored. */
export interface Archive {
  /** Of the file. Its size is what {@link ArchiveMember.filePosition} goes up to. */
  readonly identity: FileIdentity;
  /** Whether any body can be read at any time. Those of a compressed tar pass by once. */
  readonly readsInPlace: boolean;
  /** Whether other processes can read the members from the file by their positions, too. Absent: they cannot. */
  readonly isPlainFile?: true;
  /**
   * The members in their order. To be asked for once.
   *
   * @throws TarDamage where the tar is cut off or is no tar, after all members before that
   */
  members(options?: IndexOptions): AsyncGenerator<ArchiveMember, void, undefined>;
  /** The same, as many at a time as one read found, for whom waiting for each costs too much. Absent: they pass by one by one. */
  memberGroups?(options?: IndexOptions): AsyncGenerator<readonly ArchiveMember[], void, undefined>;
  close(): Promise<void>;
}

/** A member, and the way to its bytes. */
export interface ArchiveMember extends TarMember {
  /** How far the archive's file is dealt with once this member and those before it are. */
  readonly filePosition: number;
  /** What of that is this member's own body, as far as that can be told. */
  readonly fileBytes: number;
  /** The whole body, where it came along with the header and is in memory: nothing has to be waited for, or released. */
  readonly body?: Buffer | null;
  /** What the body begins with, or all of it, where that came along with the header and is in memory. */
  readonly head?: Buffer | null;
  /** Up to `length` bytes of the body. Fewer where it ends. */
  read(position: number, length: number): Promise<Buffer>;
  /**
   * Where a thread can read the body by itself, as long as the archive is open; null where it lies in memory already.
   * Absent where a body can only be asked for here.
   */
  readonly place?: FilePlace | null;
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
