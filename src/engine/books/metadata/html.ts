import { Parser } from 'htmlparser2';
import { ownBytes } from '../ownBytes.ts';
import { decodeWindows1252 } from '../windows1252.ts';
import type { BookBytes } from './bookBytes.ts';
import type { FoundMetadata } from './bookMetadata.ts';
import { namesIn } from './personName.ts';
import { GrowingText } from './walkXml.ts';

/** The head of a page stands at its start. */
const maxHeadBytes = 256 * 1024;
const maxMetas = 200;
/** The elements that count wherever they stand. */
const countsInText = /<(?:html|meta)/gi;

/** HTML: the title, and what the `meta` elements say in the words of Dublin Core or in plain ones. */
export function readHtml(body: BookBytes): FoundMetadata {
  const title = new GrowingText();
  const metas: { name: string; content: string }[] = [];
  let language: string | undefined;
  let inTitle = false;
  let done = false;
  const endHead = (): void => {
    if (!done) parser.pause();
    done = true;
  };
  const parser = new Parser({
    onopentag(name, attributes) {
      if (name === 'title') inTitle = true;
      else if (name === 'html') language = attributes['lang'] ?? attributes['xml:lang'];
      else if (name === 'body') endHead();
      else if (name === 'meta' && metas.length < maxMetas) {
        const key = attributes['name'] ?? attributes['property'];
        if (key !== undefined) metas.push({ name: key.toLowerCase(), content: attributes['content'] ?? '' });
      }
    },
    ontext(text) {
      if (inTitle && !done) title.add(text);
    },
    onclosetag(name) {
      if (name === 'title') inTitle = false;
      if (name === 'head') endHead();
    },
  });
  const text = decodeHtml(ownBytes(body.slice(0, maxHeadBytes)));
  parser.write(text);
  // What follows is the text of the book, and to search it costs far less than to parse it.
  countsInText.lastIndex = parser.startIndex;
  if (countsInText.test(text)) parser.resume();
  parser.end();
  const said = (...names: string[]): string[] =>
    metas.filter(meta => names.includes(meta.name) && meta.content.trim() !== '').map(meta => meta.content);
  return {
    title: said('dc.title', 'dcterms.title')[0] ?? title.toString(),
    authors: said('author', 'dc.creator', 'dc.creator.aut', 'dcterms.creator', 'dc.author').flatMap(namesIn),
    language: said('dc.language', 'dcterms.language')[0] ?? language,
    publisher: said('publisher', 'dc.publisher', 'dcterms.publisher')[0],
    date: said('pubdate', 'dc.date.published', 'dc.date.publication', 'dc.date', 'dcterms.date')[0],
  };
}

const charset = /<meta[^>]+charset\s*=\s*["']?\s*([\w.:-]+)/i;

function decodeHtml(head: Buffer): string {
  const [b0, b1, b2] = head;
  if (b0 === 0xff && b1 === 0xfe) return new TextDecoder('utf-16le').decode(head);
  if (b0 === 0xfe && b1 === 0xff) return new TextDecoder('utf-16be').decode(head);
  const label = b0 === 0xef && b1 === 0xbb && b2 === 0xbf ? 'utf-8' : declared(head);
  if (label !== undefined) {
    try {
      const { encoding } = new TextDecoder(label);
      return encoding === 'windows-1252' ? decodeWindows1252(head) : new TextDecoder(label).decode(head);
    } catch {
      // An encoding that nobody knows: as if none were named.
    }
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
  } catch {
    return decodeWindows1252(head);
  }
}

function declared(head: Buffer): string | undefined {
  return charset.exec(head.toString('latin1', 0, 4096))?.[1];
}
