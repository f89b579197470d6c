import type { BookBytes } from './bookBytes.ts';
import type { FoundAuthor, FoundMetadata } from './bookMetadata.ts';
import { maxAuthors, UnreadableBookError } from './bookMetadata.ts';
import { isbnIn } from './isbn.ts';
import type { XmlVisitor } from './walkXml.ts';
import { GrowingText, walkXml } from './walkXml.ts';
import { findZipEntries, readZipEntryStart } from './zipEntries.ts';

// The description stands at the start; behind it come the text and the pictures, which nobody has to read.
const maxDescriptionBytes = 1024 * 1024;
/** Of one that is packed; most descriptions take less than the first. */
const packedStarts = [8 * 1024, 128 * 1024];

/** FictionBook 2: `description/title-info`, in whatever encoding. */
export function readFb2(body: BookBytes): FoundMetadata {
  return foundIn(descriptionOf(body));
}

function descriptionOf(body: BookBytes): Description {
  const description = new Description();
  walkXml(body, maxDescriptionBytes, description);
  return description;
}

function foundIn(description: Description): FoundMetadata {
  if (!description.found) throw new UnreadableBookError('it has no title-info');
  const isbn = isbnIn(description.said('isbn'));
  return {
    title: description.said('book-title'),
    authors: description.authors.map(named).filter(author => author.name !== ''),
    language: description.said('lang'),
    series: description.series,
    publisher: description.said('publisher'),
    date: description.said('year') || description.date,
    identifiers: isbn === undefined ? {} : { isbn },
  };
}

/** FictionBook 2 within a ZIP, of which only the start is unpacked. */
export function readFb2Zip(body: BookBytes): FoundMetadata {
  const entry = findZipEntries(body, name => name.toLowerCase().endsWith('.fb2'))[0];
  if (!entry) throw new UnreadableBookError('there is no FB2 in its ZIP');
  let description = new Description();
  for (const packedBytes of packedStarts) {
    description = descriptionOf(readZipEntryStart(body, entry, packedBytes, 16 * maxDescriptionBytes));
    if (description.done) break;
  }
  return foundIn(description);
}

const nameParts = ['first-name', 'middle-name', 'last-name', 'nickname'] as const;
type Author = Record<(typeof nameParts)[number], GrowingText>;

function named(author: Author): FoundAuthor {
  const [first = '', middle = '', last = '', nickname = ''] = nameParts.map(part => author[part].toString());
  const given = [first, middle].filter(part => part !== '').join(' ');
  const name = [given, last].filter(part => part !== '').join(' ');
  return { name: name || nickname, sortName: given !== '' && last !== '' ? `${last}, ${given}` : undefined };
}

/** Texts by the element that holds them, and the part of the description in which it counts. */
const textParents = {
  'book-title': 'title-info',
  lang: 'title-info',
  publisher: 'publish-info',
  year: 'publish-info',
  isbn: 'publish-info',
} as const;
type TextName = keyof typeof textParents;

class Description implements XmlVisitor {
  readonly authors: Author[] = [];
  readonly #texts = new Map<string, GrowingText>();
  series: FoundMetadata['series'];
  date: string | undefined;
  found = false;
  done = false;

  open(path: readonly string[], attributes: Readonly<Record<string, string>>): void {
    const name = path.at(-1);
    const inTitleInfo = path.at(-2) === 'title-info';
    if (name === 'title-info') {
      this.found = true;
    } else if (name === 'author' && inTitleInfo && this.authors.length < maxAuthors) {
      this.authors.push({
        'first-name': new GrowingText(),
        'middle-name': new GrowingText(),
        'last-name': new GrowingText(),
        nickname: new GrowingText(),
      });
    } else if (name === 'sequence' && inTitleInfo && (attributes['name'] ?? '').trim() !== '') {
      const index = Number.parseFloat(attributes['number'] ?? '');
      this.series ??= {
        name: attributes['name'] ?? '',
        index: Number.isFinite(index) ? index : undefined,
      };
    } else if (name === 'date' && inTitleInfo) {
      this.date ??= attributes['value'];
    } else if (name === 'body' || name === 'binary') {
      this.done = true;
    }
  }

  said(name: TextName): string {
    return this.#texts.get(name)?.toString() ?? '';
  }

  text(path: readonly string[], text: string): void {
    const name = path.at(-1) ?? '';
    const parent = path.at(-2);
    if (Object.hasOwn(textParents, name) && textParents[name as TextName] === parent) {
      const known = this.#texts.get(name) ?? new GrowingText();
      this.#texts.set(name, known);
      known.add(text);
    } else if (parent === 'author' && path.at(-3) === 'title-info') {
      const part = nameParts.find(candidate => candidate === name);
      if (part) this.authors.at(-1)?.[part].add(text);
    }
  }

  close(path: readonly string[]): void {
    if (path.at(-1) === 'description') this.done = true;
  }
}
