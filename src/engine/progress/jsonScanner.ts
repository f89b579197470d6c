/** The text is no JSON from `offset` on. */
export class JsonDamage extends Error {
  readonly offset: number;

  constructor(offset: number, reason: string) {
    super(`${reason} at byte ${String(offset)}`);
    this.name = 'JsonDamage';
    this.offset = offset;
  }
}

/**
 * What a scanner tells. Tokens are given as `bytes[from, to)`, valid during the call, and by their place in
 * the whole text: `at` is the offset of their first byte.
 */
export interface JsonListener {
  /** A `{` or `[`. */
  open(isObject: boolean, at: number): void;
  /** The bracket that closes the last one still open. */
  close(isObject: boolean, at: number): void;
  /** A key, with its quotes. */
  key(bytes: Buffer, from: number, to: number, at: number): void;
  /** A string with its quotes, a number, or `true`, `false`, `null`. */
  scalar(bytes: Buffer, from: number, to: number, at: number): void;
  /** A whole value at the top has ended before `at`. Several may stand in a row. */
  document(at: number): void;
}

/** What may come next. */
const state = {
  document: 0,
  value: 1,
  valueOrEnd: 2,
  key: 3,
  keyOrEnd: 4,
  colon: 5,
  commaOrEnd: 6,
} as const;
type State = (typeof state)[keyof typeof state];

const char = {
  tab: 0x09,
  newline: 0x0a,
  return: 0x0d,
  space: 0x20,
  quote: 0x22,
  comma: 0x2c,
  minus: 0x2d,
  point: 0x2e,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  openBracket: 0x5b,
  backslash: 0x5c,
  closeBracket: 0x5d,
  u: 0x75,
  openBrace: 0x7b,
  closeBrace: 0x7d,
} as const;

/** Told by `#token` that the window ends before the token does. */
const cutOff = -1;

/**
 * Reads JSON of any length piece by piece, as strictly as `JSON.parse` does, and tells what it finds. It
 * builds no values and keeps nothing but the nesting, so that a file of gigabytes costs no memory.
 *
 * The only thing that must stand in one piece is a token: what `scan` does not consume is to be passed again
 * in front of more bytes.
 */
export class JsonScanner {
  readonly #listener: JsonListener;
  /** For each open bracket, whether it is a `{`. */
  readonly #open: boolean[] = [];
  #state: State = state.document;
  #offset = 0;

  constructor(listener: JsonListener) {
    this.#listener = listener;
  }

  /**
   * Scans a window, which begins where the last one was consumed to.
   *
   * @param isLast whether the text ends with this window.
   * @returns how many bytes were consumed.
   * @throws JsonDamage
   */
  scan(window: Buffer, isLast: boolean): number {
    const base = this.#offset;
    let at = 0;
    if (base === 0 && window[0] === 0xef && window[1] === 0xbb && window[2] === 0xbf) at = 3;
    while (at < window.length) {
      const byte = window[at];
      if (
        byte === char.space ||
        byte === char.newline ||
        byte === char.return ||
        byte === char.tab ||
        byte === undefined
      ) {
        at++;
        continue;
      }
      const next = this.#step(window, at, byte, base + at, isLast);
      if (next === cutOff) {
        if (isLast) throw new JsonDamage(base + window.length, 'the text is cut off');
        break;
      }
      at = next;
    }
    this.#offset = base + at;
    if (isLast && this.#state !== state.document) throw new JsonDamage(this.#offset, 'the text is cut off');
    return at;
  }

  /** Takes one token and returns the index after it, or `cutOff`. */
  #step(window: Buffer, at: number, byte: number, offset: number, isLast: boolean): number {
    switch (this.#state) {
      case state.commaOrEnd: {
        const inObject = this.#open.at(-1) === true;
        if (byte === char.comma) {
          this.#state = inObject ? state.key : state.value;
          return at + 1;
        }
        return this.#close(inObject, byte, at, offset);
      }
      case state.colon:
        if (byte !== char.colon) throw new JsonDamage(offset, 'a colon is missing');
        this.#state = state.value;
        return at + 1;
      case state.keyOrEnd:
        if (byte === char.closeBrace) return this.#close(true, byte, at, offset);
        return this.#key(window, at, byte, offset);
      case state.key:
        return this.#key(window, at, byte, offset);
      case state.valueOrEnd:
        if (byte === char.closeBracket) return this.#close(false, byte, at, offset);
        return this.#value(window, at, byte, offset, isLast);
      case state.value:
      case state.document:
        return this.#value(window, at, byte, offset, isLast);
      default:
        return this.#state satisfies never;
    }
  }

  #key(window: Buffer, at: number, byte: number, offset: number): number {
    if (byte !== char.quote) throw new JsonDamage(offset, 'a key is missing');
    const end = endOfString(window, at, offset);
    if (end === cutOff) return cutOff;
    this.#state = state.colon;
    this.#listener.key(window, at, end, offset);
    return end;
  }

  #value(window: Buffer, at: number, byte: number, offset: number, isLast: boolean): number {
    if (byte === char.openBrace || byte === char.openBracket) {
      const isObject = byte === char.openBrace;
      this.#open.push(isObject);
      this.#state = isObject ? state.keyOrEnd : state.valueOrEnd;
      this.#listener.open(isObject, offset);
      return at + 1;
    }
    const end =
      byte === char.quote ? endOfString(window, at, offset) : endOfWord(window, at, byte, offset, isLast);
    if (end === cutOff) return cutOff;
    this.#listener.scalar(window, at, end, offset);
    this.#valueEnded(offset + end - at);
    return end;
  }

  #close(isObject: boolean, byte: number, at: number, offset: number): number {
    if (byte !== (isObject ? char.closeBrace : char.closeBracket)) {
      throw new JsonDamage(offset, 'a comma or an end is missing');
    }
    this.#open.pop();
    this.#listener.close(isObject, offset);
    this.#valueEnded(offset + 1);
    return at + 1;
  }

  #valueEnded(offset: number): void {
    if (this.#open.length > 0) {
      this.#state = state.commaOrEnd;
      return;
    }
    this.#state = state.document;
    this.#listener.document(offset);
  }
}

/** The index after a string that begins at `from`. */
function endOfString(window: Buffer, from: number, offset: number): number {
  const { length } = window;
  for (let at = from + 1; at < length; at++) {
    const byte = window[at] ?? 0;
    if (byte === char.quote) return at + 1;
    if (byte < char.space) throw new JsonDamage(offset + at - from, 'a control character stands in a text');
    if (byte !== char.backslash) continue;
    at++;
    if (at >= length) return cutOff;
    const escaped = window[at] ?? 0;
    if (escaped === char.u) {
      if (at + 4 >= length) return cutOff;
      for (let n = 1; n <= 4; n++) {
        if (!isHex(window[at + n] ?? 0)) throw new JsonDamage(offset + at - from, 'an escape is not valid');
      }
      at += 4;
    } else if (!simpleEscapes.has(escaped)) {
      throw new JsonDamage(offset + at - from, 'an escape is not valid');
    }
  }
  return cutOff;
}

const simpleEscapes: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));

function isHex(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= char.zero && byte <= char.nine;
}

const literals = new Map([
  [0x74, Buffer.from('true')],
  [0x66, Buffer.from('false')],
  [0x6e, Buffer.from('null')],
]);

/** The index after a literal or a number that begins at `from`. */
function endOfWord(window: Buffer, from: number, byte: number, offset: number, isLast: boolean): number {
  const literal = literals.get(byte);
  if (literal) {
    const end = from + literal.length;
    if (end > window.length && !isLast) return cutOff;
    if (window.compare(literal, 0, literal.length, from, Math.min(end, window.length)) === 0) return end;
  } else if (byte === char.minus || isDigit(byte)) {
    let end = from;
    while (end < window.length && isPartOfNumber(window[end] ?? 0)) end++;
    // More digits may follow in the next piece.
    if (end === window.length && !isLast) return cutOff;
    if (validNumber.test(window.toString('latin1', from, end))) return end;
  }
  throw new JsonDamage(offset, 'what stands here is no value');
}

const validNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

function isPartOfNumber(byte: number): boolean {
  return (
    isDigit(byte) ||
    byte === char.minus ||
    byte === char.point ||
    byte === 0x2b ||
    byte === 0x65 ||
    byte === 0x45
  );
}
