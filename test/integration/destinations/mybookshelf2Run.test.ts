import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  startTarshelf,
  type CommandOptions,
  type Finished,
  type RunningCommand,
} from '../../support/commandLine.ts';
import { extractWithGnuTar, makeTar, run } from '../../support/gnuTar.ts';
import { useIngest } from '../../support/ingestFixture.ts';
import { MyBookshelf2Server } from '../../support/mybookshelf2/mybookshelf2Server.ts';
import { descendants, killAll, untilGone } from '../../support/processTree.ts';

describe('a run into MyBookshelf2', function () {
  this.timeout(180_000);
  const fixture = useIngest();
  const { source, args, folder } = fixture;
  let server: MyBookshelf2Server;

  const account: CommandOptions = { env: { TARSHELF_PASSWORD: 'admin' } };
  const where = (): string[] => [
    ...['--destination', 'mybookshelf2', '--server', server.apiUrl, '--websocket', server.wsUrl],
    ...['--user', 'admin', '--language', 'en'],
  ];
  const start = (...more: string[]): RunningCommand => startTarshelf(args(...where(), ...more), account);
  const ingest = (...more: string[]): Promise<Finished> => start(...more).finished;
  const stored = (): string[] => server.sources.map(({ hash, size }) => `${hash}-${String(size)}`).sort();

  /** Tars of small books, some of them in more than one tar. Returns their keys. */
  async function makeTars(tars: number, booksEach: number): Promise<string[]> {
    const keys = new Set<string>();
    for (let tar = 0; tar < tars; tar++) {
      const files: Record<string, Buffer> = {};
      for (let n = 0; n < booksEach; n++) {
        // Every tenth book is also in the tar before.
        const number = n % 10 === 0 ? Math.max(0, tar - 1) * booksEach + n : tar * booksEach + n;
        files[`${String(tar)}-${String(n)}.txt`] = Buffer.from(`Title ${String(number)}\n\nA text.\n`);
      }
      const path = join(source(), `${String(tar)}.tar`);
      await makeTar(path, 'gnu', files);
      for (const { sha1, sizeBytes } of await extractWithGnuTar(path))
        keys.add(`${sha1}-${String(sizeBytes)}`);
    }
    return [...keys].sort();
  }

  beforeEach(async () => {
    server = await MyBookshelf2Server.start();
  });
  afterEach(async () => {
    await server.close();
  });

  it('puts each book there once, and nothing the second time, nor from another state folder', async () => {
    const keys = await makeTars(3, 20);
    const first = await ingest();
    assert.equal(first.code, 0, first.stderr);
    assert.deepEqual(stored(), keys);
    assert.deepEqual(server.duplicateKeys(), []);
    assert.equal(first.summary?.books.uploaded, keys.length);
    const uploads = server.requests.of('POST /api/upload');
    assert.equal((await ingest()).code, 0);
    const anew = await startTarshelf(
      ['ingest', source(), '--state-dir', join(folder(), 'another'), '--json', ...where()],
      account,
    ).finished;
    assert.equal(anew.code, 0, anew.stderr);
    assert.equal(anew.summary?.books.duplicates, 60);
    assert.equal(server.requests.of('POST /api/upload'), uploads);
  });

  it('puts 1,000 books there once through faults at every twentieth request, and calls none failed', async () => {
    const keys = await makeTars(4, 275);
    assert.ok(keys.length >= 1000);
    server.setFaults({
      rate: 0.05,
      seed: 20,
      kinds: [
        'slow',
        'error500',
        'error500After',
        'cutBefore',
        'cutAfter',
        'unavailable',
        'expired',
        'socketDrop',
      ],
      retryAfterSeconds: 1,
    });
    const { code, summary, stderr, stdout } = await ingest('--parallel-uploads', '10');
    assert.equal(code, 0, stderr + stdout.slice(-2000));
    assert.equal(summary?.books.failed, 0);
    assert.deepEqual(stored(), keys);
    assert.deepEqual(server.duplicateKeys(), []);
    assert.ok(server.requests.faults('cutAfter') > 10, 'there were hardly any faults');
  });

  it('waits for a server that is away, says so once, and loses and doubles nothing', async () => {
    const keys = await makeTars(2, 60);
    await server.close();
    server = await MyBookshelf2Server.start({ latencyMs: 10 });
    const command = start('--workers', '2');
    while (server.sources.length < 20) await sleep(20);
    await server.stop();
    await command.line(line => line.includes('Until then the workers wait'));
    await sleep(1000);
    await server.start();
    const { code, stdout, stderr } = await command.finished;
    assert.equal(code, 0, stderr);
    assert.deepEqual(stored(), keys);
    assert.deepEqual(server.duplicateKeys(), []);
    assert.equal(stdout.split('Until then the workers wait').length - 1, 1);
    assert.equal(stdout.split('The workers go on').length - 1, 1);
  });

  it('ends at once when it is stopped while the server is away, and goes on in the next run', async () => {
    const keys = await makeTars(1, 60);
    const command = start();
    while (server.sources.length < 10) await sleep(10);
    await server.stop();
    await command.line(line => line.includes('Until then the workers wait'));
    const asked = performance.now();
    command.child.kill('SIGINT');
    const { code, summary } = await command.finished;
    assert.equal(code, 130);
    assert.equal(summary?.books.failed, 0);
    assert.ok(performance.now() - asked < 5000, 'it waited on');
    await server.start();
    assert.equal((await ingest()).code, 0);
    assert.deepEqual(stored(), keys);
    assert.deepEqual(server.duplicateKeys(), []);
  });

  it('stores each book once, whatever moment all of it is killed at', async () => {
    const keys = await makeTars(2, 100);
    await server.close();
    server = await MyBookshelf2Server.start({ latencyMs: 5 });
    for (let kill = 1; kill <= 4; kill++) {
      const command = start('--workers', '2', '--parallel-uploads', '3');
      while (server.sources.length < kill * 30) await sleep(5);
      const pids = await killAll(command.child.pid ?? 0, fixture.state());
      await command.finished;
      for (const pid of pids) await untilGone(pid, 10_000);
    }
    const last = await ingest();
    assert.equal(last.code, 0, last.stderr);
    assert.deepEqual(stored(), keys);
    assert.deepEqual(server.duplicateKeys(), []);
  });

  it('sends books of 400 MB without holding them', async function () {
    const bytes = 400 * 1024 * 1024;
    for (const name of ['a', 'b']) {
      const file = join(folder(), `${name}.pdf`);
      run('dd', ['if=/dev/zero', `of=${file}`, 'bs=1M', 'count=400', 'status=none']);
      run('sh', ['-c', `printf '%%PDF-1.4 ${name}' | dd of=${file} conv=notrunc status=none`]);
    }
    run('tar', ['-cf', join(source(), 'large.tar'), '-C', folder(), 'a.pdf', 'b.pdf']);
    const command = start('--parallel-uploads', '2', '--metadata', 'builtin');
    let most = 0;
    const looking = setInterval(() => {
      void descendants(command.child.pid ?? 0, 'worker.js').then(async workers => {
        for (const pid of workers) most = Math.max(most, await residentBytes(pid));
      });
    }, 50);
    const { code, stderr } = await command.finished;
    clearInterval(looking);
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      server.sources.map(({ size }) => size),
      [bytes, bytes],
    );
    assert.ok(most > 0);
    const mostMiB = most / 1024 / 1024;
    assert.ok(mostMiB < 220, `a worker took ${mostMiB.toFixed(0)} MiB`);
  });

  it('is refused in one line when the password is wrong, or missing', async () => {
    await makeTars(1, 1);
    const wrong = await startTarshelf(args(...where()), { env: { TARSHELF_PASSWORD: 'wrong' } }).finished;
    assert.equal(wrong.code, 1);
    assert.match(
      wrong.stderr,
      /^tarshelf: http.* does not take the password of admin \(Invalid Login\)[^\n]*\n$/,
    );
    const missing = await startTarshelf(args(...where()), { env: { TARSHELF_PASSWORD: '' } }).finished;
    assert.match(missing.stderr, /^tarshelf: A password is needed for admin at [^\n]*\n$/);
  });
});

async function residentBytes(pid: number): Promise<number> {
  try {
    const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
    return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
