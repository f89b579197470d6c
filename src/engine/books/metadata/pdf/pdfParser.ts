import { latin1, type BookBytes } from '../bookBytes.ts';
import { UnreadableBookError } from '../bookMetadata.ts';

/** A string as it stands in the file: its bytes, one character each. See pdfText.ts for its text. */
export interface PdfString {
  readonly kind: 'string';
  readonly bytes: string;
}
export interface PdfName {
  readonly kind: 'name';
  readonly name: string;
}
export interface PdfReference {
  readonly kind: 'reference';
  readonly number: number;
  readonly generation: number;
}
export type PdfDictionary = Map<string, PdfValue>;
export type PdfArray = PdfValue[];
/** Undefined stands for null, true and whatever else nobody asks for; false is told, as one flag is true by default. */
export type PdfValue =
  PdfString | PdfName | PdfReference | PdfDictionary | PdfArray | number | false | undefined;

// Catalogs, Info dictionaries and the dictionaries of streams are far smaller.
const windowBytes = 64 * 1024;
// And most of them are smaller than this, so that more is taken only where it is needed.
const firstWindowBytes = 1024;
/** What is parsed with less than this behind it may be cut off within a token. */
const nearEnd = 256;
const maxDepth = 16;

const blanks = /(?:[\0\t\n\f\r ]+|%[^\r\n]*)*/y;
const referenceToken = /(\d{1,10})[\0\t\n\f\r ]+(\d{1,5})[\0\t\n\f\r ]+R(?![A-Za-z])/y;
const nameToken = /\/([^\0\t\n\f\r ()<>[\]{}/%]*)/y;
const otherToken = /[^\0\t\n\f\r ()<>[\]{}/%]+/y;
const hexToken = /<([\da-fA-F\0\t\n\f\r ]*)>/y;
const headerToken = /(\d{1,10})[\0\t\n\f\r ]+(\d{1,5})[\0\t\n\f\r ]+obj/y;
const streamToken = /stream(?:\r\n|\n|\r)/y;
const plainRun = /[^\\()\r]+/y;
const numberToken = /^[+-]?(?:\d+\.?\d*|\.\d+)$/;

/** Reads values one after another; bounded by {@link windowBytes} and {@link maxDepth}. */
export class PdfParser {
  readonly #bytes: BookBytes;
  readonly #start: number;
  #text: string;
  #at = 0;

  constructor(bytes: BookBytes, start: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.#text = latin1(bytes, start, start + firstWindowBytes);
  }

  /** The place in the bytes that is reached. */
  get position(): number {
    return this.#start + this.#at;
  }

  /** `12 0 obj`, if that is what stands here. */
  objectHeader(): { number: number; generation: number } | undefined {
    return this.#inWindow(() => {
      this.#match(blanks);
      const match = this.#match(headerToken);
      return match ? { number: Number(match[1]), generation: Number(match[2]) } : undefined;
    });
  }

  /** Whether the data of a stream begins here; then {@link position} is its first byte. */
  streamStart(): boolean {
    return this.#inWindow(() => {
      this.#match(blanks);
      return this.#match(streamToken) !== null;
    });
  }

  value(): PdfValue {
    return this.#inWindow(() => this.#value(0));
  }

  /** Parses in the first window, and once more in the whole one where that was too small. */
  #inWindow<T>(parse: () => T): T {
    const isWhole = this.#text.length !== firstWindowBytes;
    const from = this.#at;
    try {
      const parsed = parse();
      if (isWhole || this.#at + nearEnd <= this.#text.length) return parsed;
    } catch (thrown) {
      if (isWhole || !(thrown instanceof UnreadableBookError)) throw thrown;
    }
    this.#text = latin1(this.#bytes, this.#start, this.#start + windowBytes);
    this.#at = from;
    return parse();
  }

  #value(depth: number): PdfValue {
    this.#match(blanks);
    if (depth > maxDepth) throw new UnreadableBookError('its dictionaries are nested too deeply');
    if (this.#text.startsWith('<<', this.#at)) return this.#dictionary(depth);
    switch (this.#text[this.#at]) {
      case '(':
        return { kind: 'string', bytes: this.#literalString() };
      case '<': {
        const hex = this.#match(hexToken);
        if (!hex) throw damaged();
        return { kind: 'string', bytes: hexBytes(hex[1] ?? '') };
      }
      case '[':
        return this.#array(depth);
      case '/':
        return { kind: 'name', name: plainName(this.#match(nameToken)?.[1] ?? '') };
      default:
        return this.#other();
    }
  }

  #other(): PdfValue {
    const reference = this.#match(referenceToken);
    if (reference) {
      return { kind: 'reference', number: Number(reference[1]), generation: Number(reference[2]) };
    }
    const other = this.#match(otherToken)?.[0];
    if (other === undefined) throw damaged();
    if (other === 'false') return false;
    return numberToken.test(other) ? Number(other) : undefined;
  }

  #match(token: RegExp): RegExpExecArray | null {
    token.lastIndex = this.#at;
    const match = token.exec(this.#text);
    if (match) this.#at = token.lastIndex;
    return match;
  }

  #dictionary(depth: number): PdfDictionary {
    const entries: PdfDictionary = new Map();
    this.#at += 2;
    for (;;) {
      this.#match(blanks);
      if (this.#text.startsWith('>>', this.#at)) {
        this.#at += 2;
        return entries;
      }
      const key = this.#match(nameToken);
      if (!key) throw damaged();
      entries.set(plainName(key[1] ?? ''), this.#value(depth + 1));
    }
  }

  #array(depth: number): PdfArray {
    const values: PdfArray = [];
    this.#at++;
    for (;;) {
      this.#match(blanks);
      if (this.#text[this.#at] === ']') {
        this.#at++;
        return values;
      }
      values.push(this.#value(depth + 1));
    }
  }

  /** Parentheses nest, and a backslash escapes. */
  #literalString(): string {
    const text = this.#text;
    const pieces: string[] = [];
    let open = 0;
    for (let at = this.#at; at < text.length; at++) {
      const character = text.charAt(at);
      if (character === '\\') {
        const escape = escapeAt(text, at + 1);
        pieces.push(escape.text);
        at += escape.length;
        continue;
      }
      if (character === '(' && ++open === 1) continue;
      if (character === ')' && --open === 0) {
        this.#at = at + 1;
        return pieces.join('');
      }
      // An end of line counts as a newline, however it is written.
      if (character === '\r') {
        if (text[at + 1] !== '\n') pieces.push('\n');
        continue;
      }
      plainRun.lastIndex = at;
      const run = plainRun.exec(text)?.[0] ?? character;
      pieces.push(run);
      at += run.length - 1;
    }
    throw damaged();
  }
}

export function damaged(): UnreadableBookError {
  return new UnreadableBookError('its structure is damaged');
}

const escaped: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };
const octal = /[0-7]{1,3}/y;

/** What follows a backslash, and how many characters of it belong to the escape. */
function escapeAt(text: string, at: number): { text: string; length: number } {
  octal.lastIndex = at;
  const digits = octal.exec(text)?.[0];
  if (digits !== undefined) {
    return { text: String.fromCharCode(Number.parseInt(digits, 8) & 0xff), length: digits.length };
  }
  const character = text.charAt(at);
  // A backslash at the end of a line joins it to the next one.
  if (character === '\n') return { text: '', length: 1 };
  if (character === '\r') return { text: '', length: text.charAt(at + 1) === '\n' ? 2 : 1 };
  return { text: escaped[character] ?? character, length: 1 };
}

function hexBytes(digits: string): string {
  const compact = digits.replace(/[^\da-fA-F]/g, '');
  // A missing last digit counts as zero.
  return Buffer.from(compact.length % 2 === 0 ? compact : `${compact}0`, 'hex').toString('latin1');
}

/** `/T#69tle` is another way to write `/Title`. */
function plainName(name: string): string {
  if (!name.includes('#')) return name;
  return name.replace(/#([\da-fA-F]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
