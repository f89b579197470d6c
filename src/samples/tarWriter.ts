import { Header } from 'tar/header';
import { Pax } from 'tar/pax';

/**
 *   ustar  names up to 100 bytes, longer ones split at a slash (up to 155 bytes before it)
 *   gnu    longer names in an `L` member before their own
 *   pax    names that are long or not ASCII, and fractions of a second, in an `x` member before their own
 */
export type TarFormat = 'ustar' | 'gnu' | 'pax';

export interface TarMember {
  /** Path within the tar, with `/`; a directory's ends in `/`, and its body is empty. */
  name: string;
  body: Uint8Array;
  mtime: Date;
}

const blockSize = 512;
/** GNU tar writes whole records of 20 blocks. */
const recordSize = 20 * blockSize;
const nameSize = 100;
const prefixSize = 155;
const prefixOffset = 345;
const magicOffset = 257;
const checksumOffset = 148;
const epoch = new Date(0);

/** The whole tar, with the two zero blocks at its end and filled up to 10240 bytes as GNU tar does. */
export function encodeTar(members: Iterable<TarMember>, format: TarFormat): Buffer {
  return Buffer.concat([...tarChunks(members, format)]);
}

/** The same piece by piece, for a tar that should not be in memory as a whole. */
export function* tarChunks(members: Iterable<TarMember>, format: TarFormat): Generator<Buffer> {
  let written = 0;
  for (const member of members) {
    const encoded = encodeMember(member, format);
    written += encoded.length;
    yield encoded;
  }
  const end = written + 2 * blockSize;
  yield Buffer.alloc(Math.ceil(end / recordSize) * recordSize - written);
}

/**
 * One member: what precedes its header for a long name, the header, and its body filled up to whole blocks.
 * Throws RangeError for a name that `ustar` cannot hold, and for a directory with a body.
 */
export function encodeMember(member: TarMember, format: TarFormat): Buffer {
  if (member.name === '') throw new RangeError('a member needs a name');
  if (member.name.endsWith('/') && member.body.length > 0) {
    throw new RangeError(`${member.name}: a directory has no body`);
  }
  const name = Buffer.from(member.name, 'utf8');
  const chunks: Buffer[] = [];
  let split = splitName(name);
  if (format === 'ustar') {
    if (!split) throw new RangeError(`${member.name}: too long for the ustar format`);
  } else if (format === 'gnu') {
    // GNU tar's own format has no prefix field: times stand in its place.
    if (name.length > nameSize) chunks.push(longName(name));
    split = { prefix: Buffer.alloc(0), name: name.subarray(0, nameSize) };
  } else {
    const path =
      member.name.length > nameSize || name.length !== member.name.length ? member.name : undefined;
    const mtime = member.mtime.getTime() % 1000 === 0 ? undefined : member.mtime;
    if (path !== undefined || mtime !== undefined) chunks.push(paxHeader(path, mtime));
    split = name.length > nameSize ? { prefix: Buffer.alloc(0), name: name.subarray(0, nameSize) } : split;
  }
  if (!split) throw new RangeError(`${member.name}: no form of this name fits`);
  const type = member.name.endsWith('/') ? 'Directory' : 'File';
  chunks.push(header(split, type, member.body.length, member.mtime, format), padded(member.body));
  return Buffer.concat(chunks);
}

interface SplitName {
  prefix: Buffer;
  name: Buffer;
}

/** The name in the two fields of the ustar format, or undefined when it does not fit. */
function splitName(name: Buffer): SplitName | undefined {
  if (name.length <= nameSize) return { prefix: Buffer.alloc(0), name };
  // The slash between the fields is not stored; a directory keeps the one at its end.
  const from = name.length - 1 - nameSize;
  for (let at = Math.max(from, 1); at <= prefixSize && at < name.length - 1; at++) {
    if (name[at] === 0x2f) return { prefix: name.subarray(0, at), name: name.subarray(at + 1) };
  }
  return undefined;
}

function header(
  split: SplitName,
  type: 'File' | 'Directory' | 'NextFileHasLongPath',
  size: number,
  mtime: Date,
  format: TarFormat,
): Buffer {
  const block = Buffer.alloc(blockSize);
  new Header({
    path: '-',
    type,
    mode: type === 'Directory' ? 0o755 : 0o644,
    uid: 1000,
    gid: 1000,
    uname: 'books',
    gname: 'books',
    size,
    mtime: new Date(Math.floor(mtime.getTime() / 1000) * 1000),
  }).encode(block);
  // The name is put in here and not by Header, which divides names of 100 bytes and more by rules of its own
  // (a name of just 100 bytes comes back as `./name`) and cannot write GNU tar's magic.
  block.fill(0, 0, nameSize);
  split.name.copy(block, 0);
  split.prefix.copy(block, prefixOffset);
  if (format === 'gnu') block.write('ustar  \0', magicOffset, 'latin1');
  block.fill(0x20, checksumOffset, checksumOffset + 8);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, checksumOffset, 'latin1');
  return block;
}

function longName(name: Buffer): Buffer {
  const body = Buffer.concat([name, Buffer.alloc(1)]);
  const split = { prefix: Buffer.alloc(0), name: Buffer.from('././@LongLink') };
  return Buffer.concat([header(split, 'NextFileHasLongPath', body.length, epoch, 'gnu'), padded(body)]);
}

function paxHeader(path: string | undefined, mtime: Date | undefined): Buffer {
  return new Pax({
    ...(path === undefined ? {} : { path }),
    ...(mtime === undefined ? {} : { mtime }),
  }).encode();
}

function padded(body: Uint8Array): Buffer {
  const whole = Buffer.alloc(Math.ceil(body.length / blockSize) * blockSize);
  whole.set(body);
  return whole;
}
