import { join } from 'node:path';
import type { BookFormat } from '../../protocol/bookFormat.ts';
import type { BookKey } from '../../protocol/bookKey.ts';
import { destinationText } from '../../protocol/destinationText.ts';
import { oneLine, TarshelfError } from '../../protocol/errors.ts';
import type { DestinationOptions, IngestOptions } from '../../protocol/ingestOptions.ts';
import type { Secrets } from '../../protocol/secrets.ts';
import { mostNamedMembers, type Verification } from '../../protocol/verification.ts';
import type { Archive, ArchiveMember } from '../archive/archive.ts';
import { openArchive } from '../archive/openArchive.ts';
import { TarDamage } from '../archive/tarDamage.ts';
import { correctedBook } from '../books/bookType.ts';
import { detectWanted, wanted } from '../books/wantedBook.ts';
import { KeyTable } from '../dedupe/keyTable.ts';
import { DestinationUnusable, type Destination } from '../destinations/destination.ts';
import { openToRead } from '../destinations/openDestination.ts';
import { isFolderName, openFolder } from '../extraction/orphanedFolders.ts';
import { folderOfTar } from '../archive/sourceFolder.ts';
import { digestMembers } from '../bodies/digest.ts';
import type { BodyThread } from '../bodies/bodyThread.ts';
import { MemberBytes } from '../bodies/memberBytes.ts';

/*
 * What lives in this folder: the answer to "is all of this tar on the shelf?". It promises to go by nothing that was
 * recorded: the tar is read anew, and the destination is asked. Neither is changed.
 */

/** Where the destination is asked for books, so many are asked for at once. */
const askedTogether = 500;
const reportEveryMs = 250;

/** What is to be compared: a tar of the source folders with a destination. */
export type VerifyOptions = Pick<
  IngestOptions,
  'sourceFolders' | 'stateFolder' | 'destination' | 'bookTypes'
>;

interface FoundBook {
  readonly member: string;
  readonly key: BookKey;
  readonly format: BookFormat;
}

/**
 * Reads a tar to its end and compares its books with what the destination has.
 *
 * @param thread reads and digests the bodies
 * @throws TarshelfError `TAR_NOT_READABLE`, `SOURCE_NAME_TWICE`, `DESTINATION_UNUSABLE`
 * @throws the signal's reason
 */
export async function verifyTar(
  options: VerifyOptions,
  secrets: Secrets,
  tar: string,
  thread: BodyThread,
  onProgress: (doneBytes: number, totalBytes: number) => void,
  signal: AbortSignal,
): Promise<Verification> {
  const { destination: where } = options;
  if (!canTell(where)) {
    throw new TarshelfError(
      'DESTINATION_UNUSABLE',
      `What ${destinationText(where)} has cannot be listed, so nothing can be compared with it. ` +
        'For a MyBookshelf2 server, set the address of its database, or use the destination "mybookshelf2".',
    );
  }
  const archive = await open(options, tar);
  try {
    const destination = await openToRead(where, secrets);
    try {
      const known = new KeyTable();
      await destination.readKeys(
        ({ sha1, sizeBytes }) => {
          known.set(sha1, sizeBytes, 0);
        },
        null,
        signal,
      );
      return await new Comparison(tar, options, destination, known, thread, signal).read(archive, onProgress);
    } catch (thrown) {
      if (!(thrown instanceof DestinationUnusable)) throw thrown;
      throw new TarshelfError('DESTINATION_UNUSABLE', thrown.message, { cause: thrown });
    } finally {
      destination.close();
    }
  } finally {
    await archive.close();
  }
}

/** Whether a destination lists its books, or answers for each of them. */
function canTell(destination: DestinationOptions): boolean {
  if (destination.kind === 'none') return false;
  return destination.kind !== 'mybookshelf2-cli' || destination.database !== null;
}

async function open({ sourceFolders, stateFolder }: VerifyOptions, tar: string): Promise<Archive> {
  if (isFolderName(tar)) return await openFolder(stateFolder, tar, () => undefined);
  return await openArchive(join(await folderOfTar(sourceFolders, tar), tar), join(stateFolder, 'spool'));
}

class Comparison {
  readonly #options: VerifyOptions;
  readonly #destination: Destination;
  readonly #known: KeyTable;
  readonly #signal: AbortSignal;
  readonly #found: Verification;
  readonly #thread: BodyThread;
  /** Listed; something may be wrong with them all the same. */
  #listed: FoundBook[] = [];
  /** Not listed; the destination may know them all the same. */
  #unlisted: FoundBook[] = [];
  #reportedAt = 0;

  constructor(
    tar: string,
    options: VerifyOptions,
    destination: Destination,
    known: KeyTable,
    thread: BodyThread,
    signal: AbortSignal,
  ) {
    this.#options = options;
    this.#destination = destination;
    this.#known = known;
    this.#thread = thread;
    this.#signal = signal;
    this.#found = {
      ...{ tar, books: 0, onShelf: 0, missing: 0, unreadable: 0, skipped: 0 },
      ...{ missingBooks: [], unreadableBooks: [], damage: null },
    };
  }

  async read(
    archive: Archive,
    onProgress: (doneBytes: number, totalBytes: number) => void,
  ): Promise<Verification> {
    const { sizeBytes } = archive.identity;
    try {
      for await (const member of archive.members()) {
        this.#signal.throwIfAborted();
        await this.#look(member, archive.readsInPlace);
        await this.#askWhenMany(askedTogether);
        const now = performance.now();
        if (now - this.#reportedAt < reportEveryMs) continue;
        this.#reportedAt = now;
        onProgress(Math.min(member.filePosition, sizeBytes), sizeBytes);
      }
    } catch (thrown) {
      if (!(thrown instanceof TarDamage)) throw thrown;
      this.#found.damage = thrown.message;
    }
    await this.#askWhenMany(1);
    return this.#found;
  }

  async #look(member: ArchiveMember, readsInPlace: boolean): Promise<void> {
    if (member.kind === 'directory') return;
    if (member.kind === 'other') {
      this.#found.skipped++;
      return;
    }
    const { bookTypes } = this.#options;
    let isKept = false;
    const bytes = new MemberBytes(member);
    try {
      const detection = await detectWanted(member.name, bytes, bookTypes);
      if (detection.kind === 'skipped') {
        this.#found.skipped++;
        return;
      }
      const { format } = detection;
      if (!readsInPlace) {
        await member.keep();
        isKept = true;
      }
      const group = [{ member, format }];
      const [digested] = await digestMembers(group, this.#thread, () => undefined, this.#signal);
      if (digested?.status !== 'fulfilled') throw digested?.reason;
      const { key, bytes: body } = digested.value;
      // A name may lie: as in a run, the bytes decide where they are sure.
      const sure = wanted(await correctedBook(format, body), bookTypes);
      if (sure.kind === 'skipped') {
        this.#found.skipped++;
        return;
      }
      this.#compare({ member: member.name, key, format: sure.format });
    } catch (thrown) {
      if (thrown instanceof TarDamage) throw thrown;
      this.#found.books++;
      this.#found.unreadable++;
      if (this.#found.unreadableBooks.length < mostNamedMembers)
        this.#found.unreadableBooks.push({ member: member.name, message: oneLine(thrown) });
    } finally {
      await bytes.release();
      if (isKept) await member.release();
    }
  }

  #compare(book: FoundBook): void {
    this.#found.books++;
    const { sha1, sizeBytes } = book.key;
    if (this.#known.get(sha1, sizeBytes) === undefined) this.#unlisted.push(book);
    else if (this.#destination.faults) this.#listed.push(book);
    else this.#found.onShelf++;
  }

  async #askWhenMany(many: number): Promise<void> {
    if (this.#listed.length >= many) {
      const asked = this.#listed;
      this.#listed = [];
      const keys = asked.map(({ key }) => key);
      const faults = (await this.#destination.faults?.(keys, this.#signal)) ?? [];
      for (const [index, book] of asked.entries()) {
        const fault = faults[index] ?? null;
        this.#count(book, fault === null, fault);
      }
    }
    if (this.#unlisted.length >= many) {
      const asked = this.#unlisted;
      this.#unlisted = [];
      const answers = (await this.#destination.known?.(asked, this.#signal)) ?? [];
      for (const [index, book] of asked.entries()) this.#count(book, answers[index] === true, null);
    }
  }

  #count({ member, key }: FoundBook, isOnShelf: boolean, reason: string | null): void {
    if (isOnShelf) {
      this.#found.onShelf++;
      return;
    }
    this.#found.missing++;
    if (this.#found.missingBooks.length < mostNamedMembers)
      this.#found.missingBooks.push({ member, sizeBytes: key.sizeBytes, sha1: key.sha1, reason });
  }
}
