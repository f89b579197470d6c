import assert from 'node:assert/strict';
import { open, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { BookBytes } from '../../../src/engine/books/metadata/bookBytes.ts';
import type { FoundMetadata } from '../../../src/engine/books/metadata/bookMetadata.ts';
import { bytesInFile } from '../../../src/engine/books/metadata/bookBytes.ts';
import { readFb2 } from '../../../src/engine/books/metadata/fb2.ts';
import { readHtml } from '../../../src/engine/books/metadata/html.ts';
import { readMetadata } from '../../../src/engine/books/metadata/readMetadata.ts';
import { readMobi } from '../../../src/engine/books/metadata/mobi.ts';
import { readPdf } from '../../../src/engine/books/metadata/pdf.ts';
import { readRtf } from '../../../src/engine/books/metadata/rtf.ts';
import { readEpub } from '../../../src/engine/books/metadata/epub.ts';
import { bulkyBooks } from '../../support/books/bulkyBooks.ts';
import { epubOf, fb2Text, madeBooks, mobiOf } from '../../support/books/madeBooks.ts';
import { layPdf, pdfParts } from '../../support/books/pdfWriter.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

const before = Buffer.alloc(1000, 'before ');

async function inFile<T>(path: string, body: Buffer, use: (file: FileHandle) => T | Promise<T>): Promise<T> {
  await writeFile(path, Buffer.concat([before, body, before]));
  const file = await open(path);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

describe('a book that is read in pieces', () => {
  const folder = useTempFolder();

  for (const { name, format, body, title } of bulkyBooks) {
    it(`says the same in a file as in memory: ${name}`, async () => {
      const found = await readMetadata(format, body, 'folder/Name');
      assert.equal(found.title, title ?? 'Name');
      assert.equal(found.warning === null, title !== undefined, found.warning ?? '');
      await inFile(join(folder(), 'book'), body, async ({ fd }) => {
        const place = { descriptor: fd, position: before.length, sizeBytes: body.length };
        assert.deepEqual(await readMetadata(format, place, 'folder/Name'), found);
      });
    });
  }

  it('has an answer where its file ends before it does', async () => {
    for (const { format, body } of [
      ...madeBooks,
      ...bulkyBooks.filter(({ body }) => body.length < 400_000),
    ]) {
      await inFile(join(folder(), 'book'), body.subarray(0, body.length / 2), async ({ fd }) => {
        const place = { descriptor: fd, position: before.length, sizeBytes: 30_000_000 };
        assert.notEqual((await readMetadata(format, place, 'folder/Name')).title, '', format);
      });
    }
  });

  const largeText = Buffer.alloc(5_000_000, 'The text of the book, which nobody has to read. ');
  const kilobyte = 1024;
  const pdf = pdfParts({ info: '/Title (Emma)' });
  const largePdf = layPdf(new Map([...pdf, [90, { dictionary: '', data: largeText }]]), 'table');
  /** A reader, a large book, and how much of it may be read in how many pieces. */
  const readers: Readonly<Record<string, [(bytes: BookBytes) => FoundMetadata, Buffer, number, number]>> = {
    FB2: [readFb2, Buffer.concat([Buffer.from(fb2Text('utf-8')), largeText]), 4 * kilobyte, 1],
    MOBI: [readMobi, Buffer.concat([mobiOf({ name: 'Emma' }), largeText]), 12 * kilobyte, 2],
    HTML: [
      readHtml,
      Buffer.concat([Buffer.from('<html><head><title>Emma</title></head><body>'), largeText]),
      256 * kilobyte,
      1,
    ],
    RTF: [
      readRtf,
      Buffer.concat([Buffer.from('{\\rtf1{\\info{\\title Emma}}'), largeText]),
      96 * kilobyte,
      1,
    ],
    EPUB: [readEpub, Buffer.concat([largeText, epubOf(2, '<dc:title>Emma</dc:title>')]), 12 * kilobyte, 2],
    PDF: [readPdf, largePdf, 16 * kilobyte, 3],
  };
  for (const [name, [read, body, maxBytes, maxReads]] of Object.entries(readers)) {
    it(`is not read as a whole: ${name} of ${String(body.length)} bytes`, async () => {
      await inFile(join(folder(), 'book'), body, ({ fd }) => {
        let reads = 0;
        let bytesRead = 0;
        let asked = 0;
        const bytes = bytesInFile(
          { descriptor: fd, position: before.length, sizeBytes: body.length },
          isReading => {
            if (!isReading) return;
            reads++;
            // What is read at once is what is asked for, or a little more.
            bytesRead += Math.max(asked, 4 * kilobyte);
          },
        );
        const found = read({
          length: bytes.length,
          slice: (start, end) => {
            asked = Math.min(end, body.length) - start;
            return bytes.slice(start, end);
          },
        });
        assert.match(found.title ?? '', /^ ?(?:Emma|Преступление и наказание)$/);
        assert.ok(reads >= 1 && reads <= maxReads, `${String(reads)} reads`);
        assert.ok(bytesRead <= maxBytes, `${String(bytesRead)} bytes`);
      });
    });
  }
});
