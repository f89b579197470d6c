import type { ZipEntry } from '../zip.ts';
import type { BookBytes } from './bookBytes.ts';
import type { FoundAuthor, FoundMetadata } from './bookMetadata.ts';
import { maxAuthors, UnreadableBookError } from './bookMetadata.ts';
import { isbnIn } from './isbn.ts';
import { displayNames } from './personName.ts';
import type { XmlVisitor } from './walkXml.ts';
import { GrowingText, walkXml } from './walkXml.ts';
import { findZipEntries, packedBytes, readZipEntry } from './zipEntries.ts';

const containerName = 'META-INF/container.xml';
// A package lists every file of its book, after the metadata.
const maxXmlBytes = 4 * 1024 * 1024;
const maxElements = 200;

/** EPUB 2 and 3: container.xml names the package, whose `metadata` has the elements of Dublin Core. */
export function readEpub(body: BookBytes): FoundMetadata {
  const entries = findZipEntries(body, name => name === containerName || name.toLowerCase().endsWith('.opf'));
  const metadata = new PackageMetadata();
  walkXml(readZipEntry(body, packageEntry(body, entries), maxXmlBytes), maxXmlBytes, metadata);
  return metadata.found();
}

function packageEntry(body: BookBytes, entries: readonly ZipEntry[]): ZipEntry {
  const container = entries.find(entry => entry.name === containerName);
  const path = container && pathInContainer(body, container);
  const named = path === undefined ? undefined : findEntry(body, entries, path);
  // Without a word of the container, or with a wrong one: a package is a package.
  const entry = named ?? entries.find(candidate => candidate !== container);
  if (!entry) throw new UnreadableBookError('there is no package (OPF) in its ZIP');
  return entry;
}

function findEntry(body: BookBytes, entries: readonly ZipEntry[], path: string): ZipEntry | undefined {
  const known = entries.find(entry => entry.name === path);
  if (known) return known;
  const plain = percentDecoded(path);
  return findZipEntries(body, name => name === path || name === plain)[0];
}

function percentDecoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // A percent sign that is only a percent sign.
    return path;
  }
}

// Most programs write the same container into all their books, so what it says is known by what it is packed as.
const knownPaths = new Map<string, string | undefined>();
const maxKnownPaths = 100;
const maxKnownBytes = 1024;

function pathInContainer(body: BookBytes, container: ZipEntry): string | undefined {
  if (container.compressedBytes > maxKnownBytes)
    return packagePath(readZipEntry(body, container, maxXmlBytes));
  const packed = `${String(container.method)} ${packedBytes(body, container).toString('latin1')}`;
  if (knownPaths.has(packed)) return knownPaths.get(packed);
  const path = packagePath(readZipEntry(body, container, maxXmlBytes));
  if (knownPaths.size >= maxKnownPaths) knownPaths.clear();
  knownPaths.set(packed, path);
  return path;
}

function packagePath(container: Buffer): string | undefined {
  let path: string | undefined;
  const visitor: XmlVisitor = {
    done: false,
    open(elements, attributes) {
      const isPackage = attributes['media-type'] === undefined || attributes['media-type'].includes('oebps');
      if (elements.at(-1) !== 'rootfile' || !isPackage) return;
      path = attributes['full-path'];
      visitor.done = path !== undefined;
    },
    text() {
      // A container has nothing but attributes.
    },
    close() {
      // Nor anything that needs its end.
    },
  };
  walkXml(container, maxXmlBytes, visitor);
  return path;
}

interface Element {
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: GrowingText;
}

const elementNames = ['title', 'creator', 'language', 'publisher', 'date', 'identifier'] as const;
type ElementName = (typeof elementNames)[number];

/** Identifiers that mean something elsewhere; those that a program made up for one file do not. */
const knownSchemes: ReadonlySet<string> = new Set([
  'asin',
  'amazon',
  'doi',
  'goodreads',
  'google',
  'mobi-asin',
]);

class PackageMetadata implements XmlVisitor {
  readonly #elements = new Map<ElementName, Element[]>(elementNames.map(name => [name, []]));
  /** `belongs-to-collection` of EPUB 3. */
  readonly #collections: Element[] = [];
  /** What EPUB 3 says of an element, by `#id property`: the role of a creator, the type of a title. */
  readonly #refinements = new Map<string, GrowingText>();
  /** `name` and `content` of EPUB 2, as calibre uses them for series. */
  readonly #metas = new Map<string, string>();
  #current: GrowingText | undefined;
  done = false;

  found(): FoundMetadata {
    return {
      title: this.#title(),
      authors: this.#authors(),
      language: this.#texts('language')[0],
      series: this.#series(),
      publisher: this.#texts('publisher')[0],
      date: this.#date(),
      identifiers: this.#identifiers(),
    };
  }

  /** The main title where there are several, else the first one. */
  #title(): string | undefined {
    const titles = this.#of('title');
    const main = titles.find(title => this.#refinement(title, 'title-type')?.toLowerCase() === 'main');
    return (main ?? titles[0])?.text.toString();
  }

  /** Creators who wrote the book: whoever has another role (translator, illustrator) is no author of it. */
  #authors(): FoundAuthor[] {
    return this.#of('creator')
      .filter(creator => {
        const role = creator.attributes['role'] ?? this.#refinement(creator, 'role') ?? '';
        return ['aut', ''].includes(role.trim().toLowerCase());
      })
      .slice(0, maxAuthors)
      .flatMap(creator => {
        const names = displayNames(creator.text.toString());
        const sortName = creator.attributes['file-as'] ?? this.#refinement(creator, 'file-as');
        return names.map(name => ({ name, sortName: names.length === 1 ? sortName : undefined }));
      });
  }

  #series(): FoundMetadata['series'] {
    const byCalibre = this.#metas.get('calibre:series');
    if (byCalibre !== undefined && byCalibre.trim() !== '')
      return { name: byCalibre, index: numberIn(this.#metas.get('calibre:series_index')) };
    const series = this.#collections.find(collection => {
      const type = this.#refinement(collection, 'collection-type');
      return type === undefined || type.toLowerCase() === 'series';
    });
    if (!series) return undefined;
    return { name: series.text.toString(), index: numberIn(this.#refinement(series, 'group-position')) };
  }

  /** When it was published, where several dates are given. */
  #date(): string | undefined {
    const dates = this.#of('date');
    const published = dates.find(date => date.attributes['event']?.toLowerCase() === 'publication');
    const others = dates.filter(date => date.attributes['event']?.toLowerCase() !== 'modification');
    return (published ?? others[0])?.text.toString();
  }

  #identifiers(): Record<string, string> {
    const identifiers: Record<string, string> = {};
    for (const element of this.#of('identifier')) {
      const text = element.text.toString();
      const scheme = (element.attributes['scheme'] ?? '').trim().toLowerCase();
      if (knownSchemes.has(scheme)) identifiers[scheme] ??= text;
      // A number without a word is an ISBN only where nothing else could have that form.
      const says = scheme === 'isbn' || /isbn/i.test(text) || /^\s*97[89][\d -]{10,}$/.test(text);
      const isbn = says ? isbnIn(text.replace(/^urn:isbn:/i, '')) : undefined;
      if (isbn !== undefined) identifiers['isbn'] ??= isbn;
    }
    return identifiers;
  }

  /** Elements that say something, in their order. */
  #of(name: ElementName): Element[] {
    return (this.#elements.get(name) ?? []).filter(element => element.text.toString() !== '');
  }

  #texts(name: ElementName): string[] {
    return this.#of(name).map(element => element.text.toString());
  }

  #refinement(element: Element, property: string): string | undefined {
    const id = element.attributes['id'];
    return id === undefined ? undefined : this.#refinements.get(`#${id} ${property}`)?.toString();
  }

  open(path: readonly string[], attributes: Readonly<Record<string, string>>): void {
    if (!path.includes('metadata')) return;
    const name = elementNames.find(known => known === path.at(-1));
    const list = name && this.#elements.get(name);
    if (list) this.#collect(list, attributes);
    else if (path.at(-1) === 'meta') this.#openMeta(attributes);
  }

  #collect(list: Element[], attributes: Readonly<Record<string, string>>): void {
    if (list.length >= maxElements) return;
    const text = new GrowingText();
    list.push({ attributes, text });
    this.#current = text;
  }

  #openMeta(attributes: Readonly<Record<string, string>>): void {
    const { property, refines, name, content } = attributes;
    if (property === 'belongs-to-collection' && refines === undefined) {
      this.#collect(this.#collections, attributes);
    } else if (property !== undefined && refines !== undefined && this.#refinements.size < maxElements) {
      this.#current = new GrowingText();
      this.#refinements.set(`${refines} ${property}`, this.#current);
    } else if (name !== undefined && content !== undefined && this.#metas.size < maxElements) {
      this.#metas.set(name.toLowerCase(), content);
    }
  }

  text(_path: readonly string[], text: string): void {
    this.#current?.add(text);
  }

  close(path: readonly string[]): void {
    this.#current = undefined;
    if (path.at(-1) === 'metadata') this.done = true;
  }
}

function numberIn(text: string | undefined): number | undefined {
  const number = Number.parseFloat(text ?? '');
  return Number.isFinite(number) ? number : undefined;
}
