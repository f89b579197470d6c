// A run as large as a real one, on a machine that has no room for it. Run after a build, on Linux:
//   node scripts/bench/simulate.ts [--tars 28] [--members 110000] [--gigabytes 300] [--workers 4] [--out FOLDER]
//
// The tars are real to the last header and have holes for bodies: one file with many names, whose bodies are made up by
// a preload in the threads of the workers (simulatedBodies.mjs), different in each tar. Reading and hashing is thereby left out, and
// memory is without the bodies in hand; index, claims, journals, progress files, engine and command line are as ever.
// What grows with the number of files done is written to simulated-run.csv, and drawn in simulated-run.svg.
import { closeSync, openSync, writeSync } from 'node:fs';
import { link, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { headLength } from '../../src/engine/archive/headLength.ts';
import { blockSize } from '../../src/engine/archive/tarHeader.ts';
import { SeededRandom } from '../../src/samples/seededRandom.ts';
import { lognormal, MemberHeaders } from './corpora.ts';
import { drawPlots, type Panel } from './drawPlots.ts';
import { describeMachine, machineText } from './machine.ts';
import { ingest, withFolder } from './processes.ts';

/** What is no longer than 16 KiB comes with its header, and goes to no thread. */
const shortestBody = 16 * 1024 + 1;

interface Size {
  readonly tars: number;
  readonly members: number;
  readonly gigabytes: number;
  readonly workers: number;
}

/** One moment of the run. */
interface Sample {
  readonly seconds: number;
  readonly files: number;
  readonly engineMb: number;
  readonly largestWorkerMb: number;
  readonly journalsMb: number;
  readonly progressMb: number;
}

const columns = [
  'seconds',
  'files',
  'engineMb',
  'largestWorkerMb',
  'journalsMb',
  'progressMb',
] as const satisfies readonly (keyof Sample)[];

/** Sizes of bodies whose blocks, with their headers, sum up to about this. */
function drawSizes(count: number, bytes: number): number[] {
  const random = new SeededRandom('simulated run');
  const drawn = Array.from({ length: count }, () => lognormal(random, 1));
  const scale = bytes / drawn.reduce((sum, size) => sum + size, 0);
  return drawn.map(size => Math.max(shortestBody, Math.round(size * scale)));
}

/** Writes a tar of which only the headers take room, under so many names. */
async function writeTars(folder: string, { tars, members, gigabytes }: Size): Promise<void> {
  const name = (n: number): string => join(folder, `books-${String(n).padStart(2, '0')}.tar`);
  const headers = new MemberHeaders();
  const file = openSync(name(1), 'w');
  try {
    let at = 0;
    for (const [index, size] of drawSizes(members, gigabytes * 1e9 - members * blockSize).entries()) {
      writeSync(file, headers.of(`books/${String(16_470_000 + index)}.txt`, size), 0, blockSize, at);
      at += blockSize + Math.ceil(size / blockSize) * blockSize;
    }
    writeSync(file, Buffer.alloc(2 * blockSize), 0, 2 * blockSize, at);
  } finally {
    closeSync(file);
  }
  for (let n = 2; n <= tars; n++) await link(name(1), name(n));
  const { size, blocks } = await stat(name(1));
  console.log(
    `${String(tars)} tars of ${(size / 1e9).toFixed(1)} GB with ${String(members)} members each; on disk ${((blocks * 512) / 1e6).toFixed(0)} MB in all`,
  );
}

async function residentMb(pid: string): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0) / 1024;
}

/** Of the processes that the preload of the bench says have begun. */
async function memoryByRole(usageFolder: string): Promise<Map<string, number>> {
  const largest = new Map<string, number>();
  const names = await readdir(usageFolder).catch((): string[] => []);
  for (const name of names.filter(one => one.endsWith('.began'))) {
    const role = await readFile(join(usageFolder, name), 'utf8');
    const mb = await residentMb(name.replace('.began', ''));
    largest.set(role, Math.max(largest.get(role) ?? 0, mb));
  }
  return largest;
}

async function sizesMb(folder: string, pattern: RegExp): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder).catch((): string[] => [])) {
    if (pattern.test(name)) bytes += (await stat(join(folder, name)).catch(() => ({ size: 0 }))).size;
  }
  return bytes / 1e6;
}

interface Progress {
  readonly type: string;
  readonly books?: { readonly uploaded: number };
}

async function simulate(size: Size): Promise<Sample[]> {
  return await withFolder(async folder => {
    const source = join(folder, 'tars');
    const stateFolder = join(folder, 'state');
    const bodies = join(folder, 'bodies');
    await mkdir(source);
    await mkdir(bodies);
    await writeTars(source, size);
    const samples: Sample[] = [];
    const began = performance.now();
    let usageFolder = '';
    let isLooking = false;
    const look = async (files: number): Promise<void> => {
      if (isLooking) return;
      isLooking = true;
      const seconds = (performance.now() - began) / 1000;
      const memory = await memoryByRole(usageFolder);
      samples.push({
        seconds,
        files,
        engineMb: memory.get('engine') ?? 0,
        largestWorkerMb: memory.get('worker') ?? 0,
        journalsMb: await sizesMb(stateFolder, /^migration_journal_worker/),
        progressMb: await sizesMb(stateFolder, /^migration_progress_worker/),
      });
      isLooking = false;
    };
    const used = await ingest({
      source,
      workers: size.workers,
      stateFolder,
      nodeOptions: `--import ${pathToFileURL(join(import.meta.dirname, 'simulatedBodies.mjs')).href}`,
      env: {
        TARSHELF_BENCH_SIMULATED: bodies,
        TARSHELF_BENCH_HEADER_BYTES: String(blockSize + headLength),
      },
      onSpawn: (_, path) => {
        usageFolder = path;
      },
      onLine: line => {
        const said = JSON.parse(line) as Progress;
        if (said.type === 'progress') void look(said.books?.uploaded ?? 0);
      },
    });
    const files = size.tars * size.members;
    let simulated = 0;
    for (const name of await readdir(bodies)) simulated += (await stat(join(bodies, name))).size;
    if (used.books.uploaded !== files || simulated !== files) {
      throw new Error(
        `${String(used.books.uploaded)} books went their way and ${String(simulated)} bodies were simulated, not ${String(files)}: the bodies of this version are not read as simulatedBodies.mjs expects`,
      );
    }
    for (const { role, peakMb, cpuSeconds } of used.processes)
      console.log(`${role}: ${peakMb.toFixed(0)} MB at its peak, ${cpuSeconds.toFixed(0)} CPU seconds`);
    console.log(
      `${String(files)} files of ${((size.tars * size.gigabytes) / 1000).toFixed(2)} TB in ${used.wallSeconds.toFixed(0)} s (${(files / used.wallSeconds).toFixed(0)} a second), bodies not read`,
    );
    const end = samples.at(-1);
    if (end) {
      const progressMb = await sizesMb(stateFolder, /^migration_progress_worker/);
      const journalsMb = await sizesMb(stateFolder, /^migration_journal_worker/);
      samples.push({ ...end, seconds: used.wallSeconds, files, journalsMb, progressMb });
    }
    return samples;
  });
}

/** At most so many, evenly. */
function thinned(samples: readonly Sample[], most: number): Sample[] {
  const step = Math.max(1, Math.ceil(samples.length / most));
  return samples.filter((_, index) => index % step === 0 || index === samples.length - 1);
}

function csv(samples: readonly Sample[]): string {
  const rows = samples.map(sample =>
    columns.map(column => String(Number(sample[column].toFixed(column === 'files' ? 0 : 1)))).join(','),
  );
  return `${[columns.join(','), ...rows].join('\n')}\n`;
}

function panels(samples: readonly Sample[]): Panel[] {
  const line = (label: string, of: (sample: Sample) => number): Panel['lines'][number] => ({
    label,
    points: samples.map(sample => [sample.files / 1e6, of(sample)] as const),
  });
  return [
    { title: 'Time', unit: 'minutes', lines: [line('since the launch', sample => sample.seconds / 60)] },
    {
      title: 'Resident memory',
      unit: 'MB',
      lines: [
        line('engine', sample => sample.engineMb),
        line('largest worker', sample => sample.largestWorkerMb),
      ],
    },
    {
      title: 'Records on disk, all workers',
      unit: 'MB',
      lines: [
        line('progress files', sample => sample.progressMb),
        line('journals', sample => sample.journalsMb),
      ],
    },
  ];
}

const { values } = parseArgs({
  args: argv.slice(2),
  options: {
    tars: { type: 'string', default: '28' },
    members: { type: 'string', default: '110000' },
    gigabytes: { type: 'string', default: '300' },
    workers: { type: 'string', default: '4' },
    out: { type: 'string', default: join(import.meta.dirname, '../../docs/images') },
  },
});
const size: Size = {
  tars: Number(values.tars),
  members: Number(values.members),
  gigabytes: Number(values.gigabytes),
  workers: Number(values.workers),
};
const machine = machineText(describeMachine());
console.log(machine);
const samples = thinned(await simulate(size), 400);
const out = resolve(values.out);
await mkdir(out, { recursive: true });
await writeFile(join(out, 'simulated-run.csv'), csv(samples));
const title = `${String(size.tars)} tars of ${String(size.gigabytes)} GB, ${size.members.toLocaleString('en')} files each, ${String(size.workers)} workers; bodies simulated`;
await writeFile(join(out, 'simulated-run.svg'), drawPlots(title, 'files done, in millions', panels(samples)));
console.log(`written: ${join(out, 'simulated-run.csv')}, ${join(out, 'simulated-run.svg')}`);
