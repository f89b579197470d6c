import assert from 'node:assert/strict';
import { join } from 'node:path';
import { MetadataThread } from '../../../src/engine/bodies/metadataThread.ts';
import { epubOf } from '../../support/books/madeBooks.ts';

const faulty = join(import.meta.dirname, '../../support/neverEndingReader.mjs');
const real = join(import.meta.dirname, '../../../src/engine/bodies/metadataThreadEntry.ts');
const noBytes = Buffer.alloc(0);

describe('the thread that reads metadata', function () {
  this.timeout(20_000);
  let thread: MetadataThread;

  afterEach(() => thread.close());

  it('reads books, one after another, and leaves their bytes as they were', async () => {
    thread = new MetadataThread(real);
    const body = epubOf(2, '<dc:title>Emma</dc:title>');
    const copy = Buffer.from(body);
    const read = await Promise.all([
      thread.read('epub', body, 'a.epub'),
      thread.read('epub', Buffer.from('broken'), 'folder/Broken.epub'),
      thread.read('epub', body, 'b.epub'),
    ]);
    assert.deepEqual(
      read.map(metadata => metadata.title),
      ['Emma', 'Broken', 'Emma'],
    );
    assert.match(read[1].warning ?? '', /its ZIP has no directory/);
    assert.deepEqual(body, copy);
  });

  it('reads bodies wherever they lie, many and large ones at once', async () => {
    thread = new MetadataThread(real);
    const titles = Array.from({ length: 100 }, (_, index) => `Emma ${String(index)}`);
    const read = await Promise.all(
      titles.map((title, index) => {
        const head = `<FictionBook><description><title-info><book-title>${title}</book-title></title-info></description>`;
        const length = index % 7 === 0 ? 3_000_000 : 2048;
        const body = index % 2 === 0 ? Buffer.alloc(length) : Buffer.from(new SharedArrayBuffer(length));
        body.write(head);
        return thread.read('fb2', body, 'a.fb2');
      }),
    );
    assert.deepEqual(
      read.map(({ title, warning }) => [title, warning]),
      titles.map(title => [title, null]),
    );
  });

  it('finds the books at fault among many that are read together', async () => {
    thread = new MetadataThread(faulty, { timeoutMs: 300 });
    const names = Array.from({ length: 20 }, (_, index) => `Book ${String(index)}`);
    names[3] = 'loop';
    names[11] = 'crash';
    const read = await Promise.all(names.map(name => thread.read('epub', noBytes, name)));
    assert.deepEqual(
      read.map(({ title, warning }) => [title, warning !== null]),
      names.map(name => [name, name === 'loop' || name === 'crash']),
    );
    assert.match(read[3]?.warning ?? '', /took more than 0\.3 seconds/);
    assert.match(read[11]?.warning ?? '', /a fault of the reader/);
  });

  for (const [fault, why] of [
    ['loop', /took more than 0\.3 seconds/],
    ['heap', /took (?:too much memory|more than)/],
    ['crash', /a fault of the reader/],
    ['exit', /its reader ended/],
  ] as const) {
    it(`goes on after a book that makes its reader ${fault}`, async () => {
      thread = new MetadataThread(faulty, { timeoutMs: fault === 'heap' ? 10_000 : 300, heapMb: 16 });
      const [before, bad, after] = await Promise.all([
        thread.read('epub', noBytes, 'before'),
        thread.read('epub', noBytes, `folder/${fault}.epub`),
        thread.read('epub', noBytes, 'after'),
      ]);
      assert.equal(before.title, 'before');
      assert.equal(bad.title, fault);
      assert.match(bad.warning ?? '', why);
      assert.equal(after.title, 'after');
    });
  }

  it('gives names to the books that wait when it is closed', async () => {
    thread = new MetadataThread(faulty, { timeoutMs: 5000 });
    const reading = Promise.all([
      thread.read('epub', noBytes, 'loop.epub'),
      thread.read('epub', noBytes, 'folder/Next.epub'),
    ]);
    await new Promise(resolve => setTimeout(resolve, 100));
    await thread.close();
    const [, next] = await reading;
    assert.equal(next.title, 'Next');
  });
});
