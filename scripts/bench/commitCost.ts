// What it costs to record outcomes, and to read them back, with so many books recorded before.
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { replayJournal } from '../../src/engine/progress/journal.ts';
import { readProgress, WorkerProgress } from '../../src/engine/progress/workerProgress.ts';
import { noCounts } from '../../src/protocol/snapshot.ts';
import { median } from './statistics.ts';

export const batchBooks = 100;
const batches = 300;

const now = new Date();
/** Distinct and spread, without the cost of a real digest. */
export const keyOfNumber = (n: number): string =>
  (Math.imul(n, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0').padEnd(32, 'a') +
  n.toString(16).padStart(8, '0');
const name = (n: number): string => `books/${String(n % 100)}/author - title of book ${String(n)}.fb2`;

export async function writeProgressFile(folder: string, books: number): Promise<void> {
  const file = await open(path.join(folder, 'migration_progress_worker1.json'), 'w');
  await file.write('{"completed_files": {');
  const size = 1000;
  for (let from = 0; from < books; from += size) {
    const entries = Array.from({ length: Math.min(size, books - from) }, (_, index) => {
      const n = from + index;
      const entry = { file: name(n), status: 'uploaded', uploaded_at: '2025-12-25 10:00:00', size: n };
      return `\n    "${keyOfNumber(n)}": ${JSON.stringify(entry)}`;
    });
    await file.write((from === 0 ? '' : ',') + entries.join(','));
  }
  await file.write('\n  }\n}\n');
  await file.close();
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

export interface CommitCost {
  readonly commit: number;
  readonly load: number;
  readonly rewrite: number;
  readonly mb: number;
}

/** Milliseconds of one commit of a batch, and of the rest. */
export async function commitCost(books: number): Promise<CommitCost> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tarshelf-bench-'));
  const tell = (message: string): void => {
    console.error(message);
  };
  try {
    await writeProgressFile(folder, books);
    const { size } = await stat(path.join(folder, 'migration_progress_worker1.json'));
    let progress: WorkerProgress | undefined;
    const load = await timed(async () => {
      progress = await WorkerProgress.load(folder, 1, tell, { share: 0 });
    });
    if (!progress) throw new Error('not loaded');
    const commits: number[] = [];
    let n = books;
    for (let batch = 0; batch < batches; batch++) {
      for (let book = 0; book < batchBooks; book++, n++) {
        progress.addBook({ sha1: keyOfNumber(n), sizeBytes: n }, name(n), 'uploaded', now);
      }
      progress.endBatch('a.tar', { offset: n, bytes: n }, noCounts());
      const recorded = progress;
      commits.push(await timed(() => recorded.commit()));
    }
    const rewrite = await timed(() => progress?.close() ?? Promise.resolve());
    return { commit: median(commits), load, rewrite, mb: size / 1e6 };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** How fast a journal comes back, and all of a worker's progress is read as the engine does. */
export async function measureReading(books: number): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tarshelf-bench-'));
  try {
    await writeProgressFile(folder, books);
    let keys = 0;
    const reading = await timed(() =>
      readProgress(
        folder,
        1,
        () => keys++,
        message => {
          console.error(message);
        },
      ),
    );
    console.log(`read ${String(keys)} keys as the engine does: ${String(Math.round(reading))} ms`);
    const progress = await WorkerProgress.load(folder, 2, () => undefined, {
      share: 0,
      largestJournalBytes: Infinity,
    });
    await progress.commit();
    const lines = 100_000;
    for (let n = 0; n < lines; n++) {
      progress.addBook({ sha1: keyOfNumber(n), sizeBytes: n }, name(n), 'uploaded', now);
    }
    await progress.commit();
    const journal = path.join(folder, 'migration_journal_worker2.jsonl');
    const replay = await timed(() => replayJournal(journal, () => undefined));
    const { size } = await stat(journal);
    console.log(
      `replay ${String(lines)} journal lines (${String(Math.round(size / 1e6))} MB): ${String(Math.round(replay))} ms`,
    );
    await progress.close();
  } finally {
    await rm(folder, { recursive: true });
  }
}
