import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pLimit from 'p-limit';

import type { BookMetadata } from '../../src/engine/books/metadata/bookMetadata.ts';
import { completeMetadata } from '../../src/engine/books/metadata/completeMetadata.ts';
import { parseEbookMeta } from '../../src/engine/books/metadata/ebookMetaOutput.ts';
import { readMetadata } from '../../src/engine/books/metadata/readMetadata.ts';
import { useTempFolder } from '../support/tempFolder.ts';
import { hasCalibre } from '../../scripts/calibre.ts';
import { missingPackages } from '../../scripts/debianBooks.ts';
import { booksMadeAnyWay, debianBooks, madePdfs, sampleBooks, type BookToCompare } from './booksToCompare.ts';
import { asRow, isListed, listedDifferences, listFile, type Difference } from './differenceList.ts';

// Holds what we read of books against what calibre's ebook-meta says of the very same files. Every difference has
// its reason in docs/calibre-comparison.md; title and authors may differ in one book of a hundred.

const run = promisify(execFile);
/** calibre takes half a second a book, on a core of its own. */
const atOnce = 2;

const fields = {
  title: metadata => metadata.title,
  authors: metadata => metadata.authors.map(author => author.name).join(' & '),
  language: metadata => metadata.language ?? '',
  publisher: metadata => metadata.publisher ?? '',
  date: metadata => metadata.date ?? '',
  series: ({ series }) => (series ? `${series.name} #${String(series.index ?? 1)}` : ''),
  isbn: metadata => metadata.identifiers['isbn'] ?? '',
} satisfies Record<string, (metadata: BookMetadata) => string>;
type Field = keyof typeof fields;

const allFields = Object.keys(fields) as Field[];

function plain(text: string): string {
  return text.normalize('NFC').replace(/\s+/g, ' ').trim().toLowerCase();
}

describe('the list of differences to calibre', () => {
  it('gives a reason for each, and is no list of everything', () => {
    for (const { book, field, reason } of listedDifferences()) {
      assert.ok(reason.length > 10, `${book}, ${field}`);
      assert.ok(Object.hasOwn(fields, field), field);
      assert.ok(book.replaceAll('*', '').length >= 5, book);
    }
  });
});

if (hasCalibre()) {
  describe('metadata as we and calibre read them', () => {
    const folder = useTempFolder();

    /** What calibre says, cleaned as ours is: a comparison of readers, not of spellings. */
    async function asCalibreSays(file: string, stem: string, name: string): Promise<BookMetadata> {
      const { stdout } = await run('ebook-meta', [file], {
        env: { ...process.env, CALIBRE_OVERRIDE_LANG: 'en' },
        timeout: 60_000,
        maxBuffer: 16 * 1024 * 1024,
      });
      return completeMetadata(parseEbookMeta(stdout, stem), name);
    }

    async function compare(book: BookToCompare, number: number): Promise<Difference[]> {
      const stem = `Book${String(number)}`;
      const extension = book.format === 'fb2.zip' ? 'fbz' : book.format;
      const file = join(folder(), `${stem}.${extension}`);
      const body = book.read();
      await writeFile(file, body);
      const ours = await readMetadata(book.format, body, file);
      const calibre = await asCalibreSays(file, stem, file);
      return allFields
        .map(field => ({
          book: book.name,
          field,
          calibre: fields[field](calibre),
          ours: fields[field](ours),
        }))
        .filter(difference => plain(difference.calibre) !== plain(difference.ours));
    }

    async function differencesOf(books: readonly BookToCompare[]): Promise<Difference[]> {
      const limit = pLimit(atOnce);
      const found = await Promise.all(books.map((book, index) => limit(() => compare(book, index))));
      return found.flat();
    }

    async function agree(books: readonly BookToCompare[]): Promise<void> {
      const differences = await differencesOf(books);
      const list = listedDifferences();
      const unlisted = differences.filter(difference => !isListed(difference, list));
      assert.equal(unlisted.length, 0, `to be explained in ${listFile}:\n${unlisted.map(asRow).join('\n')}`);
      const apart = new Set(
        differences.filter(({ field }) => field === 'title' || field === 'authors').map(({ book }) => book),
      );
      const share = apart.size / books.length;
      console.log(
        `        ${String(books.length)} books; title and authors differ in ${String(apart.size)}, ` +
          `other fields in ${String(differences.length)} places`,
      );
      assert.ok(share <= 0.01, `title or authors differ in ${[...apart].join('; ')}`);
    }

    const missing = missingPackages();
    if (missing.length > 0) {
      assert.equal(
        process.env['CI'],
        undefined,
        `no books of ${missing.join(', ')}: node scripts/debianBooks.ts`,
      );
      console.warn(`Left out of the comparison with calibre: the books of ${missing.join(', ')}.`);
    }

    it("agree on books made by code in every format and encoding, and on those of Debian's packages", async function () {
      this.timeout(540_000);
      const real = debianBooks();
      if (missing.length === 0) assert.ok(real.length >= 100, `only ${String(real.length)} books`);
      await agree([...sampleBooks(), ...booksMadeAnyWay(), ...madePdfs(), ...real]);
    });
  });
} else {
  assert.equal(process.env['CI'], undefined, 'calibre is not installed: node scripts/calibre.ts');
  console.warn('calibre is not installed: nothing is compared with it.');
}
