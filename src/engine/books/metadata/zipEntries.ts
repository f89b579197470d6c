import { constants, inflateRawSync } from 'node:zlib';
import { ownBytes } from '../ownBytes.ts';
import {
  end64,
  end64Length,
  end64Places,
  endRecord,
  entriesOf,
  entryLength,
  isEntry,
  localHeader,
  localLength,
  locator64Length,
  longestTail,
  type ZipEnd,
  type ZipEntry,
} from '../zip.ts';
import type { BookBytes } from './bookBytes.ts';
import { UnreadableBookError } from './bookMetadata.ts';

// Only the central directory and the entries asked for are looked at. zlib with a limit of its own output and
// not a ZIP library, because a library that inflates to the end what declares itself as small makes an entry
// of 300 KB cost seconds.

/** Most ZIPs have no comment; and the directory of a book stands in here, too. */
const usualTail = 8 * 1024;
const smallestPiece = 64;
const largestPiece = 64 * 1024;

/** The entries of a ZIP whose name is `wanted`, in the order of its directory. Throws when it has none. */
export function findZipEntries(body: BookBytes, wanted: (name: string) => boolean): ZipEntry[] {
  const { at, directoryBytes, statedStart } = endOf(body);
  // Something may stand before the ZIP, and then all its offsets are off by as much.
  const real = at - directoryBytes;
  const isReal = real >= 0 && isEntry(body.slice(real, real + entryLength), 0);
  const start = isReal ? real : statedStart;
  return entriesOf(body.slice(start, Math.max(at, start)), start - statedStart, wanted);
}

function endOf(body: BookBytes): ZipEnd {
  for (const tailLength of [usualTail, longestTail]) {
    const tailAt = Math.max(0, body.length - tailLength);
    const end = endRecord(body.slice(tailAt, body.length), tailAt);
    if (end) return end.isLong ? end64Of(body, end) : end;
  }
  throw new UnreadableBookError('its ZIP has no directory');
}

/** The end of a ZIP64, where that is found. */
function end64Of(body: BookBytes, end: ZipEnd): ZipEnd {
  for (const place of end64Places(end, body.slice(end.at - locator64Length, end.at))) {
    const found = end64(body.slice(place, place + end64Length), place);
    if (found) return found;
  }
  return end;
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
  const header = localHeader(body.slice(at, at + localLength));
  if (!header) throw new UnreadableBookError(`${entry.name} in it is not where its ZIP says`);
  if (header.isEncrypted) throw new UnreadableBookError(`${entry.name} in it is encrypted`);
  if (entry.method !== 0 && entry.method !== 8) {
    throw new UnreadableBookError(`${entry.name} in it is compressed by method ${String(entry.method)}`);
  }
  const start = at + header.length;
  return body.slice(start, start + length);
}
