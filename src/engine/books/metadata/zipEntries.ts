import { constants, inflateRawSync } from 'node:zlib';
import { ownBytes } from '../ownBytes.ts';
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
const directorySignature = 0x02014b50;
const directoryEntryLength = 46;
const localSignature = 0x04034b50;
const localHeaderLength = 30;
const smallestPiece = 64;
const largestPiece = 64 * 1024;

/** The entries of a ZIP whose name is `wanted`, in the order of its directory. Throws when it has none. */
export function findZipEntries(body: Buffer, wanted: (name: string) => boolean): ZipEntry[] {
  const tail = Math.max(0, body.length - endLength - maxCommentLength);
  const end = body.subarray(tail).lastIndexOf(endSignature) + tail;
  if (end < tail || end + endLength > body.length) throw new UnreadableBookError('its ZIP has no directory');
  const count = body.readUInt16LE(end + 10);
  const statedStart = body.readUInt32LE(end + 16);
  // Something may stand before the ZIP, and then all its offsets are off by as much.
  const start = end - body.readUInt32LE(end + 12);
  const shift = start >= 0 && isDirectory(body, start) ? start - statedStart : 0;

  const entries: ZipEntry[] = [];
  let at = statedStart + shift;
  for (let index = 0; index < count && isDirectory(body, at); index++) {
    const nameLength = body.readUInt16LE(at + 28);
    const name = body.toString('utf8', at + directoryEntryLength, at + directoryEntryLength + nameLength);
    if (wanted(name)) {
      entries.push({
        name,
        method: body.readUInt16LE(at + 10),
        compressedBytes: body.readUInt32LE(at + 20),
        sizeBytes: body.readUInt32LE(at + 24),
        headerOffset: body.readUInt32LE(at + 42) + shift,
      });
    }
    at += directoryEntryLength + nameLength + body.readUInt16LE(at + 30) + body.readUInt16LE(at + 32);
  }
  return entries;
}

function isDirectory(body: Buffer, at: number): boolean {
  return at + directoryEntryLength <= body.length && body.readUInt32LE(at) === directorySignature;
}

/** The whole of an entry. Throws when it is longer than `maxBytes`, whatever it declares. */
export function readZipEntry(body: Buffer, entry: ZipEntry, maxBytes: number): Buffer {
  const data = packedBytes(body, entry);
  if (entry.method === 0) {
    if (data.length > maxBytes) throw new UnreadableBookError(`${entry.name} in it is too long`);
    return data;
  }
  return inflateRawSync(ownBytes(data), { maxOutputLength: maxBytes, chunkSize: pieceFor(entry) });
}

/** What the first `maxCompressedBytes` of an entry hold. Throws when that is more than `maxBytes`. */
export function readZipEntryStart(
  body: Buffer,
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
export function packedBytes(body: Buffer, entry: ZipEntry, length = entry.compressedBytes): Buffer {
  const at = entry.headerOffset;
  if (at < 0 || at + localHeaderLength > body.length || body.readUInt32LE(at) !== localSignature) {
    throw new UnreadableBookError(`${entry.name} in it is not where its ZIP says`);
  }
  if ((body.readUInt16LE(at + 6) & 1) !== 0)
    throw new UnreadableBookError(`${entry.name} in it is encrypted`);
  if (entry.method !== 0 && entry.method !== 8) {
    throw new UnreadableBookError(`${entry.name} in it is compressed by method ${String(entry.method)}`);
  }
  const start = at + localHeaderLength + body.readUInt16LE(at + 26) + body.readUInt16LE(at + 28);
  return body.subarray(start, start + length);
}
