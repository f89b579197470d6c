import { maxAuthors } from '../bookMetadata.ts';
import { isbnIn } from '../isbn.ts';
import { GrowingText, walkXml, type XmlVisitor } from '../walkXml.ts';

/** What an XMP packet says of its document; absent is what it does not say. */
export interface Xmp {
  title?: string;
  authors: string[];
  languages: string[];
  publisher?: string;
  /** As it stands there, which should be ISO 8601. */
  date?: string;
  /** When the packet was last changed, in milliseconds. */
  changedMs?: number;
  isbn?: string;
  series?: { name: string; index: number | undefined };
}

const maxXmpBytes = 4 * 1024 * 1024;
const maxItems = 200;

/** The largest packet that is read. Most are of a few kilobytes; some hold a history or a small picture. */
export const xmpLimitBytes = maxXmpBytes;

export function readXmp(packet: Buffer): Xmp {
  const visitor = new XmpVisitor();
  walkXml(packet, maxXmpBytes, visitor);
  return visitor.result();
}

interface Item {
  readonly property: string;
  readonly isDefault: boolean;
  readonly text: GrowingText;
}

// Properties of one value; writers may put them as attributes of the description, too.
const simple: ReadonlySet<string> = new Set([
  'createdate',
  'metadatadate',
  'modifydate',
  'isbn',
  'identifier',
]);
// Properties whose values are the items of a list.
const lists: ReadonlySet<string> = new Set(['title', 'creator', 'language', 'publisher', 'date']);

class XmpVisitor implements XmlVisitor {
  done = false;
  readonly #items: Item[] = [];
  #current: GrowingText | undefined;

  open(path: readonly string[], attributes: Readonly<Record<string, string>>): void {
    this.#current = undefined;
    const name = path.at(-1) ?? '';
    if (name === 'description') {
      for (const property of simple) {
        const value = attributes[property];
        if (value !== undefined) this.#add(property)?.add(value);
      }
      return;
    }
    const property = this.#propertyOf(path, name);
    if (property !== undefined) this.#current = this.#add(property, attributes['lang'] === 'x-default');
  }

  #propertyOf(path: readonly string[], name: string): string | undefined {
    const isOwn = (depth: number): boolean => path.at(depth - 1) === 'description';
    // description / title / Alt / li
    if (name === 'li' && lists.has(path.at(-3) ?? '') && isOwn(-3)) return path.at(-3);
    if (simple.has(name) && isOwn(-1)) return name;
    if (path.includes('series'))
      return ['value', 'series_index'].includes(name) ? `series ${name}` : undefined;
    if (path.includes('identifier'))
      return ['value', 'scheme'].includes(name) ? `identifier ${name}` : undefined;
    return undefined;
  }

  #add(property: string, isDefault = false): GrowingText | undefined {
    if (this.#items.length >= maxItems) return undefined;
    const text = new GrowingText();
    this.#items.push({ property, isDefault, text });
    return text;
  }

  text(_path: readonly string[], text: string): void {
    this.#current?.add(text);
  }

  close(): void {
    this.#current = undefined;
  }

  #texts(property: string): string[] {
    const items = this.#items.filter(item => item.property === property && item.text.toString() !== '');
    return items.sort((a, b) => Number(b.isDefault) - Number(a.isDefault)).map(item => item.text.toString());
  }

  result(): Xmp {
    const [title] = this.#texts('title');
    const [publisher] = this.#texts('publisher');
    const date = this.#texts('date')[0] ?? this.#texts('createdate')[0];
    const changes = [...this.#texts('metadatadate'), ...this.#texts('modifydate')]
      .map(text => Date.parse(text))
      .filter(Number.isFinite);
    const isbn = this.#isbn();
    const [series] = this.#texts('series value');
    const index = Number.parseFloat(this.#texts('series series_index')[0] ?? '');
    return {
      authors: this.#texts('creator').slice(0, maxAuthors),
      languages: this.#texts('language'),
      ...(title === undefined ? {} : { title }),
      ...(publisher === undefined ? {} : { publisher }),
      ...(date === undefined ? {} : { date }),
      ...(changes.length === 0 ? {} : { changedMs: Math.max(...changes) }),
      ...(isbn === undefined ? {} : { isbn }),
      ...(series === undefined
        ? {}
        : { series: { name: series, index: Number.isFinite(index) ? index : undefined } }),
    };
  }

  #isbn(): string | undefined {
    const stated = [
      ...this.#texts('isbn'),
      ...this.#texts('identifier value'),
      ...this.#texts('identifier').map(text => text.replace(/^urn:/i, '')),
    ];
    return stated.map(isbnIn).find(isbn => isbn !== undefined);
  }
}
