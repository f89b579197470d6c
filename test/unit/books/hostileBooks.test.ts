import assert from 'node:assert/strict';
import { strToU8, zipSync } from 'fflate';
import type { BookFormat } from '../../../src/protocol/bookFormat.ts';
import { readMetadata } from '../../../src/engine/books/metadata/readMetadata.ts';
import { encode, epubOf, fb2Text, mobiOf } from '../../support/books/madeBooks.ts';

/** Forty-eight megabytes of one character, packed into some 48 kB. */
function bomb(): Uint8Array {
  return new Uint8Array(48 * 1024 * 1024).fill(0x20);
}

function zip(entries: Record<string, Uint8Array>): Buffer {
  return Buffer.from(zipSync(entries));
}

const container = strToU8('<container><rootfiles><rootfile full-path="b.opf"/></rootfiles></container>');
const opf = (metadata: string): string => `<package><metadata>${metadata}</metadata></package>`;

/** Each is made only when its turn has come. */
const books: Record<string, [BookFormat, () => Buffer]> = {
  'an EPUB whose package is a bomb': [
    'epub',
    () => zip({ 'META-INF/container.xml': container, 'b.opf': bomb() }),
  ],
  'an EPUB whose container is a bomb': ['epub', () => zip({ 'META-INF/container.xml': bomb() })],
  'an FB2 in a ZIP that is a bomb': ['fb2.zip', () => zip({ 'b.fb2': bomb() })],
  'a DOCX whose properties are a bomb': ['docx', () => zip({ 'docProps/core.xml': bomb() })],
  'an EPUB with a title of ten megabytes': [
    'epub',
    () => epubOf(2, `<dc:title>${'long '.repeat(2_000_000)}</dc:title>`),
  ],
  'an FB2 with a title of ten megabytes': [
    'fb2',
    () => Buffer.from(fb2Text('utf-8').replace('Преступление', 'много '.repeat(1_000_000))),
  ],
  'an FB2 with entities that would multiply': [
    'fb2',
    () =>
      Buffer.from(
        `<?xml version="1.0"?><!DOCTYPE f [<!ENTITY a "aaaaaaaaaa">${Array.from(
          { length: 20 },
          (_, n) =>
            `<!ENTITY ${String.fromCharCode(98 + n)} "${`&${String.fromCharCode(97 + n)};`.repeat(10)}">`,
        ).join(
          '',
        )}]><FictionBook><description><title-info><book-title>&u;</book-title></title-info></description></FictionBook>`,
      ),
  ],
  'an FB2 that would read a file': [
    'fb2',
    () =>
      Buffer.from(
        '<?xml version="1.0"?><!DOCTYPE f [<!ENTITY x SYSTEM "file:///etc/passwd">]><FictionBook><description><title-info><book-title>&x;root</book-title></title-info></description></FictionBook>',
      ),
  ],
  'an EPUB with a hundred thousand creators': [
    'epub',
    () => epubOf(2, `<dc:title>T</dc:title>${'<dc:creator>A</dc:creator>'.repeat(100_000)}`),
  ],
  'an EPUB of elements within elements': [
    'epub',
    () => zip({ 'b.opf': strToU8(opf('<a>'.repeat(500_000))) }),
  ],
  'a ZIP of fifteen thousand entries': [
    'epub',
    () =>
      zip(Object.fromEntries(Array.from({ length: 15_000 }, (_, n) => [`${String(n)}.opf`, strToU8('x')]))),
  ],
  'a MOBI whose offsets lead outside': [
    'mobi',
    () => {
      const body = mobiOf({ name: 'x', exth: [[100, 'A']] });
      for (const at of [78, 86, 96 + 84, 96 + 88, 96 + 20]) body.writeUInt32BE(0xfffffff0, at);
      return body;
    },
  ],
  'a MOBI with four billion EXTH entries of no length': [
    'mobi',
    () => {
      const body = mobiOf({ name: 'x', exth: [[100, 'A']] });
      const exth = body.indexOf('EXTH');
      body.writeUInt32BE(0xffffffff, exth + 8);
      body.writeUInt32BE(0, exth + 16);
      return body;
    },
  ],
  'an RTF of braces': ['rtf', () => Buffer.from(`{\\rtf1{\\info{\\title ${'{'.repeat(500_000)}`)],
  'an RTF with a title of escapes': [
    'rtf',
    () => Buffer.from(`{\\rtf1{\\info{\\title ${"\\'e9\\u233?".repeat(50_000)}}}}`),
  ],
  'an HTML of tags': ['html', () => Buffer.from('<html><head>'.repeat(100_000))],
  'an HTML with a hundred thousand metas': [
    'html',
    () => Buffer.from(`<html><head>${'<meta name="author" content="A">'.repeat(100_000)}`),
  ],
  'a book of NULs': ['fb2', () => encode('\0'.repeat(1_000_000), 'windows-1251')],
};

describe('a hostile book', () => {
  for (const [name, [format, make]] of Object.entries(books)) {
    it(`is read within bounds: ${name}`, async () => {
      const body = make();
      const heapBefore = process.memoryUsage().heapUsed;
      const started = performance.now();
      const metadata = await readMetadata(format, body, 'folder/Name.bin');
      const tookMs = performance.now() - started;
      const heap = process.memoryUsage().heapUsed - heapBefore;
      // The thread ends a reader after two seconds; none comes near it by its own bounds.
      assert.ok(tookMs < 2000, `${String(Math.round(tookMs))} ms`);
      assert.ok(heap < 96 * 1024 * 1024, `${String(heap)} bytes`);
      assert.ok(metadata.title.length > 0 && metadata.title.length <= 512);
      assert.ok(!metadata.title.includes('root:'));
      assert.ok(metadata.authors.length <= 50);
      assert.doesNotMatch(metadata.title, /\p{Cc}/u);
    }).timeout(20_000);
  }
});
