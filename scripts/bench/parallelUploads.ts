// How much faster a worker uploads several books at the same time than one after another, against the test server at
// 50 ms a request. Run after a build: node scripts/bench/parallelUploads.ts [books] [rounds]
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { encodeTar } from '../../src/samples/tarWriter.ts';
import { MyBookshelf2Server } from '../../test/support/mybookshelf2/mybookshelf2Server.ts';
import { median } from './statistics.ts';

const books = Number(process.argv[2] ?? 80);
const rounds = Number(process.argv[3] ?? 3);
const cli = join(import.meta.dirname, '../../dist/cli.js');

async function secondsOfARun(folder: string, parallelUploads: number): Promise<number> {
  const server = await MyBookshelf2Server.start({ latencyMs: 50, cores: 4 });
  const began = performance.now();
  const child = spawn(
    process.execPath,
    [
      ...[
        cli,
        'ingest',
        join(folder, 'tars'),
        '--state-dir',
        join(folder, `state-${String(began)}`),
        '--json',
      ],
      ...['--workers', '1', '--parallel-uploads', String(parallelUploads), '--destination', 'mybookshelf2'],
      ...['--server', server.apiUrl, '--websocket', server.wsUrl, '--user', 'admin', '--language', 'en'],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, TARSHELF_PASSWORD: 'admin' } },
  );
  await once(child, 'close');
  const seconds = (performance.now() - began) / 1000;
  const { length } = server.sources;
  await server.close();
  if (length !== books) throw new Error(`${String(length)} of ${String(books)} books arrived`);
  return seconds;
}

const folder = await mkdtemp(join(tmpdir(), 'tarshelf-bench-'));
try {
  await mkdir(join(folder, 'tars'));
  const members = Array.from({ length: books }, (_, n) => ({
    name: `title ${String(n)}.txt`,
    mtime: new Date(0),
    body: Buffer.from(`The text of book ${String(n)}.\n`),
  }));
  await writeFile(join(folder, 'tars', 'a.tar'), encodeTar(members, 'ustar'));
  const times: Record<1 | 4, number[]> = { 1: [], 4: [] };
  for (let round = 0; round < rounds; round++) {
    for (const parallel of [1, 4] as const) times[parallel].push(await secondsOfARun(folder, parallel));
  }
  const [one, four] = [median(times[1]), median(times[4])];
  console.log(`${String(books)} books at 50 ms a request, whole process, medians of ${String(rounds)} runs:`);
  console.log(`  1 at a time  ${one.toFixed(2)} s  ${(books / one).toFixed(1)} books/s`);
  console.log(`  4 at a time  ${four.toFixed(2)} s  ${(books / four).toFixed(1)} books/s`);
  console.log(`  ratio        ${(one / four).toFixed(2)}`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
