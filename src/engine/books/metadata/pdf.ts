import type { FoundMetadata } from './bookMetadata.ts';
import { UnreadableBookError } from './bookMetadata.ts';
import { displayNames } from './personName.ts';

// Only what classical PDFs have in the open: a `trailer` names the Info dictionary, whose strings are Title and
// Author. PDFs that keep it in an object stream, or encrypted, are left to the caller's fallback.

const tailBytes = 64 * 1024;
const maxDictionaryBytes = 64 * 1024;
const maxTries = 8;
const maxDepth = 16;

export function readPdf(body: Buffer): FoundMetadata {
  const { infoAt, catalogAt } = readTrailers(body);
  const info = readObject(body, infoAt);
  if (!(info instanceof Map)) throw new UnreadableBookError('its Info dictionary is not where it should be');
  const author = textOf(body, info.get('Author'));
  return {
    title: textOf(body, info.get('Title')),
    authors: author === undefined ? [] : authorsOf(author),
    language: languageOf(body, catalogAt),
  };
}

/** There is one string for all authors, and commas stand between them as well as within a name. */
function authorsOf(text: string): string[] {
  const parts = text.split(',').map(part => part.trim());
  const areWholeNames = parts.length > 1 && parts.every(part => part.includes(' '));
  return areWholeNames ? parts : displayNames(text);
}

function languageOf(body: Buffer, catalogAt: PdfReference | undefined): string | undefined {
  const catalog = catalogAt && readWhole(() => readObject(body, catalogAt));
  return catalog instanceof Map ? textOf(body, catalog.get('Lang')) : undefined;
}

type PdfDictionary = Map<string, PdfValue>;
/** Strings are bytes as latin1; what is neither string, reference nor dictionary is of no interest: undefined. */
type PdfValue = { bytes: string } | PdfReference | PdfDictionary | undefined;
interface PdfReference {
  object: string;
}

function textOf(body: Buffer, value: PdfValue): string | undefined {
  const direct = value && 'object' in value ? readObject(body, value) : value;
  return direct && 'bytes' in direct ? decodePdfText(direct.bytes) : undefined;
}

interface Trailers {
  infoAt: PdfReference;
  catalogAt: PdfReference | undefined;
}

/** Of the trailers at the end the last one counts; a file made for the web has its main one at the start. */
function readTrailers(body: Buffer): Trailers {
  const tailAt = Math.max(0, body.length - tailBytes);
  const starts = [
    ...occurrences(body.subarray(tailAt), 'trailer').map(at => tailAt + at),
    ...occurrences(body.subarray(0, tailBytes), 'trailer'),
  ];
  let infoAt: PdfReference | undefined;
  let catalogAt: PdfReference | undefined;
  for (const start of starts) {
    const trailer = readWhole(() => new PdfParser(body, start + 'trailer'.length).value());
    if (!(trailer instanceof Map)) continue;
    if (trailer.has('Encrypt')) throw new UnreadableBookError('it is encrypted');
    infoAt ??= referenceIn(trailer, 'Info');
    catalogAt ??= referenceIn(trailer, 'Root');
  }
  if (!infoAt) throw new UnreadableBookError('it has no Info dictionary in the open');
  return { infoAt, catalogAt };
}

function referenceIn(dictionary: PdfDictionary, key: string): PdfReference | undefined {
  const value = dictionary.get(key);
  return value && 'object' in value ? value : undefined;
}

/** Undefined for what is no whole value: the word `trailer` may stand in any text. */
function readWhole(read: () => PdfValue): PdfValue {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof UnreadableBookError) return undefined;
    throw thrown;
  }
}

/** Where a text stands, from the last place to the first. */
function occurrences(bytes: Buffer, text: string): number[] {
  const found: number[] = [];
  let from = bytes.length;
  while (found.length < maxTries && from >= 0) {
    const at = bytes.lastIndexOf(text, from, 'latin1');
    if (at === -1) break;
    found.push(at);
    from = at - 1;
  }
  return found;
}

/** The last object of that number, as saving again appends a newer one. No need for a table of offsets. */
function readObject(body: Buffer, reference: PdfReference): PdfValue {
  const header = Buffer.from(`${reference.object} obj`, 'latin1');
  let at = body.lastIndexOf(header);
  // `12 0 obj` is also the end of `112 0 obj`.
  while (at > 0 && isDigit(body[at - 1])) at = body.lastIndexOf(header, at - 1);
  return at === -1 ? undefined : new PdfParser(body, at + header.length).value();
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

const blanks = /(?:[\0\t\n\f\r ]+|%[^\r\n]*)*/y;
const referenceToken = /(\d{1,10})[\0\t\n\f\r ]+(\d{1,5})[\0\t\n\f\r ]+R(?![A-Za-z])/y;
const nameToken = /\/([^\0\t\n\f\r ()<>[\]{}/%]*)/y;
const otherToken = /[^\0\t\n\f\r ()<>[\]{}/%]+/y;
const hexToken = /<([\da-fA-F\0\t\n\f\r ]*)>/y;

/** Parses one value; bounded by {@link maxDictionaryBytes} and {@link maxDepth}. */
class PdfParser {
  readonly #text: string;
  #at = 0;

  constructor(body: Buffer, start: number) {
    this.#text = body.toString('latin1', start, start + maxDictionaryBytes);
  }

  value(depth = 0): PdfValue {
    this.#match(blanks);
    if (depth > maxDepth) throw new UnreadableBookError('its Info dictionary is nested too deeply');
    const text = this.#text;
    if (text.startsWith('<<', this.#at)) return this.#dictionary(depth);
    switch (text[this.#at]) {
      case '(':
        return { bytes: this.#literalString() };
      case '<': {
        const hex = this.#match(hexToken);
        if (!hex) throw damaged();
        return { bytes: hexBytes(hex[1] ?? '') };
      }
      case '[':
        this.#array(depth);
        return undefined;
      case '/':
        this.#match(nameToken);
        return undefined;
      default: {
        const reference = this.#match(referenceToken);
        if (reference) return { object: `${reference[1] ?? ''} ${reference[2] ?? ''}` };
        if (!this.#match(otherToken)) throw damaged();
        return undefined;
      }
    }
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
      entries.set(key[1] ?? '', this.value(depth + 1));
    }
  }

  #array(depth: number): void {
    this.#at++;
    for (;;) {
      this.#match(blanks);
      if (this.#text[this.#at] === ']') {
        this.#at++;
        return;
      }
      this.value(depth + 1);
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
      pieces.push(character);
    }
    throw damaged();
  }
}

function damaged(): UnreadableBookError {
  return new UnreadableBookError('its Info dictionary is damaged');
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

const utf16be = new TextDecoder('utf-16be');
const utf16le = new TextDecoder('utf-16le');
/** The places where PDFDocEncoding differs from ISO 8859-1; `\ufffd` stands for what is not assigned. */
const pdfDocLow = '\u02d8\u02c7\u02c6\u02d9\u02dd\u02db\u02da\u02dc';
const pdfDocHigh =
  '\u2022\u2020\u2021\u2026\u2014\u2013\u0192\u2044\u2039\u203a\u2212\u2030\u201e\u201c\u201d\u2018' +
  '\u2019\u201a\u2122\ufb01\ufb02\u0141\u0152\u0160\u0178\u017d\u0131\u0142\u0153\u0161\u017e\ufffd\u20ac';
const pdfDocDifferences = /[^ -\x7f\xa1-\xff]/g;

function decodePdfText(bytes: string): string {
  if (bytes.startsWith('\xfe\xff')) {
    return withoutLanguages(utf16be.decode(Buffer.from(bytes, 'latin1')));
  }
  if (bytes.startsWith('\xff\xfe')) return utf16le.decode(Buffer.from(bytes, 'latin1'));
  if (bytes.startsWith('\xef\xbb\xbf')) return Buffer.from(bytes.slice(3), 'latin1').toString('utf8');
  return bytes.replace(pdfDocDifferences, character => {
    const code = character.charCodeAt(0);
    if (code < 0x18) return character;
    return code < 0x80 ? pdfDocLow.charAt(code - 0x18) : pdfDocHigh.charAt(code - 0x80);
  });
}

/** A change of language stands within the text, between two escape characters. */
function withoutLanguages(text: string): string {
  return text
    .split('\u001b')
    .filter((_, index) => index % 2 === 0)
    .join('');
}
