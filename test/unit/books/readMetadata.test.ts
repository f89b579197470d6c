import assert from 'node:assert/strict';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import type { BookFormat } from '../../../src/protocol/bookFormat.ts';
import { readMetadata } from '../../../src/engine/books/metadata/readMetadata.ts';
import { catalogue } from '../../../src/samples/catalogue.ts';
import { makeEpub } from '../../../src/samples/epub.ts';
import { makeFb2 } from '../../../src/samples/fb2.ts';
import { makeMobi } from '../../../src/samples/mobi.ts';
import { makePdf } from '../../../src/samples/pdf.ts';
import type { SampleBook } from '../../../src/samples/sampleBook.ts';
import { authorName } from '../../../src/samples/sampleBook.ts';

const makers: Record<string, [format: BookFormat, make: (book: SampleBook) => Buffer]> = {
  EPUB: ['epub', makeEpub],
  MOBI: ['mobi', makeMobi],
  'FB2 in UTF-8': ['fb2', book => makeFb2(book)],
  'FB2 in windows-1251': ['fb2', book => makeFb2(book, 'windows-1251')],
  'FB2 in a ZIP': ['fb2.zip', book => Buffer.from(zipSync({ 'book.fb2': makeFb2(book) }))],
  PDF: ['pdf', makePdf],
};

describe('readMetadata', () => {
  for (const [kind, [format, make]] of Object.entries(makers)) {
    it(`reads every sample book as ${kind}, in every language`, async () => {
      for (const entry of catalogue) {
        const body = make({ ...entry, paragraphs: ['One paragraph.'] });
        const { title, authors, language, warning } = await readMetadata(format, body, `part/16470000`);
        assert.deepEqual(
          { title, authors: authors.map(author => author.name), language, warning },
          {
            title: entry.title.normalize('NFC'),
            authors: entry.authors.map(authorName),
            language: entry.language,
            warning: null,
          },
        );
      }
    });

    it(`has an answer for a damaged ${kind}`, async () => {
      const [entry] = catalogue;
      assert.ok(entry);
      const whole = make({ ...entry, paragraphs: ['One paragraph.'] });
      const change = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), byte: fc.nat(255) });
      await fc.assert(
        fc.asyncProperty(
          fc.array(change, { maxLength: 30 }),
          fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 3 }),
          async (changes, cut) => {
            const body = Buffer.from(whole.subarray(0, Math.floor(whole.length * (cut ?? 1))));
            // Most of what is read lies at the start or at the end.
            for (const { at, byte } of changes) {
              const place = at < 0.5 ? at * 1200 : body.length - 1 - (1 - at) * 1200;
              if (place >= 0 && place < body.length) body[Math.floor(place)] = byte;
            }
            const metadata = await readMetadata(format, body, 'part/Name.bin');
            assert.ok(metadata.title.length > 0 && Array.from(metadata.title).length <= 256);
            assert.doesNotMatch(
              metadata.title + metadata.authors.map(author => author.name + author.sortName).join(''),
              /\p{Cc}/u,
            );
            assert.doesNotMatch(metadata.warning ?? '', /\p{Cc}/u);
          },
        ),
        { numRuns: 150 },
      );
    });
  }

  it('goes by the name, without a warning, for formats that it does not read', async () => {
    const { title, authors, warning } = await readMetadata('txt', Buffer.from('text'), 'part/Emma.txt');
    assert.deepEqual({ title, authors, warning }, { title: 'Emma', authors: [], warning: null });
  });

  it('has an answer for any bytes in any format', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom<BookFormat>('epub', 'fb2', 'fb2.zip', 'mobi', 'prc', 'azw3', 'pdf', 'doc'),
        fc.uint8Array({ maxLength: 300 }),
        fc.string({ unit: 'binary' }),
        async (format, bytes, name) => {
          const metadata = await readMetadata(format, Buffer.from(bytes), name);
          assert.ok(metadata.title.length > 0);
        },
      ),
      { numRuns: 300 },
    );
  });
});
