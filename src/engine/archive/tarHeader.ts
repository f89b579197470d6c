/*
 * The fields of a 512-byte header that reading needs: type, size, names and whether the checksum holds.
 * Everything takes a buffer and the position of the header in it, and makes no object: there may be a million.
 */

export const blockSize = 512;

export type BlockKind = 'header' | 'zero' | 'invalid';

const checksumAt = 148;
const checksumEnd = 156;
const eightBlanks = 8 * 0x20;

/** Whether a block is a header with a right checksum, nothing but zeros (as in an end mark), or neither. */
export function blockKind(bytes: Buffer, at: number): BlockKind {
  let sum = 0;
  for (let index = at; index < at + blockSize; index++) sum += bytes[index] ?? 0;
  if (sum === 0) return 'zero';
  for (let index = at + checksumAt; index < at + checksumEnd; index++) sum -= bytes[index] ?? 0;
  sum += eightBlanks;
  const told = octal(bytes, at + checksumAt, checksumEnd - checksumAt);
  return told === sum || told === sum - 256 * countAbove127(bytes, at) ? 'header' : 'invalid';
}

/** Some old programs added the bytes up as signed ones: each of these made their sum 256 less. */
function countAbove127(bytes: Buffer, at: number): number {
  let count = 0;
  for (let index = at; index < at + blockSize; index++) {
    if (index === at + checksumAt) index = at + checksumEnd;
    count += (bytes[index] ?? 0) >> 7;
  }
  return count;
}

/** The type flag, as a character. */
export function typeOf(bytes: Buffer, at: number): string {
  return types[bytes[at + 156] ?? 0] ?? '';
}

const types = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));

/** Links, devices, folders and pipes: they may have a size, and by the rule have no body. */
export function isBodiless(type: string): boolean {
  return type >= '1' && type <= '6';
}

/** So many bytes in whole blocks. */
export function padded(bytes: number): number {
  return Math.ceil(bytes / blockSize) * blockSize;
}

/** The size field in bytes, or undefined where it is no number up to 2^53. */
export function sizeOf(bytes: Buffer, at: number): number | undefined {
  const first = bytes[at + 124] ?? 0;
  if ((first & 0x80) === 0) return octal(bytes, at + 124, 12);
  // Base 256, for sizes of 8 GiB and more. Any further bit in the first byte is a sign or a size beyond all disks.
  if (first !== 0x80) return undefined;
  let value = 0;
  for (let index = at + 125; index < at + 136; index++) {
    value = value * 256 + (bytes[index] ?? 0);
    if (value > Number.MAX_SAFE_INTEGER) return undefined;
  }
  return value;
}

/** Where the name field ends; it begins with the header. */
export function endOfName(bytes: Buffer, at: number): number {
  return endOfText(bytes, at, 100);
}

/** Where the folder part of a ustar name begins. */
export const prefixAt = 345;

/** Where that part ends; where it begins when there is none. GNU tars keep other things there. */
export function endOfPrefix(bytes: Buffer, at: number): number {
  return isUstar(bytes, at) ? endOfText(bytes, at + prefixAt, 155) : at + prefixAt;
}

/** The name of what a link points to. */
export function linkNameOf(bytes: Buffer, at: number): Buffer {
  return bytes.subarray(at + 157, endOfText(bytes, at + 157, 100));
}

/** Whether the map of an old sparse file goes on in the block after its header. */
export function sparseMapContinues(bytes: Buffer, at: number): boolean {
  // star, which calls itself ustar, has the flag elsewhere than GNU tar.
  return bytes[at + (isUstar(bytes, at) ? 355 : 482)] === 1;
}

/** The same for each block of that map. */
export function sparseMapContinuesAgain(bytes: Buffer, at: number): boolean {
  return bytes[at + 504] === 1;
}

/** `ustar` and a NUL: POSIX and star. GNU tar writes a blank there, older tars nothing. */
function isUstar(bytes: Buffer, at: number): boolean {
  return (
    bytes[at + 262] === 0 &&
    bytes[at + 257] === 0x75 &&
    bytes[at + 258] === 0x73 &&
    bytes[at + 259] === 0x74 &&
    bytes[at + 260] === 0x61 &&
    bytes[at + 261] === 0x72
  );
}

function endOfText(bytes: Buffer, start: number, length: number): number {
  let end = start;
  while (end < start + length && bytes[end] !== 0) end++;
  return end;
}

/** Octal digits between blanks or NULs; undefined for anything else. Blank is 0: GNU tar's labels have such sizes. */
function octal(bytes: Buffer, start: number, length: number): number | undefined {
  const end = start + length;
  let at = start;
  while (at < end && isFiller(bytes[at])) at++;
  let value = 0;
  for (; at < end; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  return at === end || isFiller(bytes[at]) ? value : undefined;
}

function isFiller(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0;
}
