import { latin1, type BookBytes } from '../bookBytes.ts';
import { PdfParser, damaged, type PdfDictionary } from './pdfParser.ts';

/** Where an object is: at a place in the file, or the how-manieth in which stream of objects. */
export type PdfPlace =
  | { readonly kind: 'file'; readonly at: number }
  | { readonly kind: 'stream'; readonly stream: number }
  | { readonly kind: 'free' };

/** One cross-reference section. A table may have millions of entries, of which a few are asked for: it stays as it is. */
export interface PdfSection {
  readonly trailer: PdfDictionary;
  find(number: number): PdfPlace | undefined;
}

interface Range {
  readonly first: number;
  readonly count: number;
  /** Of its first entry. */
  readonly at: number;
}

const tableEntryBytes = 20;
const maxRanges = 100_000;
const tableEntry = /^(\d{10}) (\d{5}) ([nf])/;

/** Reads `xref`, its ranges and the trailer behind them. Throws where they are not as they should be. */
export function readTableSection(body: BookBytes, at: number): PdfSection {
  const ranges: Range[] = [];
  let position = at + 'xref'.length;
  for (;;) {
    const line = /^[\0\t\n\f\r ]*(?:(trailer)|(\d{1,10})[ \t]+(\d{1,10})[ \t]*(?:\r\n|\n|\r))/.exec(
      latin1(body, position, position + 64),
    );
    if (!line || ranges.length > maxRanges) throw damaged();
    position += line[0].length;
    if (line[1] !== undefined) break;
    const count = Number(line[3]);
    ranges.push({ first: Number(line[2]), count, at: position });
    position += count * tableEntryBytes;
  }
  const trailer = new PdfParser(body, position).value();
  if (!(trailer instanceof Map)) throw damaged();
  return {
    trailer,
    find(number) {
      const range = rangeOf(ranges, number);
      if (!range) return undefined;
      const start = range.at + (number - range.first) * tableEntryBytes;
      const entry = tableEntry.exec(latin1(body, start, start + tableEntryBytes));
      if (!entry) throw damaged();
      return entry[3] === 'n' ? { kind: 'file', at: Number(entry[1]) } : { kind: 'free' };
    },
  };
}

/** A section that is a stream: entries of fields of fixed widths. */
export function readStreamSection(trailer: PdfDictionary, data: Buffer): PdfSection {
  const widths = numbersIn(trailer, 'W');
  const [kindWidth = 0, middleWidth = 0, lastWidth = 0] = widths;
  const entryBytes = kindWidth + middleWidth + lastWidth;
  if (widths.some(width => width < 0 || width > 6) || entryBytes < 1) throw damaged();
  const index = trailer.has('Index') ? numbersIn(trailer, 'Index') : [0, data.length];
  const ranges: Range[] = [];
  let at = 0;
  for (let pair = 0; pair + 1 < index.length; pair += 2) {
    const count = index[pair + 1] ?? 0;
    ranges.push({ first: index[pair] ?? 0, count, at });
    at += count * entryBytes;
  }
  return {
    trailer,
    find(number) {
      const range = rangeOf(ranges, number);
      if (!range) return undefined;
      const start = range.at + (number - range.first) * entryBytes;
      if (start + entryBytes > data.length) return undefined;
      // Without a field for the kind, all are objects at a place in the file.
      const kind = kindWidth === 0 ? 1 : data.readUIntBE(start, kindWidth);
      const middle = middleWidth === 0 ? 0 : data.readUIntBE(start + kindWidth, middleWidth);
      if (kind === 0) return { kind: 'free' };
      if (kind === 1) return { kind: 'file', at: middle };
      return kind === 2 ? { kind: 'stream', stream: middle } : undefined;
    },
  };
}

function rangeOf(ranges: readonly Range[], number: number): Range | undefined {
  return ranges.find(range => number >= range.first && number < range.first + range.count);
}

function numbersIn(dictionary: PdfDictionary, key: string): number[] {
  const values = dictionary.get(key);
  if (!Array.isArray(values)) throw damaged();
  return values.map(value => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw damaged();
    return value;
  });
}
