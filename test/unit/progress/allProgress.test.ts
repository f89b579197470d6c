import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyTable } from '../../../src/engine/dedupe/keyTable.ts';
import {
  keySnapshotName,
  readAllProgress,
  renewKeySnapshot,
  type AllProgress,
} from '../../../src/engine/progress/allProgress.ts';
import { guessBooks } from '../../../src/engine/progress/progressReader.ts';
import { WorkerProgress } from '../../../src/engine/progress/workerProgress.ts';
import { progressFileName } from '../../../src/protocol/progressFile.ts';
import { markSnapshot } from '../../support/markedSnapshot.ts';
import { counted } from '../../support/progressCounts.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

const digest = (n: number): string => hash('sha1', String(n), 'hex');
const at = new Date(2025, 11, 25, 10, 0, 0);
const identity = { sizeBytes: 1000, mtimeMs: 7 };
const unexpected = (message: string): never => {
  throw new Error(message);
};
/** In no progress file. */
const mark = 1_000_000;

describe('progress of all workers', () => {
  const folder = useTempFolder();
  const file = (worker: number): string => join(folder(), progressFileName(worker));
  const snapshot = (): string => join(folder(), keySnapshotName);
  const options = { onProblem: unexpected, leastBytes: 0 };
  const read = (): Promise<AllProgress> => readAllProgress(folder(), unexpected, options);

  /** A worker's run, which stores books numbered so. */
  async function work(worker: number, from: number, to: number): Promise<void> {
    const progress = await WorkerProgress.load(folder(), worker, unexpected);
    progress.assign([`${String(worker)}.tar`], 'library:1');
    progress.beginTar(`${String(worker)}.tar`, '/x.tar', identity, at);
    for (let n = from; n < to; n++)
      progress.addBook({ sha1: digest(n), sizeBytes: n }, `книга ${String(n)}`, 'uploaded', at);
    progress.endBatch(`${String(worker)}.tar`, { offset: to, bytes: to }, counted(to));
    await progress.close();
  }

  async function markIt(): Promise<void> {
    await markSnapshot(folder(), keys => {
      keys.set(digest(mark), 1, 1);
      return undefined;
    });
  }

  /** Which of the books are known, and to whom; and whether that is from a marked snapshot. */
  function known({ keys }: AllProgress): {
    owners: Record<number, number>;
    others: number;
    isMarked: boolean;
  } {
    const isMarked = keys.hasSha1(digest(mark));
    const owners: Record<number, number> = {};
    for (let n = 0; n < 500; n++) {
      const owner = keys.get(digest(n), n);
      if (owner !== undefined) owners[n] = owner;
    }
    return { owners, others: keys.count - Object.keys(owners).length - Number(isMarked), isMarked };
  }

  /** Reads, and checks that without a snapshot the same is read. */
  async function readsTruth(): Promise<{ isMarked: boolean }> {
    const found = await read();
    const { isMarked, ...keys } = known(found);
    await rm(snapshot());
    const truth = await read();
    assert.deepEqual({ ...keys, isMarked: false }, known(truth));
    assert.deepEqual([...found.records.keys()], [...truth.records.keys()]);
    for (const [worker, record] of truth.records)
      assert.deepEqual([...found.records.get(worker)!.headText(0)], [...record.headText(0)]);
    return { isMarked };
  }

  beforeEach(async () => {
    await work(1, 0, 100);
    await work(2, 50, 150);
    await read();
    await markIt();
  });

  it('takes the keys from the snapshot, and of the files only the rest', async () => {
    const without = new KeyTable();
    without.set(digest(0), 0, 1);
    await markSnapshot(folder(), () => without);
    const { keys, records } = await read();
    // The last entry of each file is read again.
    for (const n of [0, 99, 149]) assert.ok(keys.hasSha1(digest(n)), String(n));
    assert.equal(keys.count, 3);
    assert.equal(records.get(1)?.resumePoint('1.tar', identity).doneOffset, 100);
    assert.equal(records.get(2)?.resumePoint('2.tar', identity).doneOffset, 150);
    assert.equal(records.get(2)?.destination, 'library:1');
  });

  it('leaves a snapshot as it is that is true', async () => {
    const before = await stat(snapshot());
    assert.equal(known(await read()).isMarked, true);
    await renewKeySnapshot(folder(), options);
    assert.equal((await stat(snapshot())).ino, before.ino);
    assert.deepEqual(await readsTruth(), { isMarked: true });
  });

  it('adds what workers appended since, and their journals', async () => {
    await work(1, 150, 250);
    const killed = await WorkerProgress.load(folder(), 2, unexpected, { share: 0 });
    killed.addBook({ sha1: digest(300), sizeBytes: 300 }, 'x', 'uploaded', at);
    await killed.closeJournal();
    const found = await read();
    assert.equal(known(found).isMarked, true);
    for (const n of [0, 149, 150, 249, 300]) assert.ok(found.keys.hasSha1(digest(n)), String(n));
    await rm(join(folder(), 'migration_journal_worker2.jsonl'));
    assert.equal(known(await read()).owners[300], undefined, 'a journal is in no snapshot');
    assert.deepEqual(await readsTruth(), { isMarked: true });
  });

  it('adds the files of new workers', async () => {
    await work(3, 90, 200);
    await work(11, 180, 190);
    assert.deepEqual(await readsTruth(), { isMarked: true });
  });

  it('is renewed at the end of a run', async () => {
    await work(1, 150, 250);
    await work(3, 240, 260);
    await renewKeySnapshot(folder(), options);
    const { ino } = await stat(snapshot());
    const found = await read();
    assert.equal((await stat(snapshot())).ino, ino);
    assert.ok(found.keys.hasSha1(digest(259)));
    assert.deepEqual(await readsTruth(), { isMarked: true });
  });

  it('goes by the entries where files are other ones by inode and time', async () => {
    const copy = join(folder(), 'copy');
    await mkdir(copy);
    for (const name of [progressFileName(1), progressFileName(2), keySnapshotName])
      await cp(join(folder(), name), join(copy, name));
    const found = await readAllProgress(copy, unexpected, options);
    assert.equal(known(found).isMarked, true);
  });

  it('goes by the entries where what stands before them has another length', async () => {
    const text = await readFile(file(1), 'utf8');
    const longer = `{ "theirs": ${JSON.stringify('я'.repeat(2_000_000))},${text.slice(1)}`;
    await writeFile(file(1), longer);
    assert.deepEqual(await readsTruth(), { isMarked: true });
    await read();
    await markIt();
    assert.equal(known(await read()).isMarked, true, 'and reads no other part of that later');
  });

  for (const [what, change] of Object.entries({
    'an entry is gone': (text: string) => text.replace(/ {4}"[0-9a-f]{40}": [^\n]*,\n/, ''),
    'the last entry is gone': (text: string) => text.replace(/,\n[^\n]*\n {2}\}\n\}\n$/, '\n  }\n}\n'),
    'an entry is another of the same length': (text: string) =>
      text.replace(digest(120), digest(400)).replace('"size":120}', '"size":400}'),
    'a size is another': (text: string) => text.replace('"size":120}', '"size":121}'),
    'its entries are gone': (text: string) =>
      text.replace(/"completed_files": \{[^]*$/, '"completed_files": {}}'),
    'it has no entries at all': () => '{}',
    'it is empty': () => '',
  })) {
    it(`is read anew where of a file ${what}`, async () => {
      const text = await readFile(file(2), 'utf8');
      const { atime, mtime } = await stat(file(2));
      const changed = change(text);
      assert.notEqual(changed, text);
      await writeFile(file(2), changed);
      await utimes(file(2), atime, mtime);
      assert.deepEqual(await readsTruth(), { isMarked: false });
    });
  }

  it('is read anew where a file is missing', async () => {
    await rm(file(2));
    assert.deepEqual(await readsTruth(), { isMarked: false });
  });

  it('is read anew where the files of two workers have changed places', async () => {
    await rename(file(1), file(3));
    await rename(file(2), file(1));
    await rename(file(3), file(2));
    assert.deepEqual(await readsTruth(), { isMarked: false });
  });

  it('is read anew where the snapshot is damaged', async () => {
    const bytes = await readFile(snapshot());
    for (const place of [0, 10_000, bytes.length - 100]) {
      const damaged = Buffer.from(bytes);
      damaged[place]! ^= 16;
      await writeFile(snapshot(), damaged);
      assert.deepEqual(await readsTruth(), { isMarked: false });
    }
  });

  it('tells of a file that cannot be read, and makes no snapshot of its keys', async () => {
    const text = await readFile(file(2), 'utf8');
    await writeFile(file(2), text.slice(0, text.length / 2));
    const before = await readFile(snapshot());
    await renewKeySnapshot(folder(), { ...options, onProblem: () => undefined });
    assert.deepEqual((await readdir(folder())).sort(), [
      keySnapshotName,
      progressFileName(1),
      progressFileName(2),
    ]);
    const told: string[] = [];
    const found = await readAllProgress(folder(), message => told.push(message), options);
    assert.equal(told.length, 1);
    assert.match(told[0]!, /could not be read .* and was kept as /);
    assert.equal(known(found).isMarked, false);
    assert.deepEqual([...found.records.keys()], [1]);
    assert.deepEqual(await readFile(snapshot()), before);
    const next = await read();
    assert.equal(next.keys.count, 100, 'what was put aside is known no more');
  });

  it('makes no snapshot of a file that is still to be cleaned up', async () => {
    const text = await readFile(file(2), 'utf8');
    await writeFile(file(2), `${text}{"completed_files": {"${digest(400)}": {}}}`);
    const before = await readFile(snapshot());
    for (let n = 0; n < 2; n++) {
      const { owners, isMarked } = known(await read());
      assert.equal(isMarked, false);
      assert.equal(owners[400], 2);
      assert.equal(owners[149], 2);
      await renewKeySnapshot(folder(), options);
      assert.deepEqual(await readFile(snapshot()), before);
    }
  });

  it('is told by the end of a file how many books it has, more or less, to make room for them', async () => {
    await work(3, 1000, 9000);
    const guess = await guessBooks(file(3));
    assert.ok(guess >= 7600 && guess <= 8400, String(guess));
    const few = await guessBooks(file(1));
    assert.ok(few >= 95 && few <= 100, String(few));
    assert.equal(await guessBooks(file(4)), 0);
    await writeFile(file(4), '');
    assert.equal(await guessBooks(file(4)), 0);
  });

  it('makes none of files that are read in a moment', async () => {
    await rm(snapshot());
    await readAllProgress(folder(), unexpected, { onProblem: unexpected });
    await renewKeySnapshot(folder(), { onProblem: unexpected });
    await assert.rejects(stat(snapshot()), { code: 'ENOENT' });
  });

  it('tells of a snapshot that cannot be written, and goes on', async () => {
    await rm(snapshot());
    await mkdir(`${snapshot()}.tmp`);
    const told: string[] = [];
    const telling = { onProblem: (message: string) => told.push(message), leastBytes: 0 };
    assert.equal((await readAllProgress(folder(), unexpected, telling)).keys.count, 150);
    await renewKeySnapshot(folder(), telling);
    assert.equal(told.length, 2);
    for (const message of told) assert.match(message, /^The known keys could not be kept for the next start/);
  });
});
