import assert from 'node:assert/strict';
import { join } from 'node:path';
import { MetadataThread } from '../../../src/engine/worker/metadataThread.ts';
import { epubOf } from '../../support/books/madeBooks.ts';

const faulty = join(import.meta.dirname, '../../support/neverEndingReader.mjs');
const real = join(import.meta.dirname, '../../../src/engine/books/metadata/readerThread.ts');
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
