import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchiveMember } from '../../../src/engine/archive/archive.ts';
import type { BookFormat } from '../../../src/protocol/bookFormat.ts';
import { EbookMeta } from '../../../src/engine/books/metadata/ebookMeta.ts';
import { largestBookRead } from '../../../src/engine/books/metadata/readableFormats.ts';
import { readMetadata } from '../../../src/engine/books/metadata/readMetadata.ts';
import { MetadataSource } from '../../../src/engine/worker/metadataSource.ts';
import type { MetadataReader } from '../../../src/protocol/ingestOptions.ts';
import { makePdfBook } from '../../support/books/pdfWriter.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

const never = new AbortController().signal;

describe('the source of metadata', () => {
  const folder = useTempFolder();
  let notices: string[];
  let asked: number;

  beforeEach(() => {
    notices = [];
    asked = 0;
  });

  function book(format: BookFormat, kept: Buffer | null, sizeBytes = kept?.length ?? 40_000_000) {
    const bytes = kept ?? Buffer.from('large');
    const member = {
      name: `part/Name.${format}`,
      sizeBytes: kept ? sizeBytes : bytes.length,
      async *chunks() {
        await Promise.resolve();
        yield bytes;
      },
    } as unknown as ArchiveMember;
    const sha1 = '0'.repeat(40);
    return { member, format, body: { key: { sha1, sizeBytes }, kept, place: null, description: null } };
  }

  async function source(choice: MetadataReader, script: string | null): Promise<MetadataSource> {
    let program: string | undefined;
    if (script !== null) {
      program = join(folder(), 'ebook-meta');
      await writeFile(program, `#!/bin/sh\n${script}\n`);
      await chmod(program, 0o755);
    }
    const note = (message: string): void => void notices.push(message);
    return new MetadataSource(choice, note, readMetadata, () => {
      asked++;
      return Promise.resolve(new EbookMeta({ program, temporaryFolder: folder() }));
    });
  }

  const says = "echo 'Title               : From calibre'";
  const pdf = makePdfBook({ info: '/Title (Own)' });

  if (process.platform !== 'win32') {
    it('asks calibre for formats that have no reader, and for all where that is wanted', async () => {
      const titles = async (choice: MetadataReader): Promise<string[]> => {
        const reader = await source(choice, says);
        const books = [
          book('pdf', pdf),
          book('chm', Buffer.from('x')),
          book('txt', Buffer.from('x')),
          book('djvu', pdf),
        ];
        return (await Promise.all(books.map(each => reader.read(each, never)))).map(read => read.title);
      };
      assert.deepEqual(await titles('auto'), ['Own', 'From calibre', 'Name', 'Name']);
      assert.deepEqual(await titles('calibre'), ['From calibre', 'From calibre', 'From calibre', 'Name']);
      assert.deepEqual(await titles('builtin'), ['Own', 'Name', 'Name', 'Name']);
      assert.deepEqual(notices, []);
    });

    it('reads itself what calibre fails at, or goes by the name and says why', async () => {
      const reader = await source('calibre', 'exit 1');
      assert.equal((await reader.read(book('pdf', pdf), never)).title, 'Own');
      const { title, warning } = await reader.read(book('chm', Buffer.from('x')), never);
      assert.equal(title, 'Name');
      assert.match(warning ?? '', /calibre failed to read it/);
    });

    it('does not put a stop down to the book', async () => {
      const reader = await source('auto', 'sleep 1000');
      const stop = new AbortController();
      const reading = reader.read(book('chm', Buffer.from('x')), stop.signal);
      stop.abort();
      await assert.rejects(reading, thrown => thrown === stop.signal.reason);
    });

    it('tells a book that cannot be read again from one that says nothing', async () => {
      const reader = await source('auto', says);
      await assert.rejects(reader.read(book('pdf', null), never), { code: 'BOOK_NOT_READABLE' });
    });
  }

  it('tells once that calibre is missing, when it is first needed', async () => {
    const reader = await source('auto', null);
    await reader.read(book('pdf', pdf), never);
    assert.deepEqual([asked, notices], [0, []]);
    for (let round = 0; round < 3; round++) {
      assert.equal((await reader.read(book('chm', Buffer.from('x')), never)).title, 'Name');
    }
    assert.equal(asked, 1);
    assert.equal(notices.length, 1);
    assert.match(notices[0] ?? '', /calibre is not installed/);
  });

  it('wants them along with the digest as long as most books are new, and not where calibre reads them', async () => {
    const reader = await source('builtin', null);
    assert.ok(reader.comesWithDigest);
    for (let batch = 0; batch < 20; batch++) reader.sawClaims(30, 5);
    assert.ok(reader.comesWithDigest);
    for (let batch = 0; batch < 20; batch++) reader.sawClaims(30, 28);
    assert.ok(!reader.comesWithDigest);
    for (let batch = 0; batch < 20; batch++) reader.sawClaims(30, 0);
    assert.ok(reader.comesWithDigest);
    for (const choice of ['calibre', 'none'] as const)
      assert.ok(!(await source(choice, null)).comesWithDigest);
  });

  it('reads nothing that is known already', async () => {
    const reader = await source('builtin', null);
    const metadata = await readMetadata('pdf', pdf, 'a');
    const known = book('pdf', Buffer.from('anything else'));
    const description = { detection: { kind: 'book', format: 'pdf' }, metadata } as const;
    const says = await reader.read({ ...known, body: { ...known.body, description } }, never);
    assert.equal(says.title, 'Own');
  });

  it('has books read where they lie, but for those that are too large for a reader', async () => {
    const reader = await source('builtin', null);
    const readsOwn = (format: BookFormat, sizeBytes: number): boolean => {
      const { member, body } = book(format, null, sizeBytes);
      const place = { descriptor: 9999, position: 0, sizeBytes };
      return reader.readsOwn({ member, format, body: { ...body, place } });
    };
    assert.ok(readsOwn('epub', largestBookRead));
    assert.ok(!readsOwn('epub', largestBookRead + 1));
    assert.ok(!readsOwn('djvu', 1));
  });
});
