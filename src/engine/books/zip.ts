/*
 * A ZIP by its directory, which stands at its end, for whoever has stretches of it at hand: what waits for them and what must not
 * (zipDirectory.ts, metadata/zipEntries.ts) ask one after another for the tail, for the end of a ZIP64, and for the directory.
 */

export interface ZipEntry {
  /** As it stands, with `/` between folders. */
  readonly name: string;
  readonly method: number;
  readonly compressedBytes: number;
  readonly sizeBytes: number;
  readonly headerOffset: number;
}

/** What the end of a ZIP says of its directory. */
export interface ZipEnd {
  /** Where it stands itself, directly behind the directory. */
  readonly at: number;
  readonly directoryBytes: number;
  readonly statedStart: number;
  /** The figures are too long for this record, and stand in that of a ZIP64. */
  readonly isLong: boolean;
}

/** What an entry begins with. */
interface LocalHeader {
  readonly isEncrypted: boolean;
  /** With the name and what follows it: the bytes of the entry stand behind. */
  readonly length: number;
}

const endLength = 22;
const endSignature = Buffer.from('PK\x05\x06', 'latin1');
/** With the longest comment that may stand behind it. */
export const longestTail = endLength + 0xffff;
export const locator64Length = 20;
const locator64Signature = 0x07064b50;
export const end64Length = 56;
const end64Signature = 0x06064b50;
export const entryLength = 46;
const entrySignature = 0x02014b50;
export const localLength = 30;
const localSignature = 0x04034b50;
const zip64Extra = 0x0001;
const unset16 = 0xffff;
const unset32 = 0xffffffff;
const backslash = 0x5c;

/** The end of a ZIP by its last bytes; null where it does not stand in them. */
export function endRecord(tail: Buffer, tailAt: number): ZipEnd | null {
  const searched = Math.max(0, tail.length - endLength + endSignature.length);
  const within = tail.subarray(0, searched).lastIndexOf(endSignature);
  if (within === -1) return null;
  const directoryBytes = tail.readUInt32LE(within + 12);
  const statedStart = tail.readUInt32LE(within + 16);
  return {
    at: tailAt + within,
    directoryBytes,
    statedStart,
    isLong:
      directoryBytes === unset32 || statedStart === unset32 || tail.readUInt16LE(within + 10) === unset16,
  };
}

/** Where the end of a ZIP64 may stand, by the bytes before the end of the ZIP; the likeliest first. */
export function end64Places({ at }: ZipEnd, locator: Buffer): number[] {
  if (locator.length < locator64Length || locator.readUInt32LE(0) !== locator64Signature) return [];
  // What the locator says is off where something stands before the ZIP.
  return [at - locator64Length - end64Length, Number(locator.readBigUInt64LE(8))].filter(place => place >= 0);
}

/** The end of a ZIP64 by its bytes; null where it is none. */
export function end64(record: Buffer, at: number): ZipEnd | null {
  if (record.length < end64Length || record.readUInt32LE(0) !== end64Signature) return null;
  return {
    at,
    directoryBytes: Number(record.readBigUInt64LE(40)),
    statedStart: Number(record.readBigUInt64LE(48)),
    isLong: false,
  };
}

/** Whether there is an entry of a directory. */
export function isEntry(directory: Buffer, at: number): boolean {
  return at + entryLength <= directory.length && directory.readUInt32LE(at) === entrySignature;
}

/**
 * The entries of a directory in its order, up to where it is cut off.
 *
 * @param shift how much all offsets are off, because something stands before the ZIP
 * @param wanted which names are asked for; all, if left out
 */
export function entriesOf(
  directory: Buffer,
  shift: number,
  wanted: ((name: string) => boolean) | null = null,
): ZipEntry[] {
  const entries: ZipEntry[] = [];
  // Most names are of no interest, and to get past them this is the quickest way to read numbers.
  const view = new DataView(directory.buffer, directory.byteOffset, directory.length);
  // Few programs write them, and to look into each name costs more.
  let backslashAt = -1;
  for (let at = 0; isEntry(directory, at);) {
    const nameAt = at + entryLength;
    const nameEnd = nameAt + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    if (backslashAt < nameAt) {
      backslashAt = directory.indexOf(backslash, nameAt);
      if (backslashAt === -1) backslashAt = directory.length;
    }
    const asItStands = directory.toString('utf8', nameAt, nameEnd);
    const name = backslashAt < nameEnd ? asItStands.replaceAll('\\', '/') : asItStands;
    if (!wanted || wanted(name)) {
      const [sizeBytes, compressedBytes, headerOffset] = figuresOf(directory, at, nameEnd, extraEnd);
      const method = directory.readUInt16LE(at + 10);
      entries.push({ name, method, compressedBytes, sizeBytes, headerOffset: headerOffset + shift });
    }
    at = extraEnd + view.getUint16(at + 32, true);
  }
  return entries;
}

type Figures = readonly [sizeBytes: number, compressedBytes: number, headerOffset: number];

function figuresOf(directory: Buffer, at: number, extraAt: number, extraEnd: number): Figures {
  const compressedBytes = directory.readUInt32LE(at + 20);
  const sizeBytes = directory.readUInt32LE(at + 24);
  const headerOffset = directory.readUInt32LE(at + 42);
  const figures: Figures = [sizeBytes, compressedBytes, headerOffset];
  const isLong = sizeBytes === unset32 || compressedBytes === unset32 || headerOffset === unset32;
  return isLong ? longFigures(directory.subarray(extraAt, extraEnd), figures) : figures;
}

/** Those that are too long for their place stand one after another in a field of a ZIP64. */
function longFigures(extra: Buffer, figures: Figures): Figures {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== zip64Extra) continue;
    const end = Math.min(extra.length, at + 4 + extra.readUInt16LE(at + 2));
    let from = at + 4;
    const next = (usual: number): number => {
      if (usual !== unset32 || from + 8 > end) return usual;
      from += 8;
      return Number(extra.readBigUInt64LE(from - 8));
    };
    const [sizeBytes, compressedBytes, headerOffset] = figures;
    return [next(sizeBytes), next(compressedBytes), next(headerOffset)];
  }
  return figures;
}

/** What an entry begins with, by its first bytes; null where there is none. */
export function localHeader(header: Buffer): LocalHeader | null {
  if (header.length < localLength || header.readUInt32LE(0) !== localSignature) return null;
  return {
    isEncrypted: (header.readUInt16LE(6) & 1) !== 0,
    length: localLength + header.readUInt16LE(26) + header.readUInt16LE(28),
  };
}
