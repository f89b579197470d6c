import assert from 'node:assert/strict';
import { strToU8, zipSync, type Zippable } from 'fflate';
import type { BookFormat } from '../../../src/protocol/bookFormat.ts';
import { detectBook } from '../../../src/engine/books/bookType.ts';
import { bufferReader } from '../../../src/engine/books/byteReader.ts';
import { readMetadata } from '../../../src/engine/books/metadata/readMetadata.ts';
import { fb2Text } from '../../support/books/madeBooks.ts';
import { zip64Of } from '../../support/books/zip64.ts';

const dublinCore = 'xmlns:dc="http://purl.org/dc/elements/1.1/"';
const author = 'Jane Austen';

const epub = {
  mimetype: 'application/epub+zip',
  'META-INF/container.xml':
    '<container><rootfiles><rootfile full-path="OEBPS/b.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
  'OEBPS/b.opf': `<package><metadata ${dublinCore}><dc:title>Emma</dc:title><dc:creator>${author}</dc:creator></metadata></package>`,
};
const docx = {
  '[Content_Types].xml': '<Types/>',
  'docProps/core.xml': `<p ${dublinCore}><dc:title>Emma</dc:title><dc:creator>${author}</dc:creator></p>`,
  'word/document.xml': '<document/>',
};
const odt = {
  mimetype: 'application/vnd.oasis.opendocument.text',
  'meta.xml': `<meta ${dublinCore}><dc:title>Emma</dc:title><dc:creator>${author}</dc:creator></meta>`,
};
const books: readonly (readonly [BookFormat, title: string, Readonly<Record<string, string>>])[] = [
  ['epub', 'Emma', epub],
  ['docx', 'Emma', docx],
  ['odt', 'Emma', odt],
  ['fb2.zip', 'Преступление и наказание', { 'a.fb2': fb2Text('utf-8') }],
];

/** What a book without an extension is, and what it calls itself. */
async function assertRead(format: BookFormat, title: string, body: Buffer): Promise<void> {
  assert.deepEqual(await detectBook('16470000', bufferReader(body)), { kind: 'book', format });
  const metadata = await readMetadata(format, body, '16470000');
  assert.equal(metadata.warning, null);
  assert.equal(metadata.title, title);
}

describe('a book that is a ZIP64', () => {
  for (const [format, title, files] of books)
    for (const long of ['as zip -fz', 'all'] as const)
      it(`is found and read: ${format}, long figures ${long}`, async () => {
        await assertRead(format, title, zip64Of(files, long));
      });

  it('is found and read where something stands before it or behind it', async () => {
    const body = zip64Of(epub, 'all');
    await assertRead(
      'epub',
      'Emma',
      Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(300, 'x'), body]),
    );
    await assertRead('epub', 'Emma', Buffer.concat([body, Buffer.alloc(60_000, 'x')]));
  });
});

describe('a ZIP with backslashes in its names', () => {
  it('is found and read', async () => {
    const files: Zippable = {};
    for (const [name, text] of Object.entries(docx)) files[name.replaceAll('/', '\\')] = strToU8(text);
    await assertRead('docx', 'Emma', Buffer.from(zipSync(files)));
  });
});

describe('a ZIP of nothing but two signatures', () => {
  it('is no book, whatever its length', async () => {
    for (let length = 0; length < 24; length++) {
      const body = Buffer.concat([Buffer.from('PK\x03\x04PK\x05\x06'), Buffer.alloc(length)]);
      const { kind } = await detectBook('16470000', bufferReader(body));
      assert.equal(kind, 'skipped', String(length));
      assert.match((await readMetadata('epub', body, 'a')).warning ?? '', /because .+ ZIP/, String(length));
    }
  });
});
