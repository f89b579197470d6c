import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  readProgress,
  WorkerProgress,
  type RewritePolicy,
} from '../../../src/engine/progress/workerProgress.ts';
import { noCounts } from '../../../src/protocol/snapshot.ts';
import { run } from '../../support/gnuTar.ts';
import { counted } from '../../support/progressCounts.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

const sha1 = 'a'.repeat(40);
const digest = (n: number): string => n.toString(16).padStart(40, '0');
const at = new Date(2025, 11, 25, 10, 0, 0);
const identity = { sizeBytes: 1000, mtimeMs: 7 };
const tarIdentity = { tarSizeBytes: identity.sizeBytes, tarMtimeMs: identity.mtimeMs };
const failure = { code: 'UPLOAD_FAILED', message: 'try again' } as const;
const silent = (): void => undefined;
const never: Partial<RewritePolicy> = { share: 0 };
const always: Partial<RewritePolicy> = { share: Infinity };

describe('worker progress', () => {
  const folder = useTempFolder();
  const fileName = 'migration_progress_worker2.json';
  const journalName = 'migration_journal_worker2.jsonl';
  const path = (): string => join(folder(), fileName);
  const journalPath = (): string => join(folder(), journalName);
  const load = (policy?: Partial<RewritePolicy>): Promise<WorkerProgress> =>
    WorkerProgress.load(folder(), 2, silent, policy);
  const written = async (): Promise<Record<string, unknown>> =>
    JSON.parse(await readFile(path(), 'utf8')) as Record<string, unknown>;

  it('writes the documented format, which Python reads', async () => {
    const progress = await load();
    progress.assign(['a.tar', 'b.tar'], 'library:1');
    progress.beginTar('a.tar', '/tars/a.tar', { sizeBytes: 5, mtimeMs: 7 }, at);
    progress.addBook({ sha1, sizeBytes: 3 }, 'Книга {1}\0 "a\\.fb2', 'uploaded', at);
    progress.endTar('a.tar', 'completed', { ...noCounts(), found: 3, uploaded: 1 }, null, at);
    progress.beginTar('b.tar', '/tars/b.tar', { sizeBytes: 6, mtimeMs: 8 }, at);
    await progress.close();
    const script = `import json,sys; print(json.dumps(json.load(open(sys.argv[1], encoding='utf-8')), sort_keys=True))`;
    assert.deepEqual(JSON.parse(run('python3', ['-c', script, path()])), {
      assigned_tars: ['a.tar', 'b.tar'],
      completed_files: {
        [sha1]: {
          file: 'Книга {1} "a\\.fb2',
          status: 'uploaded',
          uploaded_at: '2025-12-25 10:00:00',
          size: 3,
        },
      },
      completed_tars: ['a.tar'],
      current_tar: 'b.tar',
      destination: 'library:1',
      journal_applied: 5,
      tar_progress: {
        'a.tar': {
          completed_at: '2025-12-25 10:00:00',
          duplicates: { own: 0, others: 0, destination: 0 },
          errors: 0,
          files_processed: 3,
          files_uploaded: 1,
          skipped: 0,
          started_at: '2025-12-25 10:00:00',
          status: 'completed',
          tar_file: '/tars/a.tar',
          tar_mtime_ms: 7,
          tar_size: 5,
        },
        'b.tar': {
          started_at: '2025-12-25 10:00:00',
          status: 'processing',
          tar_file: '/tars/b.tar',
          tar_mtime_ms: 8,
          tar_size: 6,
          done_offset: 0,
          done_bytes: 0,
          done_counts: noCounts(),
        },
      },
    });
    assert.deepEqual(await readdir(folder()), [fileName], 'no journal and no temporary file stay');
  });

  it('keeps what was committed in the journal, and folds it in at the end', async () => {
    const progress = await load(never);
    progress.assign(['a.tar'], 'library:1');
    await progress.commit();
    const first = await readFile(path(), 'utf8');
    progress.addBook({ sha1, sizeBytes: 3 }, 'one', 'uploaded', at);
    await progress.commit();
    assert.equal(await readFile(path(), 'utf8'), first, 'the file is not rewritten after each batch');
    assert.match(await readFile(journalPath(), 'utf8'), /"kind":"book"/);
    await progress.close();
    assert.deepEqual(Object.keys((await written())['completed_files'] as object), [sha1]);
    assert.deepEqual(await readdir(folder()), [fileName]);
  });

  it('is rewritten as often as its share of the time allows, and when the journal is long', async () => {
    for (const [policy, expected] of [
      [never, 0],
      [always, 1],
      [{ share: 0, largestJournalBytes: 100 }, 1],
    ] as const) {
      const progress = await load(policy);
      await progress.commit();
      progress.addBook({ sha1, sizeBytes: 3 }, 'one', 'uploaded', at);
      await progress.commit();
      assert.equal(Object.keys((await written())['completed_files'] as object).length, expected);
      await progress.close();
      await writeFile(path(), '{}');
    }
  });

  it('has after a kill all that was committed, and its next start folds it in', async () => {
    const killed = await load(never);
    killed.assign(['a.tar'], 'library:1');
    await killed.commit();
    killed.beginTar('a.tar', '/a.tar', identity, at);
    killed.addBook({ sha1, sizeBytes: 3 }, 'one', 'uploaded', at);
    killed.endBatch('a.tar', { offset: 400, bytes: 400 }, counted(1));
    await killed.commit();
    killed.addBook({ sha1: digest(2), sizeBytes: 3 }, 'not committed', 'uploaded', at);
    const journal = await readFile(journalPath());
    const file = await readFile(path());
    await killed.close();
    await writeFile(journalPath(), journal);
    await writeFile(path(), file);

    const keys: unknown[] = [];
    const record = await readProgress(folder(), 2, (...key) => keys.push(key), silent);
    assert.deepEqual(keys, [[sha1, 3]]);
    assert.equal(record?.currentTar, 'a.tar');

    const next = await load(never);
    assert.deepEqual(next.beginTar('a.tar', '/a.tar', identity, at), {
      doneOffset: 400,
      doneBytes: 400,
      counts: counted(1),
      failed: [],
      settled: [],
      ...tarIdentity,
    });
    await next.commit();
    assert.deepEqual(Object.keys((await written())['completed_files'] as object), [sha1]);
    assert.equal(await readFile(journalPath(), 'utf8'), '');
    await next.close();
  });

  it('has each book once, whoever records it again', async () => {
    await writeFile(path(), JSON.stringify({ completed_files: { [sha1]: { file: 'theirs' } } }));
    const first = await load();
    first.addBook({ sha1, sizeBytes: 3 }, 'again', 'already_exists', at);
    for (let n = 0; n < 2; n++) first.addBook({ sha1: digest(1), sizeBytes: 3 }, 'one', 'uploaded', at);
    await first.close();
    const second = await load();
    second.addBook({ sha1: digest(1), sizeBytes: 3 }, 'again', 'already_exists', at);
    await second.close();
    const text = await readFile(path(), 'utf8');
    assert.equal(text.match(/"[0-9a-f]{40}":/g)?.length, 2);
    assert.deepEqual((await written())['completed_files'], {
      [sha1]: { file: 'theirs' },
      [digest(1)]: { file: 'one', status: 'uploaded', uploaded_at: '2025-12-25 10:00:00', size: 3 },
    });
  });

  it('passes over lines that the file includes already, as a kill between the two leaves them', async () => {
    const progress = await load(never);
    await progress.commit();
    progress.beginTar('a.tar', '/a.tar', identity, at);
    progress.addBook({ sha1, sizeBytes: 3 }, 'one', 'uploaded', at);
    progress.addFailure('a.tar', { headerOffset: 0, sizeBytes: 9, name: 'two' }, failure);
    progress.endBatch('a.tar', { offset: 400, bytes: 400 }, counted(2, 1));
    await progress.commit();
    const old = await readFile(journalPath());
    progress.resolveFailure('a.tar', 0, 'uploaded');
    await progress.close();
    const whole = await written();
    await writeFile(journalPath(), old);
    const next = await load();
    await next.close();
    assert.deepEqual(await written(), whole);
  });

  it('takes up old lines without harm where another program dropped the number of the last one', async () => {
    const progress = await load(never);
    await progress.commit();
    progress.addBook({ sha1, sizeBytes: 3 }, 'one', 'uploaded', at);
    await progress.commit();
    const old = await readFile(journalPath());
    await progress.close();
    const theirs = await written();
    delete theirs['journal_applied'];
    await writeFile(path(), JSON.stringify(theirs));
    await writeFile(journalPath(), old);
    const next = await load();
    next.addBook({ sha1: digest(1), sizeBytes: 1 }, 'new', 'uploaded', at);
    await next.close();
    const text = await readFile(path(), 'utf8');
    assert.equal(text.match(/"[0-9a-f]{40}":/g)?.length, 2);
  });

  it('can be committed again after a failure, with nothing lost', async () => {
    const progress = await load(always);
    await progress.commit();
    // A folder in the way of the temporary file: the journal is written, the progress file is not.
    await mkdir(`${path()}.tmp`);
    progress.addBook({ sha1, sizeBytes: 3 }, 'one', 'uploaded', at);
    await assert.rejects(progress.commit(), { code: 'STATE_NOT_WRITABLE' });
    progress.addBook({ sha1: digest(1), sizeBytes: 3 }, 'two', 'uploaded', at);
    await assert.rejects(progress.commit(), { code: 'STATE_NOT_WRITABLE' });
    await rmdir(`${path()}.tmp`);
    await progress.commit();
    assert.deepEqual(Object.keys((await written())['completed_files'] as object).sort(), [digest(1), sha1]);
    await progress.close();
  });

  it('keeps the books of a progress file that another program has changed meanwhile, and says so', async () => {
    const book = (n: number): object => ({
      file: String(n),
      status: 'uploaded',
      uploaded_at: '2025-12-25 10:00:00',
      size: 3,
    });
    for (const theirs of [
      {
        completed_files: { [digest(1)]: { file: 'theirs' }, [digest(7)]: {} },
        completed_tars: ['theirs.tar'],
      },
      {},
      null,
    ]) {
      const told: string[] = [];
      const progress = await WorkerProgress.load(folder(), 2, message => told.push(message), never);
      progress.addBook({ sha1: digest(0), sizeBytes: 3 }, '0', 'uploaded', at);
      await progress.commit();
      progress.addBook({ sha1: digest(1), sizeBytes: 3 }, '1', 'uploaded', at);
      await progress.commit();
      if (theirs) await writeFile(path(), JSON.stringify(theirs));
      else await rm(path());
      progress.addBook({ sha1: digest(2), sizeBytes: 3 }, '2', 'uploaded', at);
      await progress.close();
      assert.match(told.join(), /was changed by another program/);
      const { completed_files } = await written();
      assert.deepEqual(completed_files, {
        [digest(1)]: book(1),
        [digest(2)]: book(2),
        ...theirs?.completed_files,
      });
      await rm(path());
    }
  });

  it('never says that a tar is done further than its books are recorded, whatever is recorded during a commit', async () => {
    const progress = await load(always);
    progress.beginTar('a.tar', '/tars/a.tar', identity, at);
    await progress.commit();
    let books = 0;
    const recordBatch = (): void => {
      for (let n = 0; n < 5; n++, books++)
        progress.addBook({ sha1: digest(books), sizeBytes: 1 }, `${String(books)}.txt`, 'uploaded', at);
      progress.endBatch('a.tar', { offset: books, bytes: books }, { ...noCounts(), found: books });
    };
    for (let round = 0; round < 8; round++) {
      const commit = { isUnderWay: true };
      recordBatch();
      const committing = progress.commit().finally(() => (commit.isUnderWay = false));
      for (let turn = 0; commit.isUnderWay; turn++) {
        // On a busy machine there are thousands of turns.
        if (turn < 10) recordBatch();
        await new Promise(resolve => setImmediate(resolve));
      }
      await committing;
      // What a kill at this moment would leave.
      const keys = new Set<string>();
      const record = await readProgress(folder(), 2, key => keys.add(key), silent);
      const { doneOffset } = record?.resumePoint('a.tar', identity) ?? { doneOffset: NaN };
      for (let n = 0; n < doneOffset; n++)
        assert.ok(keys.has(digest(n)), `${String(n)} of ${String(doneOffset)}`);
    }
    await progress.commit();
    const keys = new Set<string>();
    const record = await readProgress(folder(), 2, key => keys.add(key), silent);
    assert.equal(keys.size, books);
    assert.equal(record?.resumePoint('a.tar', identity).doneOffset, books);
    await progress.close();
  });

  it('is whole at every moment another process reads it', async () => {
    const progress = await load(always);
    await progress.commit();
    const reading = new AbortController();
    const reader = (async (): Promise<number> => {
      let reads = 0;
      while (!reading.signal.aborted) {
        JSON.parse(await readFile(path(), 'utf8'));
        reads++;
      }
      return reads;
    })();
    for (let n = 0; n < 60; n++) {
      for (let i = 0; i < 50; i++) {
        progress.addBook({ sha1: digest(n * 50 + i), sizeBytes: 1 }, 'm', 'uploaded', at);
      }
      await progress.commit();
    }
    await progress.close();
    reading.abort();
    assert.ok((await reader) > 10);
    assert.equal(Object.keys((await written())['completed_files'] as object).length, 3000);
  });

  describe('of a tar', () => {
    it('goes on behind the last whole batch, with its counts and what failed before it', async () => {
      const first = await load();
      first.beginTar('a.tar', '/a.tar', identity, at);
      first.addFailure('a.tar', { headerOffset: 100, sizeBytes: 9, name: 'two' }, failure);
      first.endBatch('a.tar', { offset: 400, bytes: 400 }, counted(3, 1));
      first.addFailure('a.tar', { headerOffset: 500, sizeBytes: 9, name: 'behind' }, failure);
      await first.close();

      const second = await load();
      assert.deepEqual(second.beginTar('a.tar', '/a.tar', identity, at), {
        doneOffset: 400,
        doneBytes: 400,
        counts: counted(3, 1),
        failed: [{ header_offset: 100, size: 9, file: 'two', ...failure, attempts: 1 }],
        settled: [],
        ...tarIdentity,
      });
      second.addFailure('a.tar', { headerOffset: 100, sizeBytes: 9, name: 'two' }, failure);
      second.endBatch('a.tar', { offset: 100, bytes: 100 }, counted(3, 1));
      await second.close();

      const third = await load();
      const resumed = third.beginTar('a.tar', '/a.tar', identity, at);
      assert.equal(resumed.doneOffset, 400, 'a batch of books tried again does not set it back');
      assert.deepEqual(
        resumed.failed.map(book => [book.header_offset, book.attempts]),
        [[100, 2]],
      );
      third.resolveFailure('a.tar', 100, 'uploaded');
      await third.close();

      const fourth = await load();
      assert.deepEqual(fourth.beginTar('a.tar', '/a.tar', identity, at), {
        doneOffset: 400,
        doneBytes: 400,
        counts: counted(3),
        failed: [],
        settled: [],
        ...tarIdentity,
      });
      await fourth.close();
    });

    it('begins anew when it is another one now, or was completed', async () => {
      const nothing = (tar: typeof identity) => ({
        doneOffset: 0,
        doneBytes: 0,
        counts: noCounts(),
        failed: [],
        settled: [],
        tarSizeBytes: tar.sizeBytes,
        tarMtimeMs: tar.mtimeMs,
      });
      const progress = await load();
      for (const other of [
        { ...identity, sizeBytes: 1001 },
        { ...identity, mtimeMs: 8 },
      ]) {
        progress.beginTar('a.tar', '/a.tar', identity, at);
        progress.addFailure('a.tar', { headerOffset: 100, sizeBytes: 9, name: 'two' }, failure);
        progress.endBatch('a.tar', { offset: 400, bytes: 400 }, counted(3, 1));
        assert.deepEqual(progress.beginTar('a.tar', '/a.tar', other, at), nothing(other));
        assert.deepEqual(progress.beginTar('a.tar', '/a.tar', identity, at), nothing(identity), 'for good');
      }
      progress.endBatch('a.tar', { offset: 400, bytes: 400 }, counted(3));
      progress.endTar('a.tar', 'completed', counted(3), null, at);
      assert.deepEqual(progress.beginTar('a.tar', '/a.tar', identity, at), nothing(identity));
      await progress.close();
    });

    it('goes on in one that failed or ended with errors, so that only what is open is tried again', async () => {
      for (const status of ['failed', 'completed_with_errors'] as const) {
        const progress = await load();
        progress.beginTar('a.tar', '/a.tar', identity, at);
        progress.endBatch('a.tar', { offset: 400, bytes: 400 }, counted(3));
        // A batch was cut short: what was counted in it does not count when it is done again.
        progress.endTar('a.tar', status, counted(7), 'cut off', at);
        await progress.close();
        const next = await load();
        assert.equal(next.record.currentTar, null);
        assert.equal(next.record.tar('a.tar')?.files_processed, 7);
        assert.equal(next.record.tar('a.tar')?.error_message, 'cut off');
        assert.deepEqual(next.beginTar('a.tar', '/a.tar', identity, at), {
          doneOffset: 400,
          doneBytes: 400,
          counts: counted(3),
          failed: [],
          settled: [],
          ...tarIdentity,
        });
        assert.equal(next.record.tar('a.tar')?.error_message, undefined);
        await next.close();
      }
    });

    it('takes one that failed or that is read again off the completed ones', async () => {
      const progress = await load();
      progress.beginTar('a.tar', '/a.tar', identity, at);
      progress.endTar('a.tar', 'completed', noCounts(), null, at);
      assert.deepEqual(progress.record.completedTars, ['a.tar']);
      progress.beginTar('a.tar', '/a.tar', identity, at);
      assert.deepEqual(progress.record.completedTars, []);
      progress.endTar('a.tar', 'failed', noCounts(), 'cut off', at);
      assert.deepEqual(progress.record.completedTars, []);
      assert.equal(progress.record.currentTar, null);
      assert.equal(progress.record.tar('a.tar')?.error_message, 'cut off');
      await progress.close();
    });
  });
});
