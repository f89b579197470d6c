import type { BookBytes } from './bookBytes.ts';
import type { FoundMetadata } from './bookMetadata.ts';
import { UnreadableBookError } from './bookMetadata.ts';
import { namesIn } from './personName.ts';
import type { XmlVisitor } from './walkXml.ts';
import { GrowingText, walkXml } from './walkXml.ts';
import { findZipEntries, readZipEntry } from './zipEntries.ts';

const maxXmlBytes = 1024 * 1024;

/** DOCX: the core properties in Dublin Core, and the company of the extended ones. */
export function readDocx(body: BookBytes): FoundMetadata {
  const core = propertiesOf(body, 'docProps/core.xml');
  const extended = propertiesOf(body, 'docProps/app.xml');
  if (!core && !extended) throw new UnreadableBookError('it has no document properties');
  return {
    title: core?.first('title'),
    authors: (core?.all('creator') ?? []).flatMap(namesIn),
    language: core?.first('language'),
    publisher: extended?.first('company'),
  };
}

/** ODT: `meta.xml`. Who wrote a text first is its author; who saved it last is not. */
export function readOdt(body: BookBytes): FoundMetadata {
  const meta = propertiesOf(body, 'meta.xml');
  if (!meta) throw new UnreadableBookError('it has no meta.xml');
  const authors = meta.all('initial-creator');
  return {
    title: meta.first('title'),
    authors: (authors.length > 0 ? authors : meta.all('creator')).flatMap(namesIn),
    language: meta.first('language'),
  };
}

function propertiesOf(body: BookBytes, name: string): Properties | null {
  const [entry] = findZipEntries(body, found => found === name);
  if (!entry) return null;
  const properties = new Properties();
  walkXml(readZipEntry(body, entry, maxXmlBytes), maxXmlBytes, properties);
  return properties;
}

const wanted: ReadonlySet<string> = new Set(['title', 'creator', 'initial-creator', 'language', 'company']);
const maxElements = 100;

/** Texts of elements by their names, wherever these stand. */
class Properties implements XmlVisitor {
  readonly #texts: { name: string; text: GrowingText }[] = [];
  #current: GrowingText | undefined;
  done = false;

  first(name: string): string | undefined {
    return this.all(name)[0];
  }

  all(name: string): string[] {
    return this.#texts
      .filter(entry => entry.name === name)
      .map(entry => entry.text.toString())
      .filter(text => text !== '');
  }

  open(path: readonly string[]): void {
    const name = path.at(-1) ?? '';
    if (!wanted.has(name) || this.#texts.length >= maxElements) return;
    this.#current = new GrowingText();
    this.#texts.push({ name, text: this.#current });
  }

  text(_path: readonly string[], text: string): void {
    this.#current?.add(text);
  }

  close(): void {
    this.#current = undefined;
  }
}
