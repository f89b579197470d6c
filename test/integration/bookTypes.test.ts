import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { catalogue } from '../../src/samples/catalogue.ts';
import { makeEpub } from '../../src/samples/epub.ts';
import { makeFb2 } from '../../src/samples/fb2.ts';
import { makeJpeg } from '../../src/samples/nonBooks.ts';
import { makePdf } from '../../src/samples/pdf.ts';
import { run } from '../support/gnuTar.ts';
import { makeTar } from '../support/gnuTar.ts';
import { useIngest } from '../support/ingestFixture.ts';

describe('what members are', () => {
  const { source, library, ingest } = useIngest();
  const [entry] = catalogue;
  assert.ok(entry);
  const book = (n: number): typeof entry & { paragraphs: string[] } => ({
    ...entry,
    paragraphs: [String(n)],
  });
  const files: Record<string, Buffer> = {
    'right.epub': makeEpub(book(1)),
    'a pdf.epub': makePdf(book(2)),
    'a picture.txt': makeJpeg(),
    'packed.zip': Buffer.from(zipSync({ 'x.fb2': makeFb2(book(3)) })),
    'comic.zip': Buffer.from(zipSync({ '1.jpg': makeJpeg(), '2.jpg': strToU8('x') })),
    '16470000': makeEpub(book(4)),
    'other.zip': Buffer.from(zipSync({ 'a.exe': strToU8('x') })),
    'empty.fb2': Buffer.alloc(0),
  };

  function formats(): string[] {
    const database = new DatabaseSync(join(library(), 'library.db'), { readOnly: true });
    const rows = database.prepare('select format from books order by format').all();
    database.close();
    return rows.map(row => String(row['format']));
  }

  for (const packed of [false, true]) {
    it(`goes by their content where that is sure${packed ? ', in a compressed tar too' : ''}`, async () => {
      await makeTar(join(source(), 'a.tar'), 'gnu', files);
      if (packed) run('gzip', [join(source(), 'a.tar')]);
      const { code, summary, stdout } = await ingest();
      assert.equal(code, 0, stdout);
      assert.deepEqual(formats(), ['cbz', 'epub', 'epub', 'fb2.zip', 'pdf']);
      assert.equal(summary?.books.found, 5);
      assert.deepEqual(summary.skippedBy, { image: 1, 'zip without a book': 1, empty: 1 });
    });
  }

  it('are taken only of the types that are wanted, by content too', async () => {
    await makeTar(join(source(), 'a.tar'), 'gnu', files);
    const { summary } = await ingest('--types', 'pdf,cbz');
    assert.deepEqual(formats(), ['cbz', 'pdf']);
    assert.equal(summary?.skippedBy?.['type not wanted'], 3);
    assert.equal(summary.books.found, 2);
  });

  it('are taken of the other types by a later run that wants those too', async () => {
    await makeTar(join(source(), 'a.tar'), 'gnu', files);
    await ingest('--types', 'pdf,cbz');
    assert.deepEqual(formats(), ['cbz', 'pdf']);
    const same = await ingest('--types', 'pdf');
    assert.deepEqual(same.summary?.tars, { total: 1, completed: 1, failed: 0 });
    assert.match(same.stdout, /"completedEarlier":1/);
    const all = await ingest();
    assert.equal(all.code, 0, all.stdout);
    assert.match(all.stdout, /"completedEarlier":0/);
    assert.deepEqual(formats(), ['cbz', 'epub', 'epub', 'fb2.zip', 'pdf']);
    assert.deepEqual(all.summary?.books, { found: 5, uploaded: 3, duplicates: 2, failed: 0 });
    assert.match((await ingest()).stdout, /"completedEarlier":1/);
  });
});
