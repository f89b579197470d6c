import type { FoundMetadata } from './bookMetadata.ts';
import { maxAuthors, UnreadableBookError } from './bookMetadata.ts';
import type { XmlVisitor } from './walkXml.ts';
import { GrowingText, walkXml } from './walkXml.ts';
import { findZipEntries, readZipEntryStart } from './zipEntries.ts';

// The description stands at the start; behind it come the text and the pictures, which nobody has to read.
const maxDescriptionBytes = 1024 * 1024;

/** FictionBook 2: `description/title-info`, in whatever encoding. */
export function readFb2(body: Buffer): FoundMetadata {
  const titleInfo = new TitleInfo();
  walkXml(body, maxDescriptionBytes, titleInfo);
  if (!titleInfo.found) throw new UnreadableBookError('it has no title-info');
  return {
    title: titleInfo.title.toString(),
    authors: titleInfo.authors.map(fullName).filter(name => name !== ''),
    language: titleInfo.language.toString(),
  };
}

/** FictionBook 2 within a ZIP, of which only the start is unpacked. */
export function readFb2Zip(body: Buffer): FoundMetadata {
  const entry = findZipEntries(body, name => name.toLowerCase().endsWith('.fb2'))[0];
  if (!entry) throw new UnreadableBookError('there is no FB2 in its ZIP');
  return readFb2(readZipEntryStart(body, entry, 128 * 1024, 16 * maxDescriptionBytes));
}

const nameParts = ['first-name', 'middle-name', 'last-name', 'nickname'] as const;
type Author = Record<(typeof nameParts)[number], GrowingText>;

function fullName(author: Author): string {
  const parts = [author['first-name'], author['middle-name'], author['last-name']].map(String);
  return parts.filter(part => part !== '').join(' ') || author.nickname.toString();
}

class TitleInfo implements XmlVisitor {
  readonly title = new GrowingText();
  readonly language = new GrowingText();
  readonly authors: Author[] = [];
  found = false;
  done = false;

  open(path: readonly string[]): void {
    const name = path.at(-1);
    if (name === 'title-info') {
      this.found = true;
    } else if (name === 'author' && path.at(-2) === 'title-info' && this.authors.length < maxAuthors) {
      this.authors.push({
        'first-name': new GrowingText(),
        'middle-name': new GrowingText(),
        'last-name': new GrowingText(),
        nickname: new GrowingText(),
      });
    } else if (name === 'body' || name === 'binary') {
      this.done = true;
    }
  }

  text(path: readonly string[], text: string): void {
    const name = path.at(-1);
    const parent = path.at(-2);
    if (parent === 'title-info') {
      if (name === 'book-title') this.title.add(text);
      else if (name === 'lang') this.language.add(text);
    } else if (parent === 'author' && path.at(-3) === 'title-info') {
      const part = nameParts.find(candidate => candidate === name);
      if (part) this.authors.at(-1)?.[part].add(text);
    }
  }

  close(path: readonly string[]): void {
    if (path.at(-1) === 'title-info') this.done = true;
  }
}
