import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ClaimTable } from '../../../src/engine/dedupe/claimTable.ts';
import { DestinationUnusable, type Destination } from '../../../src/engine/destinations/destination.ts';
import { WorkerProgress } from '../../../src/engine/progress/workerProgress.ts';
import { EngineLink } from '../../../src/engine/worker/engineLink.ts';
import { readMetadata } from '../../../src/engine/books/metadata/readMetadata.ts';
import { MetadataSource } from '../../../src/engine/worker/metadataSource.ts';
import { Patience } from '../../../src/engine/worker/patience.ts';
import { PatientDestination } from '../../../src/engine/worker/patientDestination.ts';
import { processTar, type TarResult } from '../../../src/engine/worker/processTar.ts';
import type { BookFormat } from '../../../src/protocol/bookFormat.ts';
import { keyText } from '../../../src/protocol/bookKey.ts';
import { totalDuplicates } from '../../../src/protocol/snapshot.ts';
import { makeTar } from '../../support/gnuTar.ts';
import { useTempFolder } from '../../support/tempFolder.ts';
import { settleAll, workerParts } from '../../support/workerParts.ts';

const batchSize = 3;
const books = 10;

for (const packing of ['plain', 'gzip'] as const)
  describe(`a tar that was left unfinished (${packing})`, () => {
    const folder = useTempFolder();
    const tar = (): string => join(folder(), 'a.tar');
    /** What the shelf holds, and all that was ever asked of the engine. */
    const shelf = new Map<string, string>();
    let asked: string[];
    let failing: (member: string) => Error | null;
    let stopAfter: number;
    let bookTypes: BookFormat[] | undefined;

    beforeEach(async () => {
      shelf.clear();
      failing = () => null;
      stopAfter = Infinity;
      bookTypes = undefined;
      await mkdir(join(folder(), 'state'));
      const files: Record<string, Buffer> = {};
      for (let n = 0; n < books; n++) {
        files[`${String(n)}.txt`] = Buffer.from(`book ${String(n)}`.padEnd(700, '.'));
        files[`${String(n)}.jpg`] = Buffer.from('no book');
      }
      await makeTar(tar(), 'gnu', files, packing === 'gzip' ? ['--gzip'] : []);
    });

    /** One run of a worker, in this process: it begins and ends with what is on disk. */
    async function runOnce(): Promise<TarResult> {
      asked = [];
      const stop = new AbortController();
      const table = new ClaimTable();
      for (const text of shelf.keys()) {
        table.addFromDestination({ sha1: text.slice(0, 40), sizeBytes: Number(text.slice(41)) });
      }
      const link: EngineLink = new EngineLink(event => {
        if (event.type === 'claim:request') {
          asked.push(...event.keys.map(keyText));
          link.onAnswer(event.id, table.claim(1, event.keys));
        } else if (event.type === 'claim:outcomes') {
          for (const settled of settleAll(table, 1, event)) link.onSettled(settled.key, settled.verdict);
        }
      });
      const destination: Destination = {
        id: 'test:1',
        async store(book) {
          const failure = failing(book.member);
          if (failure) throw failure;
          const digest = createHash('sha1');
          for await (const chunk of book.body()) digest.update(chunk);
          assert.equal(digest.digest('hex'), book.key.sha1);
          assert.ok(!shelf.has(keyText(book.key)), 'stored once');
          shelf.set(keyText(book.key), book.member);
          if (shelf.size >= stopAfter) stop.abort();
          return 'uploaded';
        },
        readKeys: () => Promise.resolve(null),
        close: () => undefined,
      };
      const progress = await WorkerProgress.load(join(folder(), 'state'), 1, message => assert.fail(message));
      const options = {
        sourceFolders: [folder()],
        stateFolder: join(folder(), 'state'),
        workers: 1,
        batchSize,
        parallelUploads: 1,
        mode: 'in-place' as const,
        afterCompletion: 'keep' as const,
        metadataReader: 'builtin' as const,
        destination: { kind: 'library' as const, folder: folder() },
        ...(bookTypes ? { bookTypes } : {}),
      };
      const patience = new Patience(stop.signal, {
        onWaiting: () => {
          stop.abort();
        },
        onResumed: () => undefined,
      });
      const result = await processTar(
        { name: 'a.tar', folder: folder() },
        {
          options,
          destination: await PatientDestination.open(() => Promise.resolve(destination), patience),
          progress,
          link,
          patience,
          metadata: new MetadataSource('builtin', message => assert.fail(message), readMetadata),
          stop: stop.signal,
          ...workerParts(join(folder(), 'state')),
        },
      );
      await progress.close();
      return result;
    }

    it('goes on behind the last whole batch, and its counts go on', async () => {
      const stopAfterBooks = 5;
      stopAfter = stopAfterBooks;
      const stopped = await runOnce();
      assert.equal(stopped.result, 'stopped');
      assert.equal(shelf.size, stopAfterBooks);
      stopAfter = Infinity;
      const { result, counts } = await runOnce();
      assert.equal(result, 'completed');
      assert.equal(asked.length, books - stopAfterBooks, 'no book that is stored is looked at again');
      assert.equal(shelf.size, books);
      assert.deepEqual(
        {
          found: counts.found,
          uploaded: counts.uploaded,
          duplicates: totalDuplicates(counts),
          skipped: counts.skipped,
        },
        // Also the two that were stored before the stop cut their batch short.
        { found: books, uploaded: books, duplicates: 0, skipped: books },
      );
    });

    it('is read from its start when it has changed', async () => {
      stopAfter = 5;
      await runOnce();
      stopAfter = Infinity;
      await utimes(tar(), new Date(), new Date(2001, 1));
      const { result, counts } = await runOnce();
      assert.equal(result, 'completed');
      assert.equal(asked.length, books);
      assert.equal(counts.found, books);
    });

    it('is read from its start where more types of books are wanted, and gone on with where fewer are', async () => {
      const pdfs = 5;
      const files: Record<string, Buffer> = {};
      for (let n = 0; n < books; n++) {
        files[`${String(n)}.txt`] = Buffer.from(`book ${String(n)}`.padEnd(700, '.'));
        if (n < pdfs) files[`${String(n)}.pdf`] = Buffer.from(`%PDF-1.4 ${String(n)}`);
      }
      await makeTar(tar(), 'gnu', files, packing === 'gzip' ? ['--gzip'] : []);
      bookTypes = ['txt', 'pdf'];
      stopAfter = 5;
      await runOnce();
      bookTypes = ['txt'];
      stopAfter = 9;
      const fewer = await runOnce();
      assert.equal(fewer.result, 'stopped');
      assert.equal(
        asked.filter(key => shelf.has(key)).length,
        4,
        'no book that is stored is looked at again',
      );
      bookTypes = undefined;
      stopAfter = Infinity;
      const { result, counts } = await runOnce();
      assert.equal(result, 'completed');
      assert.equal(asked.length, books + pdfs);
      assert.equal(shelf.size, books + pdfs);
      assert.equal(counts.found, books + pdfs);
      assert.equal(counts.skipped, 0);
    });

    it('leaves a book that failed as it is where its type is not wanted any more', async () => {
      failing = member => (member === '3.txt' ? new Error('not now') : null);
      await runOnce();
      bookTypes = ['pdf'];
      const { result, counts } = await runOnce();
      assert.equal(result, 'completedWithErrors');
      assert.deepEqual([counts.found, counts.failed, counts.skipped], [books, 1, books]);
      bookTypes = undefined;
      failing = () => null;
      assert.equal((await runOnce()).result, 'completed');
      assert.equal(shelf.size, books);
    });

    for (const isPadded of [false, true])
      it(`is gone on with at its end where it has no end mark, ${isPadded ? 'with' : 'without'} the padding of its last body`, async () => {
        await makeTar(tar(), 'gnu', { '0.txt': Buffer.from('a book'), '1.txt': Buffer.from('another') });
        // Two members of two blocks each.
        const cut = (await readFile(tar())).subarray(0, isPadded ? 4 * 512 : 3 * 512 + 'another'.length);
        await writeFile(tar(), packing === 'gzip' ? gzipSync(cut) : cut);
        const first = await runOnce();
        assert.equal(first.result, 'failed');
        assert.match(first.failure?.message ?? '', /end mark is missing/);
        assert.deepEqual([asked.length, first.counts.uploaded], [2, 2]);
        const again = await runOnce();
        assert.equal(again.result, 'failed');
        assert.deepEqual([asked.length, again.counts.uploaded], [0, 2]);
      });

    if (packing === 'plain')
      it('is read from its start where the point to go on at was set further by hand', async () => {
        const path = join(folder(), 'state', 'migration_progress_worker1.json');
        const { size } = await stat(tar());
        for (const further of [() => size, () => size + 512_000, (offset: number) => offset + 2048]) {
          shelf.clear();
          stopAfter = 5;
          await utimes(tar(), new Date(), new Date(Date.now() - 1000 * further(1)));
          await runOnce();
          const text = await readFile(path, 'utf8');
          const offset = Number(/"done_offset": (\d+)/.exec(text)?.[1]);
          assert.ok(offset > 0);
          await writeFile(
            path,
            text.replace(/"done_offset": \d+/, `"done_offset": ${String(further(offset))}`),
          );
          stopAfter = Infinity;
          const { result, counts } = await runOnce();
          assert.equal(result, 'completed');
          assert.equal(counts.found, books);
          assert.equal(shelf.size, books);
        }
      });

    it('tries again only the books that failed, as long as they do', async () => {
      failing = member => (['2.txt', '3.txt', '9.txt'].includes(member) ? new Error('not now') : null);
      const first = await runOnce();
      assert.equal(first.result, 'completedWithErrors');
      assert.equal(first.counts.failed, 3);

      failing = member => (member === '9.txt' ? new Error('not now') : null);
      const second = await runOnce();
      assert.equal(second.result, 'completedWithErrors');
      assert.equal(asked.length, 3);
      assert.deepEqual(
        [second.counts.found, second.counts.uploaded, second.counts.failed],
        [books, books - 1, 1],
      );
      assert.equal(second.counts.skipped, books);

      failing = () => null;
      const third = await runOnce();
      assert.equal(third.result, 'completed');
      assert.equal(asked.length, 1);
      assert.deepEqual([third.counts.found, third.counts.uploaded, third.counts.failed], [books, books, 0]);
      assert.equal(shelf.size, books);
      assert.equal(third.doneBytes, first.doneBytes);
    });

    it('is gone on with where the destination gave out, and was stopped while it waited', async () => {
      failing = member => (member === '7.txt' ? new DestinationUnusable('the disk is full') : null);
      const first = await runOnce();
      assert.equal(first.result, 'stopped');
      failing = () => null;
      const { result, counts } = await runOnce();
      assert.equal(result, 'completed');
      assert.equal(asked.length, books - 2 * batchSize - 1, 'but one book of the batch was stored');
      assert.equal(counts.uploaded, books);
      assert.equal(counts.found, books);
      assert.equal(counts.failed, 0);
      assert.equal(shelf.size, books);
    });
  });
