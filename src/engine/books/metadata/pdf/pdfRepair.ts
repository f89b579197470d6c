import { bytesInMemory, wholeOf, type BookBytes } from '../bookBytes.ts';
import type { PdfDictionary } from './pdfParser.ts';
import { PdfParser } from './pdfParser.ts';
import type { PdfPlace, PdfSection } from './pdfSections.ts';

// Where the cross-references are damaged, the objects themselves tell where they are: each begins with its number.

const maxObjects = 500_000;
const maxTrailers = 50;
const maxStreams = 5000;
const endOfHeader = Buffer.from(' obj', 'latin1');
const trailerWord = Buffer.from('trailer', 'latin1');
const headerBefore = /(\d{1,10}) (\d{1,5})$/;
const longestHeader = 17;
const catalogType = /\/Type[\0\t\n\f\r ]*\/Catalog\b/;
// Bookmarks have titles too, but no program that made them.
const infoKeys = [/\/(?:Title|Author)\b/, /\/(?:Producer|Creator|CreationDate|ModDate)\b/];

/** A stream of objects and what it holds is told by whoever can unpack it. */
type ObjectsInStream = (number: number) => readonly number[];

/**
 * One section made of all objects that are found, newest last, as saving again appends.
 *
 * @param objectsIn the numbers of the objects in the stream of that number; none when it cannot be read
 */
export function searchSection(bytes: BookBytes, objectsIn: ObjectsInStream): PdfSection {
  const body = wholeOf(bytes);
  const places = new Map<number, PdfPlace>();
  const streams = new Set<number>();
  const crossReferences: number[] = [];
  // A file that is cut off has no trailer any more, but what that would name has its own looks.
  const guessed: PdfDictionary = new Map();
  for (const { number, generation, at, after } of headers(body)) {
    places.set(number, { kind: 'file', at });
    const start = body.toString('latin1', after, after + 256);
    if (start.includes('/ObjStm')) streams.add(number);
    else if (start.includes('/XRef')) crossReferences.push(after);
    else if (catalogType.test(start)) guessed.set('Root', { kind: 'reference', number, generation });
    else if (infoKeys.every(keys => keys.test(start))) {
      guessed.set('Info', { kind: 'reference', number, generation });
    }
  }
  // The trailers of both kinds, the last one counts; earlier ones fill in what it lacks.
  const trailers = [...crossReferences, ...trailerPlaces(body)].sort((a, b) => a - b);
  const trailer: PdfDictionary = guessed;
  for (const at of trailers.slice(-maxTrailers)) {
    for (const [key, value] of dictionaryAt(body, at) ?? []) trailer.set(key, value);
  }
  let searched = false;
  return {
    trailer,
    find(number) {
      if (!places.has(number) && !searched) {
        searched = true;
        for (const stream of [...streams].slice(-maxStreams)) {
          for (const inner of objectsIn(stream)) {
            // An object in the open is the newer one, as far as can be told.
            if (places.get(inner)?.kind !== 'file') places.set(inner, { kind: 'stream', stream });
          }
        }
      }
      return places.get(number);
    },
  };
}

interface Header {
  number: number;
  generation: number;
  at: number;
  /** Behind the word `obj`. */
  after: number;
}

function* headers(body: Buffer): Generator<Header> {
  let count = 0;
  for (let at = body.indexOf(endOfHeader); at !== -1; at = body.indexOf(endOfHeader, at + 1)) {
    const before = headerBefore.exec(body.toString('latin1', Math.max(0, at - longestHeader), at));
    if (!before) continue;
    if (++count > maxObjects) return;
    yield {
      number: Number(before[1]),
      generation: Number(before[2]),
      at: at - before[0].length,
      after: at + endOfHeader.length,
    };
  }
}

function trailerPlaces(body: Buffer): number[] {
  const places: number[] = [];
  for (let at = body.lastIndexOf(trailerWord); at !== -1 && places.length < maxTrailers;) {
    places.push(at + trailerWord.length);
    at = at === 0 ? -1 : body.lastIndexOf(trailerWord, at - 1);
  }
  return places;
}

function dictionaryAt(body: Buffer, at: number): PdfDictionary | undefined {
  try {
    const value = new PdfParser(bytesInMemory(body), at).value();
    return value instanceof Map ? value : undefined;
  } catch {
    // The word may stand in any text.
    return undefined;
  }
}
