import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keySnapshotName } from '../../src/engine/progress/allProgress.ts';
import { progressFileName } from '../../src/protocol/progressFile.ts';
import { makeTar } from '../support/gnuTar.ts';
import { useIngest } from '../support/ingestFixture.ts';
import { keyOf, keysInLibrary } from '../support/libraryTruth.ts';
import { markSnapshot } from '../support/markedSnapshot.ts';

describe('a state folder with very many books', () => {
  const { source, state, library, ingest } = useIngest();
  const recorded = 20_000;
  const book = (name: string): Buffer => Buffer.from(`the text of ${name}`.padEnd(300));
  const path = (): string => join(state(), keySnapshotName);
  const progressPath = (worker: number): string => join(state(), progressFileName(worker));

  const addTar = (name: string, ...books: string[]): Promise<unknown> =>
    makeTar(
      join(source(), `${name}.tar`),
      'gnu',
      Object.fromEntries(books.map(each => [`${each}.txt`, book(each)])),
    );

  /** What the snapshot alone makes known: a run that uses it takes the book for a duplicate. */
  const know = (name: string): Promise<void> =>
    markSnapshot(state(), keys => {
      keys.set(hash('sha1', book(name), 'hex'), book(name).length, 1);
      return undefined;
    });

  async function uploadsAndDuplicates(): Promise<[number, number]> {
    const { code, summary, stdout } = await ingest('--workers', '2');
    assert.equal(code, 0, stdout);
    return [summary!.books.uploaded, summary!.books.duplicates];
  }

  beforeEach(async () => {
    await mkdir(state());
    // With long names they are enough text for a snapshot.
    const file = 'a folder/'.padEnd(1000, 'x');
    const entry = { file, status: 'uploaded', uploaded_at: '2025-12-25 10:00:00' };
    const entries = Array.from(
      { length: recorded },
      (_, n) => `"${hash('sha1', String(n), 'hex')}":${JSON.stringify({ ...entry, size: n })}`,
    );
    // Of a worker that no run here has, and of one that goes on with it.
    await writeFile(progressPath(3), `{"completed_files": {${entries.slice(0, recorded / 2).join(',\n')}}}`);
    await writeFile(progressPath(1), `{"completed_files": {${entries.slice(recorded / 2).join(',\n')}}}`);
    await addTar('first', 'a', 'b');
    assert.deepEqual(await uploadsAndDuplicates(), [2, 0]);
  });

  it('is known from its snapshot by the next run, which keeps that up with what it records', async () => {
    await know('c');
    await addTar('second', 'a', 'c', 'd');
    assert.deepEqual(await uploadsAndDuplicates(), [1, 2]);
    assert.deepEqual(await keysInLibrary(library()), ['a', 'b', 'd'].map(name => keyOf(book(name))).sort());
    const { ino, mtimeMs } = await stat(path());
    // Nothing is left to do, and nothing to keep.
    assert.deepEqual(await uploadsAndDuplicates(), [0, 0]);
    const after = await stat(path());
    assert.deepEqual([after.ino, after.mtimeMs], [ino, mtimeMs]);
  }).timeout(60_000);

  it('loses no book by a snapshot that is damaged', async () => {
    await know('c');
    const bytes = await readFile(path());
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    await writeFile(path(), bytes);
    await addTar('second', 'a', 'c', 'd');
    assert.deepEqual(await uploadsAndDuplicates(), [2, 1]);
    // The run has made a sound one in its place.
    await know('e');
    await addTar('third', 'b', 'e');
    assert.deepEqual(await uploadsAndDuplicates(), [0, 2]);
  }).timeout(60_000);

  it('loses no book by one whose progress file another program has changed', async () => {
    await know('c');
    const text = await readFile(progressPath(3), 'utf8');
    await writeFile(progressPath(3), text.replace(hash('sha1', '5', 'hex'), hash('sha1', 'x', 'hex')));
    await addTar('second', 'c');
    assert.deepEqual(await uploadsAndDuplicates(), [1, 0]);
  }).timeout(60_000);

  it('is refused to another library with a snapshot as it is without', async () => {
    const { code, stderr } = await ingest('--library', join(state(), '..', 'other'));
    assert.equal(code, 2);
    assert.match(stderr, /belongs to another library/);
  });
});
