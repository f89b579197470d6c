// What the table of known keys takes, in a process of its own:
//   node --expose-gc scripts/bench/keys.ts <count>
// One JSON object on standard output.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv } from 'node:process';
import { KeyTable } from '../../src/engine/dedupe/keyTable.ts';
import { readProgress } from '../../src/engine/progress/workerProgress.ts';
import { keyOfNumber, writeProgressFile } from './commitCost.ts';

export interface KeyCost {
  /** Resident memory of a process that holds the keys, without what loading them has left to be collected. */
  readonly residentMb: number;
  /** The largest that it was, while they were loaded. */
  readonly peakMb: number;
  readonly tableMb: number;
  /** As an engine does at its start, from the progress file of a worker. */
  readonly loadSeconds: number;
  readonly lookUpsPerSecond: number;
}

const lookUps = 500_000;

async function measure(count: number): Promise<KeyCost> {
  const folder = await mkdtemp(join(process.env['TARSHELF_BENCH_FOLDER'] ?? tmpdir(), 'keys-'));
  try {
    await writeProgressFile(folder, count);
    const table = new KeyTable();
    const began = performance.now();
    await readProgress(
      folder,
      1,
      (sha1, size) => table.set(sha1, size, 1),
      message => {
        console.error(message);
      },
    );
    const loadSeconds = (performance.now() - began) / 1000;
    if (table.count !== count) throw new Error(`${String(table.count)} keys were read, not ${String(count)}`);
    const peakMb = process.resourceUsage().maxRSS / 1024;
    if (!globalThis.gc) throw new Error('run this with --expose-gc');
    await globalThis.gc({ execution: 'async' });
    const residentMb = process.memoryUsage.rss() / 2 ** 20;
    // Every other is there. Flat, as digests are: a text put together of parts is copied when it is first looked into.
    const step = Math.max(1, Math.floor((2 * count) / lookUps));
    const wanted = Array.from({ length: lookUps }, (_, n) =>
      Buffer.from(keyOfNumber(n * step), 'latin1').toString('latin1'),
    );
    let found = 0;
    const lookedAt = performance.now();
    for (let n = 0; n < lookUps; n++) {
      if (table.get(wanted[n] ?? '', n * step) !== undefined) found++;
    }
    const lookUpsPerSecond = lookUps / ((performance.now() - lookedAt) / 1000);
    const expected = Math.min(lookUps, Math.ceil(count / step));
    if (found !== expected) throw new Error(`${String(found)} keys were found, not ${String(expected)}`);
    return { residentMb, peakMb, tableMb: table.sizeBytes / 1e6, loadSeconds, lookUpsPerSecond };
  } finally {
    await rm(folder, { recursive: true });
  }
}

if (import.meta.main) console.log(JSON.stringify(await measure(Number(argv[2] ?? 1_000_000))));
