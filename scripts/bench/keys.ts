// What the known keys of an engine take, in a process that finds a snapshot of them, and in the one before that makes it:
//   node scripts/bench/keys.ts <count>
// One JSON object on standard output.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv } from 'node:process';
import type { KeyTable } from '../../src/engine/dedupe/keyTable.ts';
import { readAllProgress } from '../../src/engine/progress/allProgress.ts';
import { keyOfNumber, writeProgressFile } from './commitCost.ts';

export interface LoadCost {
  /** All that an engine reads of the workers' progress at its start: keys, and what is recorded of tars. */
  readonly loadSeconds: number;
  /** Resident memory of a process that holds the keys, without what loading them has left to be collected. */
  readonly residentMb: number;
  /** The largest that it was, while they were loaded. */
  readonly peakMb: number;
  readonly tableMb: number;
  readonly lookUpsPerSecond: number;
}

export interface KeyCost extends LoadCost {
  /** The same without a snapshot, which is made. */
  readonly anew: LoadCost;
}

const lookUps = 500_000;

async function measure(count: number): Promise<KeyCost> {
  const folder = await mkdtemp(join(process.env['TARSHELF_BENCH_FOLDER'] ?? tmpdir(), 'keys-'));
  const load = (): LoadCost =>
    JSON.parse(
      execFileSync(process.execPath, ['--expose-gc', import.meta.filename, String(count), folder], {
        encoding: 'utf8',
      }),
    ) as LoadCost;
  try {
    await writeProgressFile(folder, count);
    const anew = load();
    return { ...load(), anew };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function load(folder: string, count: number): Promise<LoadCost> {
  const fail = (message: string): never => {
    throw new Error(message);
  };
  const began = performance.now();
  const { keys, records } = await readAllProgress(folder, fail, { onProblem: fail });
  const loadSeconds = (performance.now() - began) / 1000;
  if (keys.count !== count) throw new Error(`${String(keys.count)} keys were read, not ${String(count)}`);
  if (records.size !== 1) throw new Error('the record of the worker was not read');
  const peakMb = process.resourceUsage().maxRSS / 1024;
  if (!globalThis.gc) throw new Error('run this with --expose-gc');
  await globalThis.gc({ execution: 'async' });
  const residentMb = process.memoryUsage.rss() / 2 ** 20;
  const lookUpsPerSecond = lookUp(keys, count);
  return { residentMb, peakMb, tableMb: keys.sizeBytes / 1e6, loadSeconds, lookUpsPerSecond };
}

function lookUp(keys: KeyTable, count: number): number {
  // Every other is there. Flat, as digests are: a text put together of parts is copied when it is first looked into.
  const step = Math.max(1, Math.floor((2 * count) / lookUps));
  const wanted = Array.from({ length: lookUps }, (_, n) =>
    Buffer.from(keyOfNumber(n * step), 'latin1').toString('latin1'),
  );
  let found = 0;
  const lookedAt = performance.now();
  for (let n = 0; n < lookUps; n++) {
    if (keys.get(wanted[n] ?? '', n * step) !== undefined) found++;
  }
  const seconds = (performance.now() - lookedAt) / 1000;
  const expected = Math.min(lookUps, Math.ceil(count / step));
  if (found !== expected) throw new Error(`${String(found)} keys were found, not ${String(expected)}`);
  return lookUps / seconds;
}

if (import.meta.main) {
  const [, , count = '1000000', folder] = argv;
  const cost = await (folder === undefined ? measure(Number(count)) : load(folder, Number(count)));
  console.log(JSON.stringify(cost));
}
