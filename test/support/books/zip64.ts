import { crc32, deflateRawSync } from 'node:zlib';

const unset16 = 0xffff;
const unset32 = 0xffffffff;

/** Which figures stand where only ZIP64 looks: `zip -fz` writes those that it could not know before, other programs all. */
type LongFigures = 'as zip -fz' | 'all';

/** A ZIP64, as programs write one that came through a pipe, of files by their names. What is called `mimetype` is stored. */
export function zip64Of(files: Readonly<Record<string, string | Buffer>>, long: LongFigures): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  const add = (bytes: Buffer): void => {
    parts.push(bytes);
    at += bytes.length;
  };
  for (const [name, content] of Object.entries(files)) {
    const data = Buffer.from(content);
    const isStored = name === 'mimetype';
    const packed = isStored ? data : deflateRawSync(data);
    const start = headerStart(isStored ? 0 : 8, crc32(data));
    const sizes = [data.length, packed.length];
    directory.push(directoryEntry(name, start, sizes, at, long));
    const extra = extraOf(sizes);
    add(Buffer.concat([Buffer.from('PK\x03\x04'), start, u32(unset32, unset32)]));
    add(Buffer.concat([u16(Buffer.byteLength(name), extra.length), Buffer.from(name), extra, packed]));
  }
  const directoryAt = at;
  for (const entry of directory) add(entry);
  const count = directory.length;
  const length = at - directoryAt;
  const endAt = at;
  add(Buffer.concat([Buffer.from('PK\x06\x06'), u64(44), u16(45, 45), u32(0, 0)]));
  add(u64(count, count, length, directoryAt));
  add(Buffer.concat([Buffer.from('PK\x06\x07'), u32(0), u64(endAt), u32(1)]));
  const isAll = long === 'all';
  const counts = isAll ? u16(unset16, unset16) : u16(count, count);
  const place = u32(isAll ? unset32 : length, unset32);
  add(Buffer.concat([Buffer.from('PK\x05\x06'), u16(0, 0), counts, place, u16(0)]));
  return Buffer.concat(parts);
}

function directoryEntry(
  name: string,
  start: Buffer,
  [sizeBytes = 0, packedBytes = 0]: readonly number[],
  headerAt: number,
  long: LongFigures,
): Buffer {
  const isAll = long === 'all';
  const extra = extraOf(isAll ? [sizeBytes, packedBytes, headerAt] : [sizeBytes]);
  return Buffer.concat([
    Buffer.concat([Buffer.from('PK\x01\x02'), u16(45), start, u32(isAll ? unset32 : packedBytes, unset32)]),
    u16(Buffer.byteLength(name), extra.length, 0, 0, 0),
    u32(0, isAll ? unset32 : headerAt),
    Buffer.from(name),
    extra,
  ]);
}

/** What headers of both kinds begin with: version, flags, method, time, date and checksum. */
function headerStart(method: number, checksum: number): Buffer {
  return Buffer.concat([u16(45, 0, method, 0, 0x21), u32(checksum)]);
}

/** A field that another program wrote, and the one with the figures. */
function extraOf(figures: readonly number[]): Buffer {
  return Buffer.concat([u16(0x7875, 1), Buffer.of(1), u16(1, figures.length * 8), u64(...figures)]);
}

function u16(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 2);
  numbers.forEach((number, index) => bytes.writeUInt16LE(number, index * 2));
  return bytes;
}

function u32(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 4);
  numbers.forEach((number, index) => bytes.writeUInt32LE(number, index * 4));
  return bytes;
}

function u64(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 8);
  numbers.forEach((number, index) => bytes.writeBigUInt64LE(BigInt(number), index * 8));
  return bytes;
}
