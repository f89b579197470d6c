/** Headers made by hand, for what no tar program at hand writes. */
export interface RawHeader {
  readonly name?: string | Buffer;
  readonly sizeBytes?: number;
  /** The size field as it stands, instead of `sizeBytes`. */
  readonly sizeField?: string | Buffer;
  readonly type?: string;
  readonly linkName?: string;
  readonly prefix?: string;
  /** `ustar`, `gnu`, or the empty magic of V7. */
  readonly magic?: 'ustar' | 'gnu' | 'none';
  /** Bytes set after all else, before the checksum. */
  readonly patch?: Readonly<Record<number, number>>;
  /** Adds the bytes up as signed ones, as some old programs did. */
  readonly signedChecksum?: boolean;
}

export function header(fields: RawHeader): Buffer {
  const block = Buffer.alloc(512);
  Buffer.from(fields.name ?? 'member').copy(block, 0, 0, 100);
  block.write('0000644\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  const size = fields.sizeField ?? `${(fields.sizeBytes ?? 0).toString(8).padStart(11, '0')}\0`;
  Buffer.from(size).copy(block, 124, 0, 12);
  block.write('14000000000\0', 136);
  block.write(fields.type ?? '0', 156);
  block.write(fields.linkName ?? '', 157);
  const magic = { ustar: 'ustar\x0000', gnu: 'ustar  \0', none: '' }[fields.magic ?? 'ustar'];
  block.write(magic, 257);
  block.write(fields.prefix ?? '', 345);
  for (const [at, value] of Object.entries(fields.patch ?? {})) block[Number(at)] = value;
  block.fill(' ', 148, 156);
  let sum = 0;
  for (const byte of block) sum += fields.signedChecksum && byte > 127 ? byte - 256 : byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** A header with its body, padded. */
export function member(fields: RawHeader, body: string | Buffer = ''): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([header({ sizeBytes: bytes.length, ...fields }), padded(bytes)]);
}

export function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

/** Pax records: each with its own length, as bytes, in front. */
export function paxRecords(records: Readonly<Record<string, string | Buffer>>): Buffer {
  return Buffer.concat(
    Object.entries(records).map(([key, value]) => {
      const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')]);
      let length = rest.length + 1;
      while (String(length).length + rest.length !== length) length++;
      return Buffer.concat([Buffer.from(String(length)), rest]);
    }),
  );
}

export function paxHeader(records: Readonly<Record<string, string | Buffer>>, type = 'x'): Buffer {
  return member({ name: 'PaxHeaders/member', type }, paxRecords(records));
}

export const endMark = Buffer.alloc(1024);
