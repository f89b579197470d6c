import { Header, Pax } from 'tar';
import { readAt, type ByteSource } from './byteSource.ts';

/*
 * What lives in this folder: reading tars in place. The index goes from header to header by position and
 * never touches a body; members come out as they are found, so that nobody waits for the end of a 300 GB tar.
 * It promises that a tar which does not read cleanly up to its end mark ends in TarDamage, never in silence.
 */

const block = 512;
/** One read serves many headers when bodies are small, and just one when they are large. */
const smallestWindow = block;
const largestWindow = 64 * 1024;
/** Longest extended header or long name taken into memory; real ones are a few hundred bytes. */
const largestExtension = 1024 * 1024;

/** One entry of a tar. Known by its tar, name, offset and size: names alone may repeat. */
export interface TarMember {
  /** As stored, with `/` between folders. Never used as a path on disk. */
  readonly name: string;
  /** Position of the header that introduces it (the first of its extended headers). */
  readonly headerOffset: number;
  /** Position of its first byte. */
  readonly bodyOffset: number;
  readonly sizeBytes: number;
  readonly kind: MemberKind;
}

/** `file` has a body of its own; `directory` is structure; `other` is a link, device or sparse file. */
export type MemberKind = 'file' | 'directory' | 'other';

/** The tar cannot be read further: from `offset` on it is not what a tar has there. */
export class TarDamage extends Error {
  readonly offset: number;
  readonly reason: string;

  constructor(offset: number, reason: string) {
    super(`${reason} at byte ${String(offset)}`);
    this.name = 'TarDamage';
    this.offset = offset;
    this.reason = reason;
  }
}

/**
 * Yields the members of a tar in their order: ustar, gnu and pax, decoded by the `tar` package.
 *
 * @throws TarDamage where the tar is cut off or is no tar. A member whose body is cut off is not yielded.
 */
export async function* readTarIndex(source: ByteSource): AsyncGenerator<TarMember, void, undefined> {
  const window = new Window(source);
  const size = source.sizeBytes;
  let globalPax: Pax | undefined;
  let pax: Pax | undefined;
  let paxIsSparse = false;
  let longName: string | undefined;
  let firstHeader: number | undefined;
  let position = 0;

  for (;;) {
    if (position >= size) {
      throw new TarDamage(
        size,
        size === 0 ? 'the file is empty' : 'the tar is cut off: its end mark is missing',
      );
    }
    const bytes = await window.block(position);
    if (!bytes) throw new TarDamage(position, 'the tar is cut off inside a header');
    const header = decode(bytes, position, pax, globalPax);
    if (header.nullBlock) {
      if (firstHeader !== undefined)
        throw new TarDamage(position, 'a member is missing after its extended header');
      return;
    }
    if (!header.cksumValid) {
      throw new TarDamage(
        position,
        position === 0 ? 'this is no tar: the first header is not valid' : 'a header is not valid',
      );
    }
    const headerOffset = firstHeader ?? position;
    const bodySize = header.size;
    if (bodySize === undefined || !Number.isSafeInteger(bodySize)) {
      throw new TarDamage(position, 'a header has no valid size');
    }
    let bodyOffset = position + block;

    switch (header.type) {
      case 'ExtendedHeader':
      case 'OldExtendedHeader':
      case 'GlobalExtendedHeader': {
        const text = await extension(source, bodyOffset, bodySize);
        if (header.type === 'GlobalExtendedHeader') {
          globalPax = Pax.parse(text, globalPax, true);
        } else {
          pax = Pax.parse(text, pax, false);
          paxIsSparse = text.includes(' GNU.sparse.');
          firstHeader = headerOffset;
        }
        break;
      }
      case 'NextFileHasLongPath':
      case 'OldGnuLongPath':
        longName = (await extension(source, bodyOffset, bodySize)).replace(/\0[^]*/, '');
        firstHeader = headerOffset;
        break;
      case 'NextFileHasLongLinkpath':
        firstHeader = headerOffset;
        break;
      default: {
        if (header.type === 'SparseFile') bodyOffset = await endOfSparseMap(window, bytes, bodyOffset);
        const kind = paxIsSparse ? 'other' : kindOf(header.type);
        // Links and directories have no body even where their header names a size.
        const stored = kind === 'file' || header.type === 'SparseFile' || paxIsSparse ? bodySize : 0;
        if (bodyOffset + stored > size) {
          throw new TarDamage(headerOffset, 'the tar is cut off inside a member');
        }
        yield {
          // A pax name is whole; the `tar` package would put the ustar prefix before it.
          name: longName ?? pax?.path ?? header.path ?? '',
          headerOffset,
          bodyOffset,
          sizeBytes: stored,
          kind,
        };
        position = bodyOffset + padded(stored);
        pax = undefined;
        paxIsSparse = false;
        longName = undefined;
        firstHeader = undefined;
        continue;
      }
    }
    position = bodyOffset + padded(bodySize);
  }
}

function decode(bytes: Buffer, position: number, pax: Pax | undefined, globalPax: Pax | undefined): Header {
  try {
    return new Header(bytes, 0, pax, globalPax);
  } catch {
    // Thrown for numbers of more than 53 bits, which no real header holds.
    throw new TarDamage(position, 'a header is not valid');
  }
}

function kindOf(type: Header['type']): MemberKind {
  switch (type) {
    case 'File':
    case 'OldFile':
    case 'ContiguousFile':
      return 'file';
    case 'Directory':
    case 'GNUDumpDir':
      return 'directory';
    default:
      return 'other';
  }
}

function padded(bytes: number): number {
  return Math.ceil(bytes / block) * block;
}

async function extension(source: ByteSource, offset: number, length: number): Promise<string> {
  if (length > largestExtension)
    throw new TarDamage(offset - block, 'an extended header is too long to be real');
  const bytes = await readAt(source, offset, length);
  if (bytes.length < length)
    throw new TarDamage(offset - block, 'the tar is cut off inside an extended header');
  return bytes.toString('utf8');
}

/** Old GNU sparse files continue their map in further blocks, each saying whether one more follows. */
async function endOfSparseMap(window: Window, header: Buffer, offset: number): Promise<number> {
  const isExtended = 482;
  const mapContinues = 504;
  let more = header[isExtended] === 1;
  while (more) {
    const map = await window.block(offset);
    if (!map) throw new TarDamage(offset, 'the tar is cut off inside a sparse map');
    more = map[mapContinues] === 1;
    offset += block;
  }
  return offset;
}

/**
 * Reads header blocks through a window whose length follows the distance between headers: with small bodies
 * a header mostly lies in what is read already; with large ones reading more than the header is waste.
 */
class Window {
  readonly #source: ByteSource;
  readonly #buffer = Buffer.allocUnsafe(largestWindow);
  #start = 0;
  #length = 0;
  #next = largestWindow;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** The block at `position`; undefined where the source ends before the block does. Valid until the next call. */
  async block(position: number): Promise<Buffer | undefined> {
    let at = position - this.#start;
    if (at < 0 || at + block > this.#length) {
      const jump = position - (this.#start + this.#length);
      this.#next = jump > largestWindow ? smallestWindow : largestWindow;
      this.#start = position;
      this.#length = await this.#source.read(this.#buffer.subarray(0, this.#next), position);
      at = 0;
    }
    if (at + block > this.#length) return undefined;
    return this.#buffer.subarray(at, at + block);
  }
}
