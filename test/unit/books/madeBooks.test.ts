import assert from 'node:assert/strict';
import { readMetadata } from '../../../src/engine/books/metadata/readMetadata.ts';
import { madeBooks } from '../../support/books/madeBooks.ts';
import {
  makeEncryptedPdf,
  makePdfBook,
  pdfEncryptions,
  xmpPacket,
  xmpTitle,
} from '../../support/books/pdfWriter.ts';

describe('what a book says of itself', () => {
  for (const { name, format, body, says } of madeBooks) {
    it(`is read from ${name}`, async () => {
      const { warning, ...metadata } = await readMetadata(format, body, 'part/16470000');
      assert.equal(warning, null);
      assert.deepEqual(metadata, {
        title: says.title,
        authors: says.authors.map(([author, sortName]) => ({ name: author, sortName })),
        language: says.language ?? null,
        series: says.series ? { name: says.series[0], index: says.series[1] } : null,
        publisher: says.publisher ?? null,
        date: says.date ?? null,
        identifiers: says.identifiers ?? {},
      });
    });
  }

  it('is the same in shared memory, which not every part of the platform takes', async () => {
    const [title, author, xmp] = ['Emma', 'Jane Austen', xmpPacket(xmpTitle('Emma'))];
    const pdf = { info: `/Title (${title}) /Author (${author})`, xmp };
    const books = [
      ...madeBooks.map(({ format, body }) => [format, body] as const),
      ...(['table', 'streams', 'hybrid'] as const).map(layout => ['pdf', makePdfBook(pdf, layout)] as const),
      ...pdfEncryptions.map(kind => ['pdf', makeEncryptedPdf(kind, '', { title, author, xmp })] as const),
    ];
    for (const [format, body] of books) {
      const shared = Buffer.from(new SharedArrayBuffer(body.length));
      body.copy(shared);
      assert.deepEqual(await readMetadata(format, shared, 'a'), await readMetadata(format, body, 'a'));
      assert.deepEqual(shared, body);
    }
  });

  it('is the name of the database of a Palm text', async () => {
    const body = Buffer.alloc(300);
    body.write('The_Castle', 0);
    body.write('TEXtREAd', 60);
    assert.equal((await readMetadata('pdb', body, 'x')).title, 'The Castle');
  });
});
