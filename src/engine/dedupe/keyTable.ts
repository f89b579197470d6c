/** Words of one entry; see the layout below. */
const entryWords = 7;
const segments = 256;
const firstCapacity = 16;
/** A fuller table probes too far, an emptier one wastes memory: 35 to 44 bytes a key between two growths. */
const fullest = 0.8;
const growth = 1.25;
/** A small one grows faster: what that wastes is little, and what growing takes is most of what a small table takes. */
const smallGrowth = 2;
const smallCapacity = 512;

/*
 * An entry, 28 bytes. The first byte of the SHA-1 chooses the segment and need not be stored.
 *
 *   0      bytes 2 to 4 of the SHA-1, and the upper 8 bits of the owner
 *   1 - 4  bytes 5 to 20 of the SHA-1
 *   5      the lower 32 bits of the size
 *   6      the upper 21 bits of the size, the lower 8 bits of the owner, and the flags
 */
const used = 1 << 29;
const withoutSize = 1 << 30;
const ownerShift = 21;
const sizeHighMask = (1 << ownerShift) - 1;

export const largestOwner = 0xffff;

interface Segment {
  words: Uint32Array<ArrayBuffer>;
  capacity: number;
  count: number;
}

/** A part of a table as it lies in memory. */
export interface KeyTablePart {
  readonly words: Uint32Array<ArrayBuffer>;
  /** How many keys it has. */
  readonly count: number;
}

/** The key under question, taken apart once for each call; the calls are not reentrant. */
const probe = new Uint32Array(5);

const hexDigit = new Int8Array(128).fill(-1);
for (let n = 0; n < 16; n++) {
  hexDigit[n.toString(16).charCodeAt(0)] = n;
  hexDigit[n.toString(16).toUpperCase().charCodeAt(0)] = n;
}

/**
 * Every known key once, packed: open addressing with linear probing in typed arrays. A JavaScript set of ten
 * million keys takes 2.1 GB, and none takes more than 16.7 million; this takes about 40 bytes a key.
 *
 * It is split by the first byte of the SHA-1 into segments that grow one at a time, so that growing never
 * needs a second table as large as the first.
 *
 * A record may lack its size, as those of the Python system do; it then stands for its SHA-1 at any size.
 */
export class KeyTable {
  readonly #segments: Segment[];
  #count: number;

  /** @param parts of a table before, in their order, which are this one's from now on */
  constructor(parts: readonly KeyTablePart[] = emptyParts()) {
    if (parts.length !== segments) throw new Error('these are not the parts of a table');
    this.#segments = parts.map(({ words, count }) => ({ words, count, capacity: words.length / entryWords }));
    for (const { capacity, count } of this.#segments) {
      // What is full is searched for ever.
      if (!Number.isInteger(capacity) || capacity < firstCapacity || count > capacity * fullest)
        throw new Error('this is no part of a table');
    }
    this.#count = parts.reduce((sum, { count }) => sum + count, 0);
  }

  /** How many records there are. */
  get count(): number {
    return this.#count;
  }

  /** Bytes that the records take. */
  get sizeBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.words.byteLength, 0);
  }

  /**
   * Makes room at once for so many keys in all. A table that grows leaves holes in the memory of the process, which the
   * system does not get back: two thirds of the table at ten million keys.
   */
  reserve(count: number): void {
    // What is spread evenly differs by about the root of it.
    const inSegment = count / segments;
    const capacity = Math.ceil((inSegment + 3 * Math.sqrt(inSegment)) / fullest);
    for (const segment of this.#segments) if (segment.capacity < capacity) growTo(segment, capacity);
  }

  /** All that the table is, for whoever saves it. Valid until the next key is recorded. */
  get parts(): readonly KeyTablePart[] {
    return this.#segments;
  }

  /** Owner of this key, or else of a record without size of its SHA-1; undefined when neither is known. */
  get(sha1: string, sizeBytes: number): number | undefined {
    if (!parse(sha1)) return undefined;
    const { words, capacity } = this.#segment();
    let any: number | undefined;
    for (let at = home(capacity); ; at = at + 1 === capacity ? 0 : at + 1) {
      const base = at * entryWords;
      if (isFree(words, base)) return any;
      if (!isSameSha1(words, base)) continue;
      if (isSameSize(words, base, sizeBytes)) return ownerAt(words, base);
      if (isSameSize(words, base, undefined)) any = ownerAt(words, base);
    }
  }

  /** Whether any record has this SHA-1, at whatever size. */
  hasSha1(sha1: string): boolean {
    if (!parse(sha1)) return false;
    const { words, capacity } = this.#segment();
    for (let at = home(capacity); ; at = at + 1 === capacity ? 0 : at + 1) {
      const base = at * entryWords;
      if (isFree(words, base)) return false;
      if (isSameSha1(words, base)) return true;
    }
  }

  /**
   * Records a key, in the place of a record with the same SHA-1 and size (or, both times, without one).
   * An owner above `largestOwner` counts as that one.
   *
   * @returns false for what is no SHA-1 in hex digits, which is not recorded.
   */
  set(sha1: string, sizeBytes: number | undefined, owner: number): boolean {
    return this.#record(sha1, sizeBytes, owner, false);
  }

  /** The same, but the higher owner stays: in whatever order keys are added, the table comes to say the same. */
  add(sha1: string, sizeBytes: number | undefined, owner: number): boolean {
    return this.#record(sha1, sizeBytes, owner, true);
  }

  /**
   * Records a key whose SHA-1 no record has, at any size.
   *
   * @returns false where one has it, and for what is no SHA-1 in hex digits: nothing is recorded then.
   */
  setNewSha1(sha1: string, sizeBytes: number, owner: number): boolean {
    if (!parse(sha1)) return false;
    const segment = this.#withRoom();
    const { words, capacity } = segment;
    for (let at = home(capacity); ; at = at + 1 === capacity ? 0 : at + 1) {
      const base = at * entryWords;
      if (isFree(words, base)) {
        write(words, base, sizeBytes, Math.min(owner, largestOwner));
        segment.count++;
        this.#count++;
        return true;
      }
      if (isSameSha1(words, base)) return false;
    }
  }

  #record(sha1: string, sizeBytes: number | undefined, owner: number, keepsHigher: boolean): boolean {
    if (!parse(sha1)) return false;
    const segment = this.#withRoom();
    const { words, capacity } = segment;
    for (let at = home(capacity); ; at = at + 1 === capacity ? 0 : at + 1) {
      const base = at * entryWords;
      const free = isFree(words, base);
      if (!free && !(isSameSha1(words, base) && isSameSize(words, base, sizeBytes))) continue;
      const mine = Math.min(owner, largestOwner);
      write(words, base, sizeBytes, keepsHigher && !free ? Math.max(mine, ownerAt(words, base)) : mine);
      if (free) {
        segment.count++;
        this.#count++;
      }
      return true;
    }
  }

  /** The segment of the key under question, with room for one more. */
  #withRoom(): Segment {
    const segment = this.#segment();
    if (segment.count + 1 > segment.capacity * fullest)
      growTo(
        segment,
        Math.ceil(segment.capacity * (segment.capacity < smallCapacity ? smallGrowth : growth)),
      );
    return segment;
  }

  #segment(): Segment {
    const segment = this.#segments[(probe[0] ?? 0) >>> 24];
    if (!segment) throw new Error('a byte has no segment');
    return segment;
  }
}

function emptyParts(): KeyTablePart[] {
  return Array.from({ length: segments }, () => ({
    words: new Uint32Array(firstCapacity * entryWords),
    count: 0,
  }));
}

/** Takes a SHA-1 apart into `probe`; false when it is none. */
function parse(sha1: string): boolean {
  if (sha1.length !== 40) return false;
  for (let word = 0; word < 5; word++) {
    let value = 0;
    for (let at = word * 8; at < word * 8 + 8; at++) {
      const digit = hexDigit[sha1.charCodeAt(at)] ?? -1;
      if (digit < 0) return false;
      value = (value << 4) | digit;
    }
    probe[word] = value;
  }
  return true;
}

/**
 * The place of a key whose words these are. A SHA-1 is even already, but digests made up for a test or by hand
 * need not be, and a table that takes their sameness for its own gets slower with each of them.
 */
function placeOf(w0: number, w1: number, w2: number, w3: number, w4: number, capacity: number): number {
  let hash = Math.imul((w0 & 0xffffff) ^ w1, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15) ^ w2, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 13) ^ w3, 0x27d4eb2f);
  hash = Math.imul(hash ^ (hash >>> 16) ^ w4, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  // Scaled to the capacity without a division.
  return Math.floor((((hash ^ (hash >>> 16)) >>> 0) * capacity) / 2 ** 32);
}

function home(capacity: number): number {
  return placeOf(probe[0] ?? 0, probe[1] ?? 0, probe[2] ?? 0, probe[3] ?? 0, probe[4] ?? 0, capacity);
}

function isFree(words: Uint32Array, base: number): boolean {
  return ((words[base + 6] ?? 0) & used) === 0;
}

function isSameSha1(words: Uint32Array, base: number): boolean {
  return (
    words[base + 1] === probe[1] &&
    words[base + 2] === probe[2] &&
    words[base + 3] === probe[3] &&
    words[base + 4] === probe[4] &&
    (words[base] ?? 0) >>> 8 === ((probe[0] ?? 0) & 0xffffff)
  );
}

function isSameSize(words: Uint32Array, base: number, sizeBytes: number | undefined): boolean {
  const last = words[base + 6] ?? 0;
  if ((last & withoutSize) !== 0) return sizeBytes === undefined;
  if (sizeBytes === undefined) return false;
  return words[base + 5] === sizeBytes >>> 0 && (last & sizeHighMask) === Math.floor(sizeBytes / 2 ** 32);
}

function ownerAt(words: Uint32Array, base: number): number {
  const upper = (words[base] ?? 0) & 0xff;
  return (upper << 8) | (((words[base + 6] ?? 0) >>> ownerShift) & 0xff);
}

function write(words: Uint32Array, base: number, sizeBytes: number | undefined, owner: number): void {
  const size = sizeBytes ?? 0;
  words[base] = ((probe[0] ?? 0) << 8) | (owner >>> 8);
  words[base + 1] = probe[1] ?? 0;
  words[base + 2] = probe[2] ?? 0;
  words[base + 3] = probe[3] ?? 0;
  words[base + 4] = probe[4] ?? 0;
  words[base + 5] = size >>> 0;
  words[base + 6] =
    Math.floor(size / 2 ** 32) |
    ((owner & 0xff) << ownerShift) |
    used |
    (sizeBytes === undefined ? withoutSize : 0);
}

function growTo(segment: Segment, capacity: number): void {
  const old = segment.words;
  const words = new Uint32Array(capacity * entryWords);
  for (let from = 0; from < old.length; from += entryWords) {
    if (isFree(old, from)) continue;
    let at = placeOf(
      (old[from] ?? 0) >>> 8,
      old[from + 1] ?? 0,
      old[from + 2] ?? 0,
      old[from + 3] ?? 0,
      old[from + 4] ?? 0,
      capacity,
    );
    while (!isFree(words, at * entryWords)) at = at + 1 === capacity ? 0 : at + 1;
    const to = at * entryWords;
    // Word by word: `set` with a subarray makes an object for each entry, and takes several times as long.
    for (let word = 0; word < entryWords; word++) words[to + word] = old[from + word] ?? 0;
  }
  segment.words = words;
  segment.capacity = capacity;
}
