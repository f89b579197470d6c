import { constants, inflateRawSync } from 'node:zlib';
import type { ByteReader } from './byteReader.ts';

/*
 * A ZIP by its directory, which stands at its end: all that is needed to tell what a ZIP is, without the bytes in
 * between. A directory is read up to a bound, for what comes behind a thousand names changes no answer.
 */

export interface ZipMember {
  /** As it stands, with `/` between folders. */
  readonly name: string;
  readonly method: number;
  readonly compressedBytes: number;
  readonly headerOffset: number;
}

const endLength = 22;
const endSignature = Buffer.from('PK\x05\x06', 'latin1');
const locator64Length = 20;
const locator64Signature = 0x07064b50;
const end64Signature = 0x06064b50;
const longestComment = 0xffff;
/** Most ZIPs have no comment, and their end is found in this. */
const usualTail = 1024;
const entrySignature = 0x02014b50;
const entryLength = 46;
const localSignature = 0x04034b50;
const localLength = 30;
const mostDirectoryBytes = 1024 * 1024;
const zip64Extra = 0x0001;
const unset32 = 0xffffffff;

/** The members of a ZIP, or null where no directory can be found: then it is cut off, damaged, or no ZIP. */
export async function readZipDirectory(bytes: ByteReader): Promise<ZipMember[] | null> {
  const end = (await findEnd(bytes, usualTail)) ?? (await findEnd(bytes, endLength + longestComment));
  if (!end) return null;
  const { at, record, tail, tailStart } = end;
  let start = record.readUInt32LE(16);
  let length = record.readUInt32LE(12);
  if (start === unset32 || length === unset32 || record.readUInt16LE(10) === 0xffff) {
    const found = await readEnd64(bytes, at, tail, tailStart);
    if (found) ({ start, length } = found);
  }
  // Something may stand before the ZIP, and then all its offsets are off by as much.
  const real = at - length;
  let shift = 0;
  let directory = await bytes.read(start, Math.min(length, mostDirectoryBytes));
  if (!isEntry(directory, 0) && real > start) {
    shift = real - start;
    directory = await bytes.read(real, Math.min(length, mostDirectoryBytes));
  }
  if (!isEntry(directory, 0)) return length === 0 ? [] : null;
  return entriesOf(directory, shift);
}

/** The first bytes that a member holds, or null where they cannot be read. */
export async function readZipMemberStart(
  bytes: ByteReader,
  member: ZipMember,
  length: number,
): Promise<Buffer | null> {
  const header = await bytes.read(member.headerOffset, localLength);
  if (header.length < localLength || header.readUInt32LE(0) !== localSignature) return null;
  const isEncrypted = (header.readUInt16LE(6) & 1) !== 0;
  if (isEncrypted) return null;
  const start = member.headerOffset + localLength + header.readUInt16LE(26) + header.readUInt16LE(28);
  const data = await bytes.read(start, Math.min(member.compressedBytes, length));
  if (member.method === 0) return data;
  if (member.method !== 8) return null;
  try {
    // The flag: what is cut off is no damage. The bound: what is packed small may be large.
    return inflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 64 * length });
  } catch {
    return null;
  }
}

interface ZipEnd {
  readonly at: number;
  readonly record: Buffer;
  readonly tail: Buffer;
  readonly tailStart: number;
}

async function findEnd(bytes: ByteReader, tailLength: number): Promise<ZipEnd | null> {
  const tailStart = Math.max(0, bytes.sizeBytes - tailLength);
  const tail = await bytes.read(tailStart, tailLength);
  const within = tail.subarray(0, tail.length - endLength + endSignature.length).lastIndexOf(endSignature);
  if (within === -1) return null;
  return { at: tailStart + within, record: tail.subarray(within, within + endLength), tail, tailStart };
}

/** Where the directory stands by the words of a ZIP of more than 4 GB or 65,535 members. */
async function readEnd64(
  bytes: ByteReader,
  endAt: number,
  tail: Buffer,
  tailStart: number,
): Promise<{ start: number; length: number } | null> {
  const locatorAt = endAt - locator64Length;
  if (locatorAt < 0) return null;
  const locator =
    locatorAt >= tailStart
      ? tail.subarray(locatorAt - tailStart, endAt - tailStart)
      : await bytes.read(locatorAt, locator64Length);
  if (locator.length < locator64Length || locator.readUInt32LE(0) !== locator64Signature) return null;
  const record = await bytes.read(Number(locator.readBigUInt64LE(8)), 56);
  if (record.length < 56 || record.readUInt32LE(0) !== end64Signature) return null;
  return { length: Number(record.readBigUInt64LE(40)), start: Number(record.readBigUInt64LE(48)) };
}

function isEntry(directory: Buffer, at: number): boolean {
  return at + entryLength <= directory.length && directory.readUInt32LE(at) === entrySignature;
}

function entriesOf(directory: Buffer, shift: number): ZipMember[] {
  const members: ZipMember[] = [];
  for (let at = 0; isEntry(directory, at);) {
    const nameLength = directory.readUInt16LE(at + 28);
    const extraLength = directory.readUInt16LE(at + 30);
    const nameAt = at + entryLength;
    let compressedBytes = directory.readUInt32LE(at + 20);
    let headerOffset = directory.readUInt32LE(at + 42);
    if (compressedBytes === unset32 || headerOffset === unset32) {
      const extra = directory.subarray(nameAt + nameLength, nameAt + nameLength + extraLength);
      const isLong = directory.readUInt32LE(at + 24) === unset32;
      [compressedBytes, headerOffset] = longFigures(extra, isLong, compressedBytes, headerOffset);
    }
    members.push({
      name: directory.toString('utf8', nameAt, nameAt + nameLength).replaceAll('\\', '/'),
      method: directory.readUInt16LE(at + 10),
      compressedBytes,
      headerOffset: headerOffset + shift,
    });
    at = nameAt + nameLength + extraLength + directory.readUInt16LE(at + 32);
  }
  return members;
}

function longFigures(
  extra: Buffer,
  hasLongSize: boolean,
  compressedBytes: number,
  headerOffset: number,
): [number, number] {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== zip64Extra) continue;
    const end = Math.min(extra.length, at + 4 + extra.readUInt16LE(at + 2));
    let from = at + 4 + (hasLongSize ? 8 : 0);
    const next = (usual: number): number => {
      if (usual !== unset32 || from + 8 > end) return usual;
      from += 8;
      return Number(extra.readBigUInt64LE(from - 8));
    };
    return [next(compressedBytes), next(headerOffset)];
  }
  return [compressedBytes, headerOffset];
}
