// What an engine costs, and how soon it goes on after a death. Linux only; run after a build:
//   node scripts/bench/engine.ts [kills] [parts, such as idle,death]
//
//   idle       CPU share and resident memory of an engine with no work and a window attached, over 30 s
//   loaded     the same once 28 tars of 100,000 members each are in its state, and how long a snapshot takes
//   death      from the SIGKILL of a worker to the next report that its tar goes on
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineClient } from '../../src/client/engineClient.ts';
import { findEngine } from '../../src/client/engineFinder.ts';
import type { IngestOptions } from '../../src/protocol/ingestOptions.ts';
import { noSecrets } from '../../src/protocol/secrets.ts';
import { encodeTar } from '../../src/samples/tarWriter.ts';
import { median } from './statistics.ts';

const kills = Number(process.argv[2] ?? 9);
const parts = new Set(process.argv[3]?.split(',') ?? ['idle', 'loaded', 'death']);
const enginePath = join(import.meta.dirname, '../../dist/engine.js');
const tars = 28;
const membersInTar = 100_000;
const workers = 4;
const idleMs = 30_000;

/** Ticks of CPU, of a hundredth of a second as everywhere on Linux, that a process has used. */
async function cpuSeconds(pid: number): Promise<number> {
  const text = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout);
  return (Number(fields[11]) + Number(fields[12])) / ticks;
}

async function residentMb(pid: number): Promise<number> {
  const text = await readFile(`/proc/${String(pid)}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1]) / 1024;
}

function optionsFor(folder: string, more: Partial<IngestOptions> = {}): IngestOptions {
  return {
    sourceFolders: [join(folder, 'tars')],
    stateFolder: join(folder, 'state'),
    workers,
    batchSize: 1000,
    parallelUploads: 1,
    mode: 'in-place',
    afterCompletion: 'keep',
    metadataReader: 'builtin',
    destination: { kind: 'none' },
    ...more,
  };
}

function smallTar(name: string, books: number): Buffer {
  const members = Array.from({ length: books }, (_, n) => ({
    name: `${String(n)}.txt`,
    mtime: new Date(0),
    body: Buffer.from(`book ${String(n)} of ${name}`.padEnd(3000, '.')),
  }));
  return encodeTar(members, 'ustar');
}

async function idle(client: EngineClient, what: string): Promise<void> {
  const pid = client.enginePid;
  if (pid === null) throw new Error('the engine is gone');
  // What a run has left behind is collected in its own time.
  await sleep(5000);
  const before = await cpuSeconds(pid);
  await sleep(idleMs);
  const share = ((await cpuSeconds(pid)) - before) / (idleMs / 1000);
  console.log(
    `${what.padEnd(8)} ${(share * 100).toFixed(2)} % of a core, ${(await residentMb(pid)).toFixed(0)} MB resident`,
  );
}

/** Records of a finished run: the tars as they are, each with so many members. */
async function writeRecords(folder: string, names: readonly string[]): Promise<void> {
  for (let worker = 1; worker <= workers; worker++) {
    const own = names.filter((_, index) => index % workers === worker - 1);
    const file = await open(join(folder, 'state', `migration_progress_worker${String(worker)}.json`), 'w');
    const progress: Record<string, unknown> = {};
    for (const name of own) {
      const { size, mtimeMs } = await stat(join(folder, 'tars', name));
      progress[name] = {
        tar_file: join(folder, 'tars', name),
        status: 'completed',
        files_processed: membersInTar,
        files_uploaded: membersInTar,
        errors: 0,
        tar_size: size,
        tar_mtime_ms: Math.trunc(mtimeMs),
      };
    }
    const head = { completed_tars: own, current_tar: null, tar_progress: progress, destination: 'none' };
    await file.write(`${JSON.stringify(head).slice(0, -1)},"completed_files":{`);
    const count = own.length * membersInTar;
    for (let from = 0; from < count; from += 1000) {
      const entries = Array.from({ length: 1000 }, (_, index) => {
        const n = worker * 10_000_000 + from + index;
        const sha1 =
          (Math.imul(n, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0').padEnd(32, 'a') +
          n.toString(16).padStart(8, '0');
        return `"${sha1}":${JSON.stringify({ file: `${String(n)}.txt`, status: 'uploaded', uploaded_at: '2025-12-25 10:00:00', size: 3000 + index })}`;
      });
      await file.write((from === 0 ? '' : ',') + entries.join(','));
    }
    await file.write('}}');
    await file.close();
  }
}

/** From looking for the engine to having its whole state. */
async function snapshotMs(stateFolder: string): Promise<number> {
  const began = performance.now();
  const connection = await findEngine(stateFolder, { whenLeft: null });
  const ms = performance.now() - began;
  if (connection?.snapshot.tars.length !== tars) throw new Error('that is no snapshot of all tars');
  connection.close();
  return ms;
}

const folder = await mkdtemp(join(tmpdir(), 'tarshelf-bench-'));
const client = new EngineClient({ enginePath, whenLeft: 'stop' });
try {
  await mkdir(join(folder, 'tars'));
  await mkdir(join(folder, 'state'));
  if (parts.has('idle')) await measureIdle();
  if (parts.has('loaded')) await measureLoaded();
  if (parts.has('death')) await measureDeaths();
} finally {
  client.kill();
  client.dispose();
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
}

async function measureIdle(): Promise<void> {
  await writeFile(join(folder, 'tars', 'first.tar'), smallTar('first', 50));
  await client.ingest(optionsFor(folder), noSecrets);
  await idle(client, 'idle');
  await client.end({ drain: true });
  await rm(join(folder, 'tars', 'first.tar'));
}

async function measureLoaded(): Promise<void> {
  const names = Array.from({ length: tars }, (_, n) => `${String(n).padStart(2, '0')}.tar`);
  for (const name of names) await writeFile(join(folder, 'tars', name), smallTar(name, 2));
  await rm(join(folder, 'state'), { recursive: true });
  await mkdir(join(folder, 'state'));
  await writeRecords(folder, names);
  const run = await client.ingest(optionsFor(folder), noSecrets);
  if (run.summary?.tars.completed !== tars) throw new Error(JSON.stringify(run.summary));
  const times: number[] = [];
  for (let round = 0; round < 50; round++) times.push(await snapshotMs(join(folder, 'state')));
  console.log(
    `snapshot of ${String(tars)} tars of ${String(membersInTar)} members: median ${median(times).toFixed(1)} ms, longest ${Math.max(...times).toFixed(1)} ms`,
  );
  await idle(client, 'loaded');
  await client.end({ drain: true });
  for (const name of names) await rm(join(folder, 'tars', name));
}

async function measureDeaths(): Promise<void> {
  await rm(join(folder, 'state'), { recursive: true });
  await writeFile(join(folder, 'tars', 'large.tar'), smallTar('large', 60_000));
  const deaths: number[] = [];
  await client.start(
    optionsFor(folder, {
      workers: 1,
      batchSize: 20,
      destination: { kind: 'library', folder: join(folder, 'state', 'library') },
      supervision: { restartsPerDay: 1000 },
    }),
    noSecrets,
  );
  const atWork = async (not: number | null): Promise<number> => {
    for (;;) {
      const worker = client.store.worker(1);
      const isOn = worker?.currentTar !== null && worker?.phase !== 'starting';
      if (worker && isOn && worker.pid !== null && worker.pid !== not) return worker.pid;
      await sleep(5);
    }
  };
  let pid = await atWork(null);
  for (let kill = 0; kill < kills; kill++) {
    // Long enough for the row of deaths, by which the pause grows, to be over with the first of them.
    await sleep(1500);
    const began = performance.now();
    process.kill(pid, 'SIGKILL');
    pid = await atWork(pid);
    deaths.push(performance.now() - began);
  }
  console.log(
    `death to its tar going on, ${String(kills)} kills in a row: ${deaths.map(ms => (ms / 1000).toFixed(1)).join(', ')} s`,
  );
}
