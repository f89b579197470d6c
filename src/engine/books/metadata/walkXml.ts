import { Parser } from 'htmlparser2';
import { decodeXml } from '../xmlBytes.ts';
import type { BookBytes } from './bookBytes.ts';
import { UnreadableBookError } from './bookMetadata.ts';

/**
 * What a reader wants of an XML text. Names are without prefix and in lower case, because books name the same
 * things `dc:title`, `title` and `dc:Title`; a path begins with the root and ends with the element itself.
 */
export interface XmlVisitor {
  open(path: readonly string[], attributes: Readonly<Record<string, string>>): void;
  /** One text may come in several pieces. */
  text(path: readonly string[], text: string): void;
  close(path: readonly string[]): void;
  /** True when all is seen that there is to see. */
  done: boolean;
}

// Deeper than any book's description; and the parser's search for the start of a wrongly closed element takes
// time in proportion to the depth.
const maxDepth = 200;

/**
 * Walks through an XML text until the visitor is done, at most `maxBytes` of it, and reads no more of it. The parser forgives what is
 * not well-formed, and knows no entities but those of XML: nothing is expanded, nothing is fetched.
 */
export function walkXml(body: BookBytes, maxBytes: number, visitor: XmlVisitor): void {
  const path: string[] = [];
  const stopWhenDone = (): void => {
    if (visitor.done) parser.pause();
  };
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        path.push(localName(name));
        if (path.length > maxDepth) throw new UnreadableBookError('its XML is nested too deeply');
        if (visitor.done) return;
        visitor.open(path, localAttributes(attributes));
        stopWhenDone();
      },
      ontext(text) {
        if (!visitor.done) visitor.text(path, text);
      },
      onclosetag() {
        if (visitor.done) return;
        visitor.close(path);
        path.pop();
        stopWhenDone();
      },
    },
    { xmlMode: true },
  );
  for (const chunk of decodeXml(body, maxBytes)) {
    parser.write(chunk);
    if (visitor.done) return;
  }
  parser.end();
}

function localName(name: string): string {
  return name.slice(name.lastIndexOf(':') + 1).toLowerCase();
}

function localAttributes(attributes: Readonly<Record<string, string>>): Record<string, string> {
  const local: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const name of Object.keys(attributes)) local[localName(name)] = attributes[name] ?? '';
  return local;
}

/** A text that is put together from pieces and stops growing when it is longer than any text that counts. */
export class GrowingText {
  #text = '';

  add(piece: string): void {
    if (this.#text.length < 8192) this.#text += piece;
  }

  toString(): string {
    return this.#text.trim();
  }
}
