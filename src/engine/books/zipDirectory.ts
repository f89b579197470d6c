import { constants, inflateRawSync } from 'node:zlib';
import type { ByteReader } from './byteReader.ts';
import {
  end64,
  end64Length,
  end64Places,
  endRecord,
  entriesOf,
  isEntry,
  localHeader,
  localLength,
  locator64Length,
  longestTail,
  type ZipEnd,
  type ZipEntry,
} from './zip.ts';

/*
 * A ZIP by its directory, read from wherever it lies: all that is needed to tell what a ZIP is, without the bytes in
 * between. A directory is read up to a bound, for what comes behind a thousand names changes no answer.
 */

/** Most ZIPs have no comment, and their end is found in this. */
const usualTail = 1024;
const mostDirectoryBytes = 1024 * 1024;

/** The entries of a ZIP, or null where no directory can be found: then it is cut off, damaged, or no ZIP. */
export async function readZipDirectory(bytes: ByteReader): Promise<ZipEntry[] | null> {
  const end = (await findEnd(bytes, usualTail)) ?? (await findEnd(bytes, longestTail));
  if (!end) return null;
  const { at, directoryBytes, statedStart } = end.isLong ? await findEnd64(bytes, end) : end;
  // Something may stand before the ZIP, and then all its offsets are off by as much.
  const real = at - directoryBytes;
  for (const start of real >= 0 && real !== statedStart ? [real, statedStart] : [statedStart]) {
    const directory = await bytes.read(start, Math.min(directoryBytes, mostDirectoryBytes));
    if (isEntry(directory, 0)) return entriesOf(directory, start - statedStart);
  }
  return directoryBytes === 0 ? [] : null;
}

/** The first bytes that an entry holds, or null where they cannot be read. */
export async function peekZipEntry(
  bytes: ByteReader,
  entry: ZipEntry,
  length: number,
): Promise<Buffer | null> {
  const header = localHeader(await bytes.read(entry.headerOffset, localLength));
  if (!header || header.isEncrypted) return null;
  const start = entry.headerOffset + header.length;
  const data = await bytes.read(start, Math.min(entry.compressedBytes, length));
  if (entry.method === 0) return data;
  if (entry.method !== 8) return null;
  try {
    // The flag: what is cut off is no damage. The bound: what is packed small may be large.
    return inflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 64 * length });
  } catch {
    return null;
  }
}

async function findEnd(bytes: ByteReader, tailLength: number): Promise<ZipEnd | null> {
  const tailAt = Math.max(0, bytes.sizeBytes - tailLength);
  return endRecord(await bytes.read(tailAt, tailLength), tailAt);
}

/** The end of a ZIP64, where that is found. */
async function findEnd64(bytes: ByteReader, end: ZipEnd): Promise<ZipEnd> {
  const locatorAt = end.at - locator64Length;
  if (locatorAt < 0) return end;
  for (const place of end64Places(end, await bytes.read(locatorAt, locator64Length))) {
    const found = end64(await bytes.read(place, end64Length), place);
    if (found) return found;
  }
  return end;
}
