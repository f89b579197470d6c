import { hash } from 'node:crypto';
import { readAt, type ByteSource } from './byteSource.ts';
import { headLength } from './headLength.ts';
import { TarDamage } from './tarDamage.ts';
import { blockKind, blockSize } from './tarHeader.ts';
import { AfterEnd, lookedAtAfterEnd, loneZeroBlockNotice } from './afterEnd.ts';
import { TarWalk, type TarMember } from './tarWalk.ts';

/** With large bodies, one read a header, and not a byte more than that; or what their bodies begin with, where that is wanted. */
const smallestWindow = blockSize;
/** Where the next header is nearer than this, reading all up to it costs less than another read. */
const usualWindow = 64 * 1024;
/** With the smallest bodies: each read is waited for, and with four times as much a worker only takes more memory. */
const largestWindow = 512 * 1024;
/** As many headers in one window make it worth to read more at once. */
const manyHeaders = 16;

/**
 * A body up to this size is taken along where it lies in what was read for the headers: reading it again would cost
 * more than all else that is done with it.
 */
const largestBodyTaken = 16 * 1024;
/**
 * Bodies of up to half of this share memory: to ask for it for each alone would take longer than to copy it. A thread that is
 * sent one of them gets a copy of all that it lies in, so that is little.
 */
const bodiesTogether = 8 * 1024;

export interface IndexedMember {
  readonly member: TarMember;
  /** The body, where it was read with the header. */
  readonly body: Buffer | null;
  /** What a larger one begins with, where that was read with the header. */
  readonly head: Buffer | null;
}

export interface IndexOptions {
  /** Members whose `headerOffset` is below are left out. The one at it, or at 0, must be a member's. */
  readonly from?: number;
  /** Small bodies are wanted, too, where they were read with their headers, and what larger ones begin with. */
  readonly takesBodies?: boolean;
  /** Told of what is odd but costs no member. */
  readonly onNotice?: (message: string) => void;
}

/**
 * Yields the members of a tar in their order, as many at a time as one read found. Goes from header to header by
 * position and never touches a body, so that nobody waits for the end of a 300 GB tar.
 *
 * @throws TarDamage where the tar is cut off or is no tar. A member whose body is cut off is not yielded.
 */
export async function* readTarIndex(
  source: ByteSource,
  { from = 0, takesBodies = false, onNotice }: IndexOptions = {},
): AsyncGenerator<IndexedMember[], void, undefined> {
  const window = new Window(source, takesBodies ? smallestWindow + headLength : smallestWindow);
  const walk = new TarWalk(source.sizeBytes, await startAt(window, from));
  const links = new LinkTargets(source);

  const settle = (member: TarMember): TarMember | Promise<TarMember> => {
    if (walk.linkTarget) return links.resolve(member, walk.linkTarget, walk.rawName);
    links.pass(member.headerOffset, walk.rawName);
    return member;
  };
  /** Its small body goes on behind the window. */
  let cut: TarMember | null = null;
  while (!walk.hasEnded()) {
    const found: IndexedMember[] = [];
    if (cut) {
      // What comes next is read with it. Where it cannot be, that is for whoever reads the body, or the next header.
      await window.load(cut.bodyOffset, cut.sizeBytes).catch(() => false);
      found.push({ member: cut, body: window.bodyOf(cut), head: null });
      cut = null;
    }
    let damage: TarDamage | undefined;
    try {
      while (!walk.hasEnded() && window.has(walk.position, walk.needs)) {
        const member = walk.take(window.bytes, window.at(walk.position));
        if (!member) continue;
        // Waiting for what is there already would cost more than all the rest.
        const settled = walk.linkTarget || links.inUse ? await settle(member) : member;
        if (settled.headerOffset < from) continue;
        if (takesBodies && window.cuts(settled)) {
          cut = settled;
          break;
        }
        const body = takesBodies ? window.bodyOf(settled) : null;
        const head = takesBodies && !body ? window.headOf(settled) : null;
        found.push({ member: settled, body, head });
      }
    } catch (thrown) {
      if (!(thrown instanceof TarDamage)) throw thrown;
      damage = thrown;
    }
    if (found.length > 0) yield found;
    if (damage) throw damage;
    if (cut || walk.hasEnded() || (await window.load(walk.position, walk.needs))) continue;
    const member = walk.finish(source.sizeBytes);
    if (member && member.headerOffset >= from)
      yield [{ member: await settle(member), body: null, head: null }];
  }
  const notice =
    walk.loneZeroBlock === null
      ? await lookAfterEnd(source, walk.position)
      : loneZeroBlockNotice(walk.loneZeroBlock);
  if (notice !== null) onNotice?.(notice);
}

/** `from`, when a header stands there; else the start, and the members before `from` are left out one by one. */
async function startAt(window: Window, from: number): Promise<number> {
  if (from === 0 || from % blockSize !== 0 || !(await window.load(from, blockSize))) return 0;
  return blockKind(window.bytes, window.at(from)) === 'header' ? from : 0;
}

/** Data may follow an end mark (two tars joined by `cat`); nobody reads them, so somebody has to say so. */
async function lookAfterEnd(source: ByteSource, position: number): Promise<string | null> {
  const rest = source.sizeBytes - position;
  if (rest === 0) return null;
  const look = new AfterEnd(position);
  look.see(await readAt(source, position, Math.min(rest, lookedAtAfterEnd)));
  return look.notice(source.sizeBytes);
}

/**
 * Finds what hard links point to. They are rare in tars of books, so names are remembered only from the first
 * one on; the headers before it are then read a second time. Costs some 80 bytes for each member.
 */
class LinkTargets {
  readonly #source: ByteSource;
  #window: Window | null = null;
  #headerOffsets: Map<string, number> | null = null;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  get inUse(): boolean {
    return this.#headerOffsets !== null;
  }

  /** Remembers a member that later links may point to. */
  pass(headerOffset: number, name: Buffer): void {
    this.#headerOffsets?.set(keyOf(name), headerOffset);
  }

  /** The link as a file with the body of what it points to, or as it is when that is no file before it. */
  async resolve(link: TarMember, target: Buffer, name: Buffer): Promise<TarMember> {
    const known = (this.#headerOffsets ??= await this.#readNames(link.headerOffset));
    const headerOffset = known.get(keyOf(target));
    if (headerOffset === undefined) return link;
    known.set(keyOf(name), headerOffset);
    const file = await this.#memberAt(headerOffset);
    if (file?.kind !== 'file') return { ...link, reason: 'hard link to something that is no file' };
    return { ...link, bodyOffset: file.bodyOffset, sizeBytes: file.sizeBytes, kind: 'file', reason: null };
  }

  async #readNames(before: number): Promise<Map<string, number>> {
    const known = new Map<string, number>();
    const window = new Window(this.#source);
    const walk = new TarWalk(this.#source.sizeBytes);
    while (walk.position < before && (await window.load(walk.position, walk.needs))) {
      while (walk.position < before && window.has(walk.position, walk.needs)) {
        const member = walk.take(window.bytes, window.at(walk.position));
        if (!member) continue;
        // A link to a link is one to what that points to.
        const headerOffset = walk.linkTarget ? known.get(keyOf(walk.linkTarget)) : member.headerOffset;
        if (headerOffset !== undefined) known.set(keyOf(walk.rawName), headerOffset);
      }
    }
    return known;
  }

  async #memberAt(headerOffset: number): Promise<TarMember | null> {
    const window = (this.#window ??= new Window(this.#source));
    const walk = new TarWalk(this.#source.sizeBytes, headerOffset);
    while (!walk.hasEnded() && (await window.load(walk.position, walk.needs))) {
      const member = walk.take(window.bytes, window.at(walk.position));
      if (member) return member;
    }
    return null;
  }
}

/** Short and of one length for all names; 96 bits are not met twice by accident. */
function keyOf(name: Buffer): string {
  let start = 0;
  // Some programs write `./a` for a member and `a` for a link to it.
  for (;;) {
    if (name[start] === 0x2f) start++;
    else if (name[start] === 0x2e && name[start + 1] === 0x2f) start += 2;
    else break;
  }
  return hash('sha1', name.subarray(start), 'binary').slice(0, 12);
}

/**
 * Reads header blocks through a window whose length follows the distance between headers: with small bodies
 * a header mostly lies in what is read already; with large ones reading more than the header is waste.
 */
class Window {
  readonly #source: ByteSource;
  readonly #smallest: number;
  bytes: Buffer = Buffer.alloc(0);
  /** What is read into again and again, while bodies are small. */
  #own: Buffer = Buffer.alloc(0);
  #start = 0;
  #length = 0;
  #taken = 0;
  /** Memory for small bodies, and how much of it has one. */
  #bodies = Buffer.alloc(0);
  #bodiesTaken = 0;

  constructor(source: ByteSource, smallest = smallestWindow) {
    this.#source = source;
    this.#smallest = smallest;
  }

  has(position: number, length: number): boolean {
    return position >= this.#start && position + length <= this.#start + this.#length;
  }

  /** Whether a small body begins here and goes on where nothing was read yet. */
  cuts({ kind, bodyOffset, sizeBytes }: TarMember): boolean {
    if (kind !== 'file' || sizeBytes > largestBodyTaken) return false;
    return this.has(bodyOffset, 0) && !this.has(bodyOffset, sizeBytes);
  }

  /** A copy of a small body that is there; null for any other. */
  bodyOf({ kind, bodyOffset, sizeBytes }: TarMember): Buffer | null {
    if (kind !== 'file' || sizeBytes > largestBodyTaken || !this.has(bodyOffset, sizeBytes)) return null;
    const body = this.#memoryFor(sizeBytes);
    const at = bodyOffset - this.#start;
    this.bytes.copy(body, 0, at, at + sizeBytes);
    return body;
  }

  /** What a body begins with, if that is there: a copy, where it is overwritten next. */
  headOf({ kind, bodyOffset, sizeBytes }: TarMember): Buffer | null {
    if (kind !== 'file' || sizeBytes < headLength || !this.has(bodyOffset, headLength)) return null;
    const at = bodyOffset - this.#start;
    const head = this.bytes.subarray(at, at + headLength);
    return this.bytes === this.#own ? Buffer.from(head) : head;
  }

  #memoryFor(sizeBytes: number): Buffer {
    if (sizeBytes > bodiesTogether / 2) return Buffer.allocUnsafeSlow(sizeBytes);
    if (this.#bodies.length - this.#bodiesTaken < sizeBytes) {
      this.#bodies = Buffer.allocUnsafeSlow(bodiesTogether);
      this.#bodiesTaken = 0;
    }
    const start = this.#bodiesTaken;
    this.#bodiesTaken += sizeBytes;
    return this.#bodies.subarray(start, this.#bodiesTaken);
  }

  /** Where in `bytes` a position is, for one who takes what stands there. */
  at(position: number): number {
    this.#taken++;
    return position - this.#start;
  }

  /** Makes `length` bytes from `position` on be there; false where the source ends before. */
  async load(position: number, length: number): Promise<boolean> {
    if (this.has(position, length)) return true;
    const jump = position - (this.#start + this.#length);
    const near = this.#taken >= manyHeaders ? largestWindow : usualWindow;
    const isFar = jump > usualWindow;
    const wanted = Math.max(length, isFar ? this.#smallest : near);
    this.#taken = 0;
    this.#start = position;
    // Where the read fails, nothing is there: what was there before stands somewhere else.
    this.#length = 0;
    if (isFar && this.#source.readHeader) {
      this.bytes = await this.#source.readHeader(position, wanted, usualWindow);
      this.#length = this.bytes.length;
    } else {
      if (wanted > this.#own.length) this.#own = Buffer.allocUnsafe(Math.max(wanted, usualWindow));
      this.bytes = this.#own;
      this.#length = await this.#source.read(this.#own.subarray(0, wanted), position);
    }
    return this.#length >= length;
  }
}
