import type { FoundMetadata } from './bookMetadata.ts';
import { maxAuthors, UnreadableBookError } from './bookMetadata.ts';
import { displayNames } from './personName.ts';
import type { XmlVisitor } from './walkXml.ts';
import { GrowingText, walkXml } from './walkXml.ts';
import type { ZipEntry } from './zipEntries.ts';
import { findZipEntries, readZipEntry } from './zipEntries.ts';

const containerName = 'META-INF/container.xml';
// A package lists every file of its book, after the metadata.
const maxXmlBytes = 4 * 1024 * 1024;
const maxElements = 200;

/** EPUB 2 and 3: container.xml names the package, whose `metadata` has the elements of Dublin Core. */
export function readEpub(body: Buffer): FoundMetadata {
  const entries = findZipEntries(body, name => name === containerName || name.toLowerCase().endsWith('.opf'));
  const metadata = new PackageMetadata();
  walkXml(readZipEntry(body, packageEntry(body, entries), maxXmlBytes), maxXmlBytes, metadata);
  return {
    title: metadata.title(),
    authors: metadata.authors().flatMap(displayNames),
    language: metadata.languages[0]?.text.toString(),
  };
}

function packageEntry(body: Buffer, entries: readonly ZipEntry[]): ZipEntry {
  const container = entries.find(entry => entry.name === containerName);
  const path = container && packagePath(readZipEntry(body, container, maxXmlBytes));
  const named = path === undefined ? undefined : findEntry(body, entries, path);
  // Without a word of the container, or with a wrong one: a package is a package.
  const entry = named ?? entries.find(candidate => candidate !== container);
  if (!entry) throw new UnreadableBookError('there is no package (OPF) in its ZIP');
  return entry;
}

function findEntry(body: Buffer, entries: readonly ZipEntry[], path: string): ZipEntry | undefined {
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
  id: string | undefined;
  role: string | undefined;
  text: GrowingText;
}

class PackageMetadata implements XmlVisitor {
  readonly languages: Element[] = [];
  readonly #titles: Element[] = [];
  readonly #creators: Element[] = [];
  /** What EPUB 3 says of an element, by `#id property`: the role of a creator, the type of a title. */
  readonly #refinements = new Map<string, GrowingText>();
  #current: GrowingText | undefined;
  done = false;

  /** The main title where there are several, else the first one. */
  title(): string | undefined {
    const titles = this.#titles.filter(title => title.text.toString() !== '');
    const main = titles.find(title => this.#refinement(title, 'title-type') === 'main');
    return (main ?? titles[0])?.text.toString();
  }

  /** Creators who wrote the book: whoever has another role (translator, illustrator) is no author of it. */
  authors(): string[] {
    return this.#creators
      .filter(creator => ['aut', ''].includes(creator.role ?? this.#refinement(creator, 'role') ?? ''))
      .slice(0, maxAuthors)
      .map(creator => creator.text.toString());
  }

  #refinement(element: Element, property: string): string | undefined {
    return element.id === undefined
      ? undefined
      : this.#refinements.get(`#${element.id} ${property}`)?.toString().toLowerCase();
  }

  open(path: readonly string[], attributes: Readonly<Record<string, string>>): void {
    if (!path.includes('metadata')) return;
    const list = this.#listOf(path.at(-1));
    if (list && list.length < maxElements) {
      const text = new GrowingText();
      list.push({ id: attributes['id'], role: attributes['role']?.trim().toLowerCase(), text });
      this.#current = text;
    } else if (path.at(-1) === 'meta') {
      const key = `${attributes['refines'] ?? ''} ${attributes['property'] ?? ''}`;
      if (key === ' ' || this.#refinements.size >= maxElements) return;
      this.#current = new GrowingText();
      this.#refinements.set(key, this.#current);
    }
  }

  #listOf(name: string | undefined): Element[] | undefined {
    switch (name) {
      case 'title':
        return this.#titles;
      case 'creator':
        return this.#creators;
      case 'language':
        return this.languages;
      default:
        return undefined;
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
