import { constants, inflateRawSync } from 'node:zlib';
import { ownBytes } from '../ownBytes.ts';
import type { BookBytes } from './bookBytes.ts';
import { UnreadableBookError } from './bookMetadata.ts';

// Only the central directory and the entries asked for are looked at. zlib with a limit of its own output and
// not a ZIP library, because a library that inflates to the end what declares itself as small makes an entry
// of 300 KB cost seconds.

export interface ZipEntry {
  name: string;
  method: number;
  compressedBytes: number;
  sizeBytes: number;
  headerOffset: number;
}

const endSignature = Buffer.from('PK\x05\x06', 'latin1');
const endLength = 22;
const maxCommentLength = 0xffff;
/** Most ZIPs have no comment; and the directory of a book stands in here, too. */
const usualTail = 8 * 1024;
const directorySignature = 0x02014b50;
const directoryEntryLength = 46;
const localSignature = 0x04034b50;
const localHeaderLength = 30;
const smallestPiece = 64;
const largestPiece = 64 * 1024;

/** The entries of a ZIP whose name is `wanted`, in the order of its directory. Throws when it has none. */
export function findZipEntries(body: BookBytes, wanted: (name: string) => boolean): ZipEntry[] {
  const { end, record } = endOf(body);
  const count = record.readUInt16LE(10);
  const statedStart = record.readUInt32LE(16);
  // Something may stand before the ZIP, and then all its offsets are off by as much.
  const start = end - record.readUInt32LE(12);
  const shift =
    start >= 0 && isDirectory(body.slice(start, start + directoryEntryLength), 0) ? start - statedStart : 0;
  const directory = body.slice(statedStart + shift, Math.max(end, statedStart + shift));

  const entries: ZipEntry[] = [];
  let at = 0;
  for (let index = 0; index < count && isDirectory(directory, at); index++) {
    const nameLength = directory.readUInt16LE(at + 28);
    const nameAt = at + directoryEntryLength;
    const name = directory.toString('utf8', nameAt, nameAt + nameLength);
    if (wanted(name)) {
      entries.push({
        name,
        method: directory.readUInt16LE(at + 10),
        compressedBytes: directory.readUInt32LE(at + 20),
        sizeBytes: directory.readUInt32LE(at + 24),
        headerOffset: directory.readUInt32LE(at + 42) + shift,
      });
    }
    at = nameAt + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}

/** Where the record at the end of a ZIP stands, and what it says. */
function endOf(body: BookBytes): { end: number; record: Buffer } {
  for (const tailLength of [usualTail, endLength + maxCommentLength]) {
    const tailAt = Math.max(0, body.length - tailLength);
    const tail = body.slice(tailAt, body.length);
    const within = tail.lastIndexOf(endSignature);
    if (within >= 0 && within + endLength <= tail.length)
      return { end: tailAt + within, record: tail.subarray(within, within + endLength) };
  }
  throw new UnreadableBookError('its ZIP has no directory');
}

function isDirectory(bytes: Buffer, at: number): boolean {
  return at + directoryEntryLength <= bytes.length && bytes.readUInt32LE(at) === directorySignature;
}

/** The whole of an entry. Throws when it is longer than `maxBytes`, whatever it declares. */
export function readZipEntry(body: BookBytes, entry: ZipEntry, maxBytes: number): Buffer {
  const data = packedBytes(body, entry);
  if (entry.method === 0) {
    if (data.length > maxBytes) throw new UnreadableBookError(`${entry.name} in it is too long`);
    return data;
  }
  return inflateRawSync(ownBytes(data), { maxOutputLength: maxBytes, chunkSize: pieceFor(entry) });
}

/** What the first `maxCompressedBytes` of an entry hold. Throws when that is more than `maxBytes`. */
export function readZipEntryStart(
  body: BookBytes,
  entry: ZipEntry,
  maxCompressedBytes: number,
  maxBytes: number,
): Buffer {
  const data = packedBytes(body, entry, Math.min(entry.compressedBytes, maxCompressedBytes));
  if (entry.method === 0) return data.subarray(0, maxBytes);
  // Without this flag zlib takes the cut for damage.
  return inflateRawSync(ownBytes(data), { maxOutputLength: maxBytes, finishFlush: constants.Z_SYNC_FLUSH });
}

/** zlib makes its output in pieces, of 16 KiB if nothing else is said, and one is enough where the entry tells the truth. */
function pieceFor({ sizeBytes }: ZipEntry): number {
  return Math.max(smallestPiece, Math.min(sizeBytes + 1, largestPiece));
}

/** An entry as it is stored, or the start of that. Throws where it is not there, or cannot be unpacked by us. */
export function packedBytes(body: BookBytes, entry: ZipEntry, length = entry.compressedBytes): Buffer {
  const at = entry.headerOffset;
  const header = body.slice(at, at + localHeaderLength);
  if (header.length < localHeaderLength || header.readUInt32LE(0) !== localSignature) {
    throw new UnreadableBookError(`${entry.name} in it is not where its ZIP says`);
  }
  if ((header.readUInt16LE(6) & 1) !== 0) throw new UnreadableBookError(`${entry.name} in it is encrypted`);
  if (entry.method !== 0 && entry.method !== 8) {
    throw new UnreadableBookError(`${entry.name} in it is compressed by method ${String(entry.method)}`);
  }
  const start = at + localHeaderLength + header.readUInt16LE(26) + header.readUInt16LE(28);
  return body.slice(start, start + length);
}
