import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { keySnapshotName, readAllProgress, renewKeySnapshot } from '../../src/engine/progress/allProgress.ts';
import { WorkerProgress } from '../../src/engine/progress/workerProgress.ts';
import { progressFileName } from '../../src/protocol/progressFile.ts';
import { useTempFolder } from '../support/tempFolder.ts';

const book = fc.nat(120);
const digest = (n: number): string => (n * 7919).toString(16).padStart(40, 'b');
const worker = fc.integer({ min: 1, max: 3 });
const books = fc.array(book, { maxLength: 12 });
const at = new Date(2025, 11, 25);
const silent = (): void => undefined;

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('run' as const), worker, books }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('killed' as const), worker, books }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('start' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('end' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('gone' as const), worker }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('swapped' as const), worker, with: worker }) },
  // By another program, a digit among the entries: another book, or another size.
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('changed' as const),
      worker,
      place: fc.nat(),
      digit: fc.nat(9),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('cut' as const), worker, place: fc.nat() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('damaged snapshot' as const), place: fc.nat() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('rewritten' as const), worker, books }),
  },
);

describe('key snapshot', () => {
  const folder = useTempFolder();

  it('never makes a start know other books than the progress files do, whatever has happened', async () => {
    await fc.assert(
      fc.asyncProperty(
        books,
        books,
        fc.array(step, { minLength: 1, maxLength: 6 }),
        async (one, two, steps) => {
          const state = await mkdtemp(join(folder(), 'state-'));
          await take(state, { kind: 'run', worker: 1, books: one });
          await take(state, { kind: 'run', worker: 2, books: two });
          await take(state, { kind: 'end' });
          for (const each of steps) await take(state, each);
          const bare = await mkdtemp(join(folder(), 'bare-'));
          await cp(state, bare, { recursive: true });
          await rm(join(bare, keySnapshotName), { force: true });
          const truth = await read(bare);
          assert.deepEqual(await read(state), truth);
          // And once more by the snapshot that this has made.
          assert.deepEqual(await read(state), await read(bare));
          await rm(state, { recursive: true });
          await rm(bare, { recursive: true });
        },
      ),
      { numRuns: 40 },
    );
  }).timeout(120_000);
});

async function take(
  state: string,
  each: typeof step extends fc.Arbitrary<infer S> ? S : never,
): Promise<void> {
  const snapshot = join(state, keySnapshotName);
  switch (each.kind) {
    case 'run':
    case 'killed': {
      const progress = await WorkerProgress.load(state, each.worker, silent, { share: 0 });
      await progress.commit();
      for (const n of each.books) progress.addBook({ sha1: digest(n), sizeBytes: n }, 'x', 'uploaded', at);
      await (each.kind === 'run' ? progress.close() : progress.closeJournal());
      break;
    }
    case 'start':
      await read(state);
      break;
    case 'end':
      await renewKeySnapshot(state, { onProblem: silent, leastBytes: 0 });
      break;
    case 'gone':
      await rm(join(state, progressFileName(each.worker)), { force: true });
      break;
    case 'swapped': {
      const [a, b] = [each.worker, each.with].map(n => join(state, progressFileName(n)));
      const [ofA, ofB] = [await bytesOf(a!), await bytesOf(b!)];
      if (ofA && ofB) {
        await writeFile(a!, ofB);
        await writeFile(b!, ofA);
      }
      break;
    }
    case 'changed': {
      const path = join(state, progressFileName(each.worker));
      const bytes = await bytesOf(path);
      if (!bytes || bytes.length === 0) break;
      const entries = Math.max(0, bytes.indexOf('completed_files'));
      const from = entries + (each.place % (bytes.length - entries));
      const found = bytes.subarray(from).findIndex(byte => byte >= 0x30 && byte <= 0x39);
      if (found === -1) break;
      bytes[from + found] = 0x30 + each.digit;
      await writeFile(path, bytes);
      break;
    }
    case 'cut': {
      const path = join(state, progressFileName(each.worker));
      const bytes = await bytesOf(path);
      if (bytes) await writeFile(path, bytes.subarray(0, each.place % (bytes.length + 1)));
      break;
    }
    case 'damaged snapshot': {
      const bytes = await bytesOf(snapshot);
      if (!bytes || bytes.length === 0) break;
      bytes[each.place % bytes.length]! ^= 4;
      await writeFile(snapshot, bytes);
      break;
    }
    case 'rewritten': {
      const entries = each.books.map(n => [digest(n), { size: n }] as const);
      const text = JSON.stringify({
        completed_files: Object.fromEntries(entries),
        completed_tars: ['a.tar'],
      });
      await writeFile(join(state, progressFileName(each.worker)), text);
      break;
    }
    default:
      each satisfies never;
  }
}

async function bytesOf(path: string): Promise<Buffer | null> {
  return await readFile(path).catch(() => null);
}

/** All that a start learns, in a form that can be compared. */
async function read(state: string): Promise<unknown> {
  const { keys, records } = await readAllProgress(state, silent, { onProblem: silent, leastBytes: 0 });
  const owners = Array.from({ length: 121 }, (_, n) => [
    keys.get(digest(n), n),
    keys.get(digest(n), n + 1),
    keys.hasSha1(digest(n)),
  ]);
  const heads = [...records].map(([number, record]) => [number, [...record.headText(0)].join('')]);
  return { count: keys.count, owners, heads };
}
