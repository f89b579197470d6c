import assert from 'node:assert/strict';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readMetadata } from '../../../src/engine/books/metadata/readMetadata.ts';
import { epubOf, madeBooks } from '../../support/books/madeBooks.ts';
import {
  makeEncryptedPdf,
  makePdfBook,
  pdfEncryptions,
  xmpPacket,
  xmpTitle,
} from '../../support/books/pdfWriter.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

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

  describe('where it lies in a file', () => {
    const folder = useTempFolder();

    it('is the same, also of one that is cut off, damaged, or too large to be read as a whole', async () => {
      const pictures = Buffer.alloc(300_000, 'no description ');
      const bodies = madeBooks.flatMap(({ format, body }) => [
        [format, body] as const,
        [format, body.subarray(0, body.length - 10)] as const,
        [format, body.subarray(0, body.length / 2)] as const,
        [format, Buffer.concat([body, pictures])] as const,
        [format, Buffer.concat([pictures, body])] as const,
        ...[3, 5, 7].map(
          step => [format, body.map((byte, at) => (at % (step * 97) === 0 ? byte ^ 1 : byte))] as const,
        ),
      ]);
      const path = join(folder(), 'file');
      const before = Buffer.alloc(1000, '%PDF PK\x05\x06');
      await writeFile(path, Buffer.concat([before, ...bodies.map(([, body]) => body), before]));
      const file = await open(path);
      try {
        let position = before.length;
        for (const [format, body] of bodies) {
          const place = { descriptor: file.fd, position, sizeBytes: body.length };
          const told: boolean[] = [];
          const found = await readMetadata(format, place, 'folder/Name.x', isReading => told.push(isReading));
          assert.deepEqual(found, await readMetadata(format, body, 'folder/Name.x'), format);
          // Told of the end of each read, too: what goes on for ever is the disk otherwise.
          assert.ok(
            told.length % 2 === 0 && told.every((isReading, index) => isReading === (index % 2 === 0)),
          );
          position += body.length;
        }
      } finally {
        await file.close();
      }
    });

    it('says that it waits for the disk no longer than it does, also where the disk fails', async () => {
      const told: boolean[] = [];
      const place = { descriptor: 9999, position: 0, sizeBytes: 1000 };
      const { warning } = await readMetadata('epub', place, 'x', isReading => told.push(isReading));
      assert.match(warning ?? '', /EBADF/);
      assert.deepEqual(told, [true, false]);
    });

    it('is read there, and not as a whole where that is not needed', async () => {
      const body = epubOf(2, '<dc:title>Emma</dc:title>');
      const large = Buffer.concat([Buffer.alloc(20_000_000), body]);
      const path = join(folder(), 'file');
      await writeFile(path, large);
      const file = await open(path);
      try {
        const before = process.memoryUsage().arrayBuffers;
        const place = { descriptor: file.fd, position: 0, sizeBytes: large.length };
        assert.equal((await readMetadata('epub', place, 'x')).title, 'Emma');
        assert.ok(process.memoryUsage().arrayBuffers - before < 2_000_000);
      } finally {
        await file.close();
      }
    });
  });

  it('is the name of the database of a Palm text', async () => {
    const body = Buffer.alloc(300);
    body.write('The_Castle', 0);
    body.write('TEXtREAd', 60);
    assert.equal((await readMetadata('pdb', body, 'x')).title, 'The Castle');
  });
});
