import { ownBytes } from '../../ownBytes.ts';
import { latin1, wholeOf, type BookBytes } from '../bookBytes.ts';
import { UnreadableBookError } from '../bookMetadata.ts';
import { PdfDecryption } from './pdfDecryption.ts';
import { applyFilters } from './pdfFilters.ts';
import {
  damaged,
  PdfParser,
  type PdfDictionary,
  type PdfReference,
  type PdfString,
  type PdfValue,
} from './pdfParser.ts';
import { searchSection } from './pdfRepair.ts';
import { readStreamSection, readTableSection, type PdfSection } from './pdfSections.ts';

const startBytes = 1024;
/** Few files go on behind their end; and the table of a small one stands in here, too. */
const usualTailBytes = 8 * 1024;
const tailBytes = 64 * 1024;
const maxSections = 1000;
const maxDepth = 20;
const startWord = Buffer.from('startxref', 'latin1');
const startXref = /^startxref[\0\t\n\f\r ]+(\d{1,12})/;
const startOfSection = /^[\0\t\n\f\r ]*(?:xref|\d+[\0\t\n\f\r ]+\d+[\0\t\n\f\r ]+obj)/;
const startOfObject = /^[\0\t\n\f\r ]*(\d+)[\0\t\n\f\r ]/;
const leadingBlanks = /^[\0\t\n\f\r ]*/;
const endOfStream = Buffer.from('endstream', 'latin1');

/** What may be unpacked for one book, all in all; cross-references of 100,000 objects take half a megabyte. */
const maxUnpackedBytes = 32 * 1024 * 1024;
/** How many objects may be read for one book; there are four that count, and the streams that they are in. */
const maxReads = 20_000;

interface PdfObject {
  readonly value: PdfValue;
  /** Where the data of a stream begins. */
  readonly dataAt: number | undefined;
  /** Whose key its strings are encrypted with; undefined where they are not, as within a stream of objects. */
  readonly owner: PdfReference | undefined;
}

const nothing: PdfObject = { value: undefined, dataAt: undefined, owner: undefined };

/** The objects of a PDF, by number. Only those that are asked for are read. */
export class PdfFile {
  readonly #body: BookBytes;
  /** The newest one first. */
  #sections: readonly PdfSection[] = [];
  #isSearched = false;
  #decryption: PdfDecryption | null = null;
  readonly #objectStreams = new Map<number, Map<number, PdfValue>>();
  #unpackedBytes = 0;
  #reads = 0;
  #depth = 0;

  /** @throws UnreadableBookError when it has no catalog, or is not to be read without a password. */
  constructor(body: BookBytes) {
    this.#body = body;
    try {
      this.#sections = this.#readSections();
      this.#unlock();
      this.#catalog();
    } catch (thrown) {
      if (!(thrown instanceof UnreadableBookError) || this.#decryption !== null) throw thrown;
      this.#search();
    }
  }

  /** The dictionary that an entry of the trailer names: Root, Info. */
  trailerDictionary(key: 'Root' | 'Info'): PdfFields | undefined {
    const object = this.#trailerObject(key);
    return object.value instanceof Map ? new PdfFields(this, object.value, object.owner) : undefined;
  }

  /** The string that a value is or refers to, decrypted. */
  string(value: PdfValue, owner: PdfReference | undefined): string | undefined {
    const direct = isReference(value) ? this.#object(value.number) : { value, owner };
    if (!isString(direct.value)) return undefined;
    const { bytes } = direct.value;
    return this.#decryption && direct.owner ? this.#decryption.string(bytes, direct.owner) : bytes;
  }

  /** The data of the stream that a value refers to; undefined when it refers to none. */
  streamData(value: PdfValue, maxBytes: number): Buffer | undefined {
    if (!isReference(value)) return undefined;
    const object = this.#object(value.number);
    if (object.dataAt === undefined || !(object.value instanceof Map)) return undefined;
    return this.#unpacked(object.value, object.dataAt, object.owner, maxBytes);
  }

  #trailerValue(key: string): PdfValue {
    return this.#sections.map(section => section.trailer.get(key)).find(value => value !== undefined);
  }

  #trailerObject(key: string): PdfObject {
    const value = this.#trailerValue(key);
    return isReference(value) ? this.#object(value.number) : { value, dataAt: undefined, owner: undefined };
  }

  #catalog(): void {
    if (!(this.#trailerObject('Root').value instanceof Map)) throw damaged();
    // A table that is off by some bytes names places of other objects: found by reading the one that counts.
    this.#trailerObject('Info');
  }

  #search(): void {
    this.#isSearched = true;
    this.#objectStreams.clear();
    this.#sections = [searchSection(this.#body, number => [...this.#objectsIn(number).keys()])];
    this.#unlock();
    this.#objectStreams.clear();
    if (!(this.#trailerObject('Root').value instanceof Map))
      throw new UnreadableBookError('it has no catalog');
  }

  /** @throws UnreadableBookError */
  #unlock(): void {
    const encrypt = this.#trailerObject('Encrypt');
    if (!(encrypt.value instanceof Map)) return;
    const id = this.#trailerValue('ID');
    const first = Array.isArray(id) && isString(id[0]) ? id[0].bytes : '';
    // Decided by what the file says of itself, so a search for its objects could not change it.
    this.#decryption = new PdfDecryption(encrypt.value, first);
  }

  #readSections(): PdfSection[] {
    const start = this.#lastStart();
    const sections: PdfSection[] = [];
    const open: number[] = [Number(start?.[1] ?? NaN)];
    const seen = new Set<number>();
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      // Also an end of sections that lead back to one another.
      if (seen.has(at)) continue;
      if (seen.size >= maxSections || !Number.isSafeInteger(at)) throw damaged();
      seen.add(at);
      const section = this.#sectionAt(at);
      const hybrid = section.trailer.get('XRefStm');
      if (typeof hybrid === 'number' && !seen.has(hybrid)) {
        seen.add(hybrid);
        // What is in there is called free in the table, so it has to come first.
        sections.push(this.#sectionAt(hybrid));
      }
      sections.push(section);
      const previous = section.trailer.get('Prev');
      if (typeof previous === 'number') open.push(previous);
    }
    return sections;
  }

  /** The last `startxref`, and the place that it states. */
  #lastStart(): RegExpExecArray | null {
    for (const length of [usualTailBytes, tailBytes]) {
      const tail = this.#body.slice(this.#body.length - length, this.#body.length);
      const last = tail.lastIndexOf(startWord);
      if (last !== -1) return startXref.exec(tail.toString('latin1', last));
    }
    return null;
  }

  #sectionAt(stated: number): PdfSection {
    const at = this.#placeOf(stated, place => startOfSection.test(place));
    const blanks = leadingBlanks.exec(latin1(this.#body, at, at + 32))?.[0].length ?? 0;
    if (latin1(this.#body, at + blanks, at + blanks + 4) === 'xref') {
      return readTableSection(this.#body, at + blanks);
    }
    const { value, dataAt } = this.#objectAt(at, undefined);
    if (!(value instanceof Map) || dataAt === undefined) throw damaged();
    // Cross-references are never encrypted.
    return readStreamSection(value, this.#unpacked(value, dataAt, undefined, maxUnpackedBytes));
  }

  /** Offsets count from the start of the file or from its header. */
  #placeOf(stated: number, isThere: (text: string) => boolean): number {
    const isAt = (place: number): boolean => isThere(latin1(this.#body, place, place + 48));
    if (isAt(stated)) return stated;
    const shifted = stated + Math.max(0, this.#body.slice(0, startBytes).indexOf('%PDF-'));
    if (!isAt(shifted)) throw damaged();
    return shifted;
  }

  #object(number: number): PdfObject {
    if (++this.#reads > maxReads || this.#depth > maxDepth) throw damaged();
    this.#depth++;
    try {
      for (const section of this.#sections) {
        const place = section.find(number);
        if (!place) continue;
        switch (place.kind) {
          case 'free':
            return nothing;
          case 'file':
            return this.#objectAt(
              this.#placeOf(place.at, text => Number(startOfObject.exec(text)?.[1] ?? NaN) === number),
              number,
            );
          case 'stream':
            return { value: this.#objectsIn(place.stream).get(number), dataAt: undefined, owner: undefined };
        }
      }
      return nothing;
    } finally {
      this.#depth--;
    }
  }

  #objectAt(at: number, number: number | undefined): PdfObject {
    const parser = new PdfParser(this.#body, at);
    const header = parser.objectHeader();
    if (!header || (number !== undefined && header.number !== number)) throw damaged();
    const value = parser.value();
    const dataAt = value instanceof Map && parser.streamStart() ? parser.position : undefined;
    return { value, dataAt, owner: { kind: 'reference', ...header } };
  }

  /** The objects within a stream of objects. What is damaged in a file that has to be searched holds none. */
  #objectsIn(number: number): ReadonlyMap<number, PdfValue> {
    const known = this.#objectStreams.get(number);
    if (known) return known;
    const objects = new Map<number, PdfValue>();
    // Before it is read: a stream may say that it is within itself.
    this.#objectStreams.set(number, objects);
    try {
      this.#readObjectStream(number, objects);
    } catch (thrown) {
      if (!(thrown instanceof UnreadableBookError) || !this.#isSearched) throw thrown;
    }
    return objects;
  }

  #readObjectStream(number: number, objects: Map<number, PdfValue>): void {
    const { value, dataAt, owner } = this.#object(number);
    if (!(value instanceof Map) || dataAt === undefined) throw damaged();
    const data = this.#unpacked(value, dataAt, owner, maxUnpackedBytes);
    const first = value.get('First');
    if (typeof first !== 'number') throw damaged();
    const head = data.toString('latin1', 0, Math.min(first, 1024 * 1024)).match(/\d+/g) ?? [];
    for (let index = 0; index + 1 < head.length; index += 2) {
      if (++this.#reads > maxReads) throw damaged();
      const at = first + Number(head[index + 1]);
      if (at < data.length) objects.set(Number(head[index]), new PdfParser(data, at).value());
    }
  }

  #unpacked(
    dictionary: PdfDictionary,
    dataAt: number,
    owner: PdfReference | undefined,
    maxBytes: number,
  ): Buffer {
    const filters = this.#list(dictionary.get('Filter') ?? dictionary.get('F'));
    const names = filters.map(filter => (isName(filter) ? filter.name : ''));
    const parameters = this.#list(dictionary.get('DecodeParms') ?? dictionary.get('DP'));
    const end = this.#endOfData(dictionary, dataAt);
    const raw = ownBytes(this.#body.slice(dataAt, end));
    const isOpen = names.includes('Crypt') || this.#isOpenMetadata(dictionary);
    const plain = this.#decryption && owner && !isOpen ? this.#decryption.stream(raw, owner) : raw;
    const data = applyFilters(
      plain,
      names,
      parameters.map(value => (value instanceof Map ? value : undefined)),
      Math.min(maxBytes, maxUnpackedBytes - this.#unpackedBytes),
    );
    this.#unpackedBytes += data.length;
    return data;
  }

  #isOpenMetadata(dictionary: PdfDictionary): boolean {
    const type = dictionary.get('Type');
    return this.#decryption?.encryptsMetadata === false && isName(type) && type.name === 'Metadata';
  }

  /** Where the length leads to the end of the stream, else where the word for it stands. */
  #endOfData(dictionary: PdfDictionary, dataAt: number): number {
    const stated = dictionary.get('Length');
    const length = isReference(stated) ? this.#lengthFrom(stated) : stated;
    if (typeof length === 'number' && length >= 0) {
      const end = dataAt + length;
      if (/^[\0\t\n\f\r ]*endstream/.test(latin1(this.#body, end, end + 16))) return end;
    }
    const end = wholeOf(this.#body).indexOf(endOfStream, dataAt);
    return end === -1 ? this.#body.length : end;
  }

  #lengthFrom(reference: PdfReference): PdfValue {
    try {
      return this.#object(reference.number).value;
    } catch (thrown) {
      if (thrown instanceof UnreadableBookError) return undefined;
      throw thrown;
    }
  }

  #list(value: PdfValue): PdfValue[] {
    const direct = isReference(value) ? this.#object(value.number).value : value;
    return Array.isArray(direct) ? direct : direct === undefined ? [] : [direct];
  }
}

/** A dictionary of a file, whose entries are read when they are asked for. */
export class PdfFields {
  readonly #file: PdfFile;
  readonly #dictionary: PdfDictionary;
  readonly #owner: PdfReference | undefined;

  constructor(file: PdfFile, dictionary: PdfDictionary, owner: PdfReference | undefined) {
    this.#file = file;
    this.#dictionary = dictionary;
    this.#owner = owner;
  }

  /** The bytes of a string, as characters. */
  string(key: string): string | undefined {
    return this.#file.string(this.#dictionary.get(key), this.#owner);
  }

  /** The names of all entries. */
  keys(): string[] {
    return [...this.#dictionary.keys()];
  }

  stream(key: string, maxBytes: number): Buffer | undefined {
    return this.#file.streamData(this.#dictionary.get(key), maxBytes);
  }
}

function isReference(value: PdfValue): value is PdfReference {
  return typeof value === 'object' && 'kind' in value && value.kind === 'reference';
}

function isString(value: PdfValue): value is PdfString {
  return typeof value === 'object' && 'kind' in value && value.kind === 'string';
}

function isName(value: PdfValue): value is Extract<PdfValue, { kind: 'name' }> {
  return typeof value === 'object' && 'kind' in value && value.kind === 'name';
}
