import { createHash, hash } from 'node:crypto';
import type { BookFormat } from '../../protocol/bookFormat.ts';
import type { BookKey } from '../../protocol/bookKey.ts';
import { largestKeptBody, type ArchiveMember, type FilePlace } from '../archive/archive.ts';
import { bufferReader, type ByteReader } from '../books/byteReader.ts';
import { cannotRead, cutOff, readChunks } from './bookBody.ts';
import { systemError, type BodyThread, type DigestedPlace } from './bodyThread.ts';
import type { BookDescription } from './describeBook.ts';
import { MemberBytes } from './memberBytes.ts';

/** A book's key, and the way to its bytes. */
export interface DigestedBody {
  readonly key: BookKey;
  /** All of them, where they are few enough to keep and lie in no file from which they can be read again. */
  readonly kept: Buffer | null;
  /** Where they lie in an open file. */
  readonly place: FilePlace | null;
  /** By position. What it begins with is at hand. */
  readonly bytes: ByteReader;
  /** What its bytes say of it, where that was told along with its key. */
  readonly description: BookDescription | null;
}

/** Where a member can be read by a thread, and that is worth handing it over; all others are kept in memory, up to a size. */
export function placeToHandOver({ place, sizeBytes }: ArchiveMember): FilePlace | null {
  return place && sizeBytes >= smallestHandedOver ? place : null;
}

const smallestHandedOver = 16 * 1024;
/** So that a message costs little, and whoever has to end waits for little. */
const handedOverTogether = { books: 3, bytes: 4 * 1024 * 1024 };

/** What is to be digested in groups, in its order: what a thread reads, a few together; and all else alone. */
export function digestGroups<Book extends { readonly member: ArchiveMember }>(
  books: readonly Book[],
): Book[][] {
  const groups: Book[][] = [];
  let open: Book[] | null = null;
  let bytes = 0;
  for (const book of books) {
    const { sizeBytes } = book.member;
    if (!placeToHandOver(book.member)) {
      open = null;
      groups.push([book]);
    } else if (
      open &&
      open.length < handedOverTogether.books &&
      bytes + sizeBytes <= handedOverTogether.bytes
    ) {
      open.push(book);
      bytes += sizeBytes;
    } else {
      groups.push((open = [book]));
      bytes = sizeBytes;
    }
  }
  return groups;
}

/**
 * Reads members once and makes their keys.
 *
 * @param books a group of {@link digestGroups}
 * @param onRead told of bytes that the thread reads
 * @param stop after it nothing is tried again
 * @param wantsDescription whether what their bytes say of them is wanted as well, of those that the thread reads
 * @throws the reason of `stop`
 * @returns what became of each, in their order: its body or a TarshelfError `BOOK_NOT_READABLE`, whose cause is what the system says
 */
export async function digestMembers(
  books: readonly { readonly member: ArchiveMember; readonly format: BookFormat }[],
  threads: Pick<BodyThread, 'digest'>,
  onRead: (bytes: number) => void,
  stop: AbortSignal,
  wantsDescription = false,
): Promise<PromiseSettledResult<DigestedBody>[]> {
  const members = books.map(({ member }) => member);
  const places = members.map(placeToHandOver).filter(place => place !== null);
  if (places.length < members.length) return await Promise.allSettled(members.map(digestHere));
  const toDescribe = wantsDescription
    ? books.map(({ member, format }) => ({ format, memberName: member.name }))
    : null;
  let digested: readonly DigestedPlace[];
  try {
    digested = await threads
      .digest(places, toDescribe, onRead)
      // One of them may be more than a reader can take; what is there of it can be had all the same.
      .catch((thrown: unknown) => {
        if (!toDescribe || stop.aborted) throw thrown;
        return threads.digest(places, null, onRead);
      });
  } catch {
    stop.throwIfAborted();
    // Whatever ended it, the books are none the worse for it.
    return await Promise.allSettled(members.map(digestHere));
  }
  return members.map((member, index) => {
    try {
      return { status: 'fulfilled', value: bodyAt(member, places[index], digested[index]) };
    } catch (reason) {
      return { status: 'rejected', reason };
    }
  });
}

/** Makes the key of a body that is in memory. */
export function digestAtOnce(body: Buffer): DigestedBody {
  const key = { sha1: hash('sha1', body, 'hex'), sizeBytes: body.length };
  return { key, kept: body, place: null, bytes: bufferReader(body), description: null };
}

/** As for a thread, but by this one. */
async function digestHere(member: ArchiveMember): Promise<DigestedBody> {
  const { sizeBytes } = member;
  if (sizeBytes <= largestKeptBody) {
    const kept = await member.read(0, sizeBytes);
    if (kept.length < sizeBytes) throw cutOff(member);
    return digestAtOnce(kept);
  }
  const digest = createHash('sha1');
  for await (const chunk of readChunks(member)) digest.update(chunk);
  const key = { sha1: digest.digest('hex'), sizeBytes };
  return { key, kept: null, place: member.place ?? null, bytes: new MemberBytes(member), description: null };
}

function bodyAt(
  member: ArchiveMember,
  place: FilePlace | undefined,
  digested: DigestedPlace | undefined,
): DigestedBody {
  if (!place || !digested) throw new Error('a thread has not said what it was asked');
  if ('error' in digested) throw cannotRead(member, systemError(digested.error));
  if ('endsAt' in digested) throw cutOff(member);
  const isDescribed = 'description' in digested;
  return {
    key: { sha1: digested.sha1, sizeBytes: member.sizeBytes },
    kept: null,
    place,
    bytes: isDescribed ? new MemberBytes(member) : new HeadedBytes(member, Buffer.from(digested.head.buffer)),
    description: isDescribed ? digested.description : null,
  };
}

/** What a member begins with, and the rest where it is asked for. */
class HeadedBytes implements ByteReader {
  readonly sizeBytes: number;
  readonly #head: Buffer;
  readonly #rest: MemberBytes;

  constructor(member: ArchiveMember, head: Buffer) {
    this.sizeBytes = member.sizeBytes;
    this.#head = head;
    this.#rest = new MemberBytes(member);
  }

  read(position: number, length: number): Promise<Buffer> {
    const end = position + length;
    return end <= this.#head.length
      ? Promise.resolve(this.#head.subarray(position, end))
      : this.#rest.read(position, length);
  }
}
