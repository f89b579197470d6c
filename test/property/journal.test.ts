import assert from 'node:assert/strict';
import { cp, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  decodeLine,
  Journal,
  JournalLines,
  replayJournal,
  type JournalEntry,
  type JournalLine,
} from '../../src/engine/progress/journal.ts';
import { ProgressRecord } from '../../src/engine/progress/progressRecord.ts';
import { readProgress, WorkerProgress } from '../../src/engine/progress/workerProgress.ts';
import type { BookCounts } from '../../src/protocol/snapshot.ts';
import { watchDiskSteps, type DiskStep } from '../support/diskSteps.ts';
import { useTempFolder } from '../support/tempFolder.ts';

const at = new Date(2025, 11, 25, 10, 0, 0);
const fileName = 'migration_progress_worker1.json';
const journalName = 'migration_journal_worker1.jsonl';
const digest = (n: number): string => n.toString(16).padStart(40, 'c');

function encodeLine(n: number, entry: JournalEntry): string {
  const lines = new JournalLines();
  lines.add(n, entry);
  return lines.bytes.toString();
}

const text = fc.string({ unit: 'binary', maxLength: 12 });
const offset = fc.nat(5).map(n => n * 512);
const counts: fc.Arbitrary<BookCounts> = fc
  .tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat(), fc.nat())
  .map(([found, uploaded, own, failed, skipped]) => ({
    found,
    uploaded,
    duplicates: { own, others: found, destination: failed },
    failed,
    skipped,
  }));
const kind = <K extends JournalEntry['kind']>(value: K): fc.Arbitrary<K> => fc.constant(value);
const time = fc.constant('2025-12-25 10:00:00');
const entry: fc.Arbitrary<JournalEntry> = fc
  .oneof(
    fc.record({ kind: kind('assigned'), tars: fc.array(text, { maxLength: 3 }), destination: text }),
    fc.record({ kind: kind('begun'), tar: text, path: text, size: fc.nat(), mtime_ms: fc.nat(), at: time }),
    fc.record({
      kind: kind('book'),
      sha1: fc.nat().map(digest),
      size: fc.maxSafeNat(),
      file: fc.oneof(text, fc.constantFrom('","status":"', ',"kind":"book","sha1":"', '\\","at":"', 'книга')),
      status: fc.constantFrom('uploaded' as const, 'already_exists' as const),
      at: time,
    }),
    fc.record({
      kind: kind('book'),
      sha1: fc.nat().map(digest),
      size: fc.nat(),
      file: text,
      status: fc.constant('uploaded' as const),
      at: fc.oneof(time, text),
      member: fc
        .record({
          tar: text,
          header_offset: offset,
          outcome: fc.constantFrom('uploaded' as const, 'destination' as const),
        })
        .map(each => ({ ...each })),
    }),
    fc.record({
      kind: kind('failed'),
      tar: text,
      header_offset: offset,
      size: fc.nat(),
      file: text,
      code: fc.constantFrom('UPLOAD_FAILED' as const, 'BOOK_NOT_READABLE' as const),
      message: text,
      attempts: fc.nat(),
    }),
    fc.record({
      kind: kind('resolved'),
      tar: text,
      header_offset: offset,
      outcome: fc.constantFrom('uploaded' as const, 'own' as const, 'destination' as const),
    }),
    fc.record({ kind: kind('skipped'), tar: text, header_offset: offset }),
    fc.record({ kind: kind('batch'), tar: text, offset: fc.nat(), bytes: fc.nat(), counts }),
    fc.record({
      kind: kind('ended'),
      tar: text,
      status: fc.constantFrom('completed' as const, 'failed' as const),
      counts,
      error: fc.option(text),
      at: time,
    }),
  )
  // Plain objects, as the journal gives them back.
  .map(each => ({ ...each }));

type Book = Extract<JournalLine, { kind: 'book' }>;

function booksOnly(line: JournalLine): Omit<Book, 'kind' | 'member'>[] {
  if (line.kind !== 'book') return [];
  const { n, sha1, size, file, status, at } = line;
  return [{ n, sha1, size, file, status, at }];
}

/** What a journal says of its books, with the bytes of names as text. */
async function booksIn(journal: Journal): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const books of journal.books())
    for (const { n, sha1, size, file, status, at } of books) {
      const name: unknown = JSON.parse(Buffer.from(file, 'latin1').toString('utf8'));
      found.push({ n, sha1, size: Number(size), file: name, status, at });
    }
  return found;
}

describe('journal', () => {
  const folder = useTempFolder();
  const path = (): string => join(folder(), journalName);

  it('comes back as it was appended; cut at any byte, as a prefix of it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 6 }), async entries => {
        await rm(path(), { force: true });
        const journal = await Journal.open(path(), { validBytes: 0, crc: 0 });
        const lines = entries.map((each, index) => encodeLine(index + 5, each));
        for (const line of lines) await journal.append({ bytes: Buffer.from(line) });
        const expected = entries.map((each, index) => ({ n: index + 5, ...each }));
        assert.deepEqual(await booksIn(journal), expected.flatMap(booksOnly));
        await journal.close();
        const ends: number[] = [];
        for (const line of lines) ends.push((ends.at(-1) ?? 0) + Buffer.byteLength(line));
        for (let length = ends.at(-1)!; length >= 0; length--) {
          await truncate(path(), length);
          const replayed: JournalLine[] = [];
          const replay = await replayJournal(path(), line => replayed.push(line));
          const whole = ends.filter(end => end <= length).length;
          assert.deepEqual(replayed, expected.slice(0, whole));
          assert.equal(replay.validBytes, whole === 0 ? 0 : ends[whole - 1]);
          assert.equal(replay.sizeBytes, length);
          // Once for each prefix: to open it waits for the disk.
          if (!ends.includes(length)) continue;
          const again = await Journal.open(path(), replay);
          assert.deepEqual(await booksIn(again), expected.slice(0, whole).flatMap(booksOnly));
          await again.close();
        }
      }),
      { numRuns: 4 },
    );
  }).timeout(60_000);

  it('gives the books that were appended, whatever stands in them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 20 }), async entries => {
        await rm(path(), { force: true });
        const journal = await Journal.open(path(), { validBytes: 0, crc: 0 });
        const lines = entries.map((each, index) => encodeLine(index + 5, each));
        await journal.append({ bytes: Buffer.from(lines.join('')) });
        const expected = entries.map((each, index) => ({ n: index + 5, ...each }));
        assert.deepEqual(await booksIn(journal), expected.flatMap(booksOnly));
        await journal.close();
      }),
      { numRuns: 300 },
    );
  }).timeout(60_000);

  it('gives no books where a byte of what was appended has changed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 6 }), fc.nat(), async (entries, place) => {
        await rm(path(), { force: true });
        const journal = await Journal.open(path(), { validBytes: 0, crc: 0 });
        const lines = new JournalLines();
        entries.forEach((each, index) => {
          lines.add(index + 5, each);
        });
        await journal.append(lines);
        const bytes = await readFile(path());
        bytes[place % bytes.length]! ^= 1;
        await writeFile(path(), bytes);
        await assert.rejects(booksIn(journal));
        await journal.close();
      }),
      { numRuns: 100 },
    );
  });

  it('notices every changed byte of a line', () => {
    fc.assert(
      fc.property(entry, fc.nat(), fc.integer({ min: 1, max: 255 }), (each, place, change) => {
        const bytes = Buffer.from(encodeLine(7, each).trimEnd());
        assert.deepEqual(decodeLine(bytes), { n: 7, ...each });
        const index = place % bytes.length;
        bytes[index] = bytes[index]! ^ change;
        assert.equal(decodeLine(bytes), null);
      }),
      { numRuns: 1000 },
    );
  });

  it('is folded into the progress file whole, with many books and with a name of a megabyte', async () => {
    const progress = await WorkerProgress.load(folder(), 1, () => undefined);
    const sha1Of = (n: number): string => n.toString(16).padStart(40, '0');
    const names = new Map<string, string>();
    for (let n = 0; n < 8000; n++) {
      const name = n === 4000 ? 'я'.repeat(500_000) : `книга "${String(n)}".txt`;
      names.set(sha1Of(n), name);
      progress.addBook({ sha1: sha1Of(n), sizeBytes: n }, name, 'uploaded', at);
    }
    await progress.close();
    const file = JSON.parse(await readFile(join(folder(), fileName), 'utf8')) as {
      completed_files: Record<string, { file: string; size: number }>;
    };
    const found = Object.entries(file.completed_files);
    assert.deepEqual(new Map(found.map(([sha1, { file: name }]) => [sha1, name])), names);
    for (const [sha1, { size }] of found) assert.equal(sha1Of(size), sha1);
  });

  it('ends where a line is out of order, such as one from before it was emptied', async () => {
    const book = (n: number): string =>
      encodeLine(n, { kind: 'book', sha1: digest(n), size: 1, file: '', status: 'uploaded', at: '' });
    await writeFile(path(), book(4) + book(5) + book(2) + book(6));
    const replayed: number[] = [];
    await replayJournal(path(), line => replayed.push(line.n));
    assert.deepEqual(replayed, [4, 5]);
  });

  it('keeps what stands behind a damaged line aside, and says so', async () => {
    const progress = await WorkerProgress.load(folder(), 1, () => undefined, { share: 0 });
    await progress.commit();
    for (let n = 0; n < 4; n++) {
      progress.addBook({ sha1: digest(n), sizeBytes: 1 }, 'm', 'uploaded', at);
      await progress.commit();
    }
    const whole = await readFile(path());
    await progress.close();
    const second = whole.indexOf(0x0a) + 1;
    const damaged = Buffer.from(whole);
    damaged[second + 30]! ^= 1;
    await writeFile(path(), damaged);
    await rm(join(folder(), fileName));

    const told: string[] = [];
    const next = await WorkerProgress.load(folder(), 1, message => told.push(message));
    await next.close();
    assert.match(told.join(), /^The journal .* is damaged from byte \d+ on.* kept as .*\.damaged-/);
    const aside = (await readdir(folder())).find(name => name.includes('.damaged-'));
    assert.deepEqual(await readFile(join(folder(), aside!)), damaged.subarray(second));
    const keys: string[] = [];
    await readProgress(
      folder(),
      1,
      sha1 => keys.push(sha1),
      () => undefined,
    );
    assert.deepEqual(keys, [digest(0)]);
  });

  it('is made durable by one write and one sync a batch', async () => {
    const progress = await WorkerProgress.load(folder(), 1, () => undefined, { share: 0 });
    await progress.commit();
    const steps: DiskStep[] = [];
    await watchDiskSteps(
      folder(),
      step => {
        steps.push(step);
        return Promise.resolve();
      },
      async () => {
        for (let n = 0; n < 1000; n++) {
          progress.addBook({ sha1: digest(n), sizeBytes: 1 }, 'm', 'uploaded', at);
        }
        await progress.commit();
        await progress.commit();
      },
    );
    assert.deepEqual(steps, ['write', 'datasync']);
    await progress.close();
  });

  it('is emptied only after the progress file that includes it is durable', async () => {
    const progress = await WorkerProgress.load(folder(), 1, () => undefined, { share: 0 });
    await progress.commit();
    progress.addBook({ sha1: digest(1), sizeBytes: 1 }, 'm', 'uploaded', at);
    const steps: DiskStep[] = [];
    await watchDiskSteps(
      folder(),
      step => {
        if (step !== 'writeFile') steps.push(step);
        return Promise.resolve();
      },
      () => progress.close(),
    );
    const folderSync = process.platform === 'win32' ? [] : ['sync'];
    assert.deepEqual(steps, ['write', 'datasync', 'sync', 'rename', ...folderSync, 'truncate', 'rm']);
  });
});

/** What a worker does, in the order that a run has it; `run` is a new start of the worker. */
const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('book' as const), n: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail' as const), offset }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('resolve' as const), offset }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('batch' as const), offset }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('begin' as const), tar: fc.nat(2), mtime: fc.nat(1) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      status: fc.constantFrom('completed' as const, 'failed' as const, 'completed_with_errors' as const),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('commit' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('run' as const) }) },
);
/** Everything that a state folder says of worker 1, in a form that can be compared. */
async function stateOf(folder: string): Promise<{ text: string; told: string[] }> {
  const keys: string[] = [];
  const told: string[] = [];
  const found = await readProgress(
    folder,
    1,
    (sha1, size) => keys.push(`${sha1}-${String(size)}`),
    message => told.push(message),
  );
  const record = found ?? new ProgressRecord();
  const tars = ['0.tar', '1.tar', '2.tar'].map(tar => [
    record.tar(tar),
    [0, 1].map(mtimeMs => record.resumePoint(tar, { sizeBytes: 9, mtimeMs })),
  ]);
  const state = {
    keys: [...new Set(keys)].sort(),
    tars,
    completed: record.completedTars,
    current: record.currentTar,
    assigned: record.assignedTars,
  };
  // By sorted keys: a replayed record may have them in another order.
  return { text: JSON.stringify(sorted(state)), told };
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}

describe('progress, killed at any step', () => {
  const folder = useTempFolder();

  it('has what the last commit had, or what the next one was to have, and nothing between', async () => {
    let copies = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { minLength: 4, maxLength: 40 }),
        fc.boolean(),
        async (actions, often) => {
          const state = join(folder(), 'state');
          const copy = join(folder(), 'copy');
          const trial = join(folder(), 'trial');
          for (const each of [state, trial]) {
            await rm(each, { recursive: true, force: true });
            await mkdir(each);
          }
          // The rewriting share is unlimited in half of the runs, and nothing in the others.
          const policy = { share: often ? Infinity : 0 };
          const load = (): Promise<WorkerProgress> =>
            WorkerProgress.load(state, 1, message => assert.fail(message), policy);
          const killed: { copy: string; since: number }[] = [];
          const durable: string[] = [(await stateOf(state)).text];

          const run = async (): Promise<void> => {
            let progress = await load();
            progress.assign(['a'], 'd');
            let tar = '0.tar';
            progress.beginTar(tar, tar, { sizeBytes: 9, mtimeMs: 0 }, at);
            for (const each of actions) {
              switch (each.kind) {
                case 'book':
                  progress.addBook(
                    { sha1: digest(each.n), sizeBytes: each.n },
                    `${String(each.n)}{`,
                    'uploaded',
                    at,
                  );
                  break;
                case 'fail':
                  progress.addFailure(
                    tar,
                    { headerOffset: each.offset, sizeBytes: 1, name: 'f' },
                    { code: 'UPLOAD_FAILED', message: 'm' },
                  );
                  break;
                case 'resolve':
                  progress.resolveFailure(tar, each.offset, 'uploaded');
                  break;
                case 'batch':
                  progress.endBatch(
                    tar,
                    { offset: each.offset, bytes: 1 },
                    {
                      found: each.offset,
                      uploaded: 1,
                      duplicates: { own: 0, others: 0, destination: 0 },
                      failed: 2,
                      skipped: 0,
                    },
                  );
                  break;
                case 'begin':
                  tar = `${String(each.tar)}.tar`;
                  progress.beginTar(tar, tar, { sizeBytes: 9, mtimeMs: each.mtime }, at);
                  break;
                case 'end':
                  progress.endTar(
                    tar,
                    each.status,
                    {
                      found: 1,
                      uploaded: 1,
                      duplicates: { own: 0, others: 0, destination: 0 },
                      failed: 0,
                      skipped: 0,
                    },
                    each.status === 'failed' ? 'e' : null,
                    at,
                  );
                  break;
                case 'commit':
                  await progress.commit();
                  durable.push((await stateOf(state)).text);
                  break;
                case 'run':
                  await progress.close();
                  durable.push((await stateOf(state)).text);
                  progress = await load();
                  break;
              }
            }
            await progress.close();
            durable.push((await stateOf(state)).text);
          };
          await watchDiskSteps(
            folder(),
            async () => {
              const to = `${copy}${String(copies++)}`;
              await cp(state, to, { recursive: true });
              killed.push({ copy: to, since: durable.length - 1 });
            },
            run,
          );
          for (const { copy: left, since } of killed) {
            const found = await stateOf(left);
            assert.deepEqual(found.told, []);
            const expected = [durable[since], durable[since + 1]];
            assert.ok(expected.includes(found.text), `${found.text}\nis none of\n${expected.join('\n')}`);
            // And a next run reads the same from it, folds it in and has each book once.
            const next = await WorkerProgress.load(left, 1, message => assert.fail(message));
            await next.close();
            assert.equal((await stateOf(left)).text, found.text);
            const written = await readFile(join(left, fileName), 'utf8');
            const digests = written.match(/"[0-9a-f]{40}":/g) ?? [];
            assert.equal(new Set(digests).size, digests.length);
            JSON.parse(written);
            await rm(left, { recursive: true });
          }
        },
      ),
      { numRuns: 6 },
    );
    assert.ok(copies > 50, `${String(copies)} kills`);
  }).timeout(120_000);
});
