import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemCode } from '../../../src/protocol/errors.ts';
import { hasCalibre } from '../../../scripts/calibre.ts';
import { useCalibreAlone } from '../../support/calibreAlone.ts';
import { startTarshelf, type RunningCommand } from '../../support/commandLine.ts';
import { extractWithGnuTar, makeTar } from '../../support/gnuTar.ts';
import { useIngest } from '../../support/ingestFixture.ts';
import { descendants } from '../../support/processTree.ts';

describe('a run into calibre', function () {
  useCalibreAlone();
  this.timeout(180_000);
  const { folder, source, args } = useIngest();
  const library = (): string => join(folder(), 'library');
  const start = (...more: string[]): RunningCommand =>
    startTarshelf(args('--destination', 'calibre', '--library', library(), '--batch-size', '12', ...more));

  /** Returns the keys of the books. */
  async function makeBooks(count: number): Promise<string[]> {
    const files: Record<string, Buffer> = {};
    for (let n = 0; n < count; n++) files[`Title ${String(n)}.txt`] = Buffer.from(`Text ${String(n)}.\n`);
    await makeTar(join(source(), 'a.tar'), 'gnu', files);
    return (await extractWithGnuTar(join(source(), 'a.tar'))).map(({ sha1 }) => sha1).sort();
  }

  function kill(pid: number): void {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (thrown) {
      // It has ended meanwhile.
      if (systemCode(thrown) !== 'ESRCH') throw thrown;
    }
  }

  /** The keys of all books of the library, as calibre lists them. */
  function listedKeys(): (string | undefined)[] {
    const listed = spawnSync(
      'calibredb',
      ['list', '--with-library', library(), '--for-machine', '--fields=identifiers'],
      { encoding: 'utf8' },
    );
    const books = JSON.parse(listed.stdout) as { identifiers: { tarshelf?: string } }[];
    return books.map(({ identifiers }) => identifiers.tarshelf).sort();
  }

  before(function () {
    if (!hasCalibre()) this.skip();
  });

  it('adds each book once, also when all of it is killed in the middle of a call', async () => {
    const keys = await makeBooks(60);
    let kills = 0;
    while (kills < 3) {
      const command = start();
      const root = command.child.pid ?? 0;
      const run = { hasEnded: false };
      void command.finished.then(() => (run.hasEnded = true));
      // In the middle: some of a call's books are there by then, or none.
      while (!run.hasEnded && (await descendants(root, /calibredb.* add /)).length === 0) await sleep(20);
      // On a busy machine all may be there before this process gets its turn.
      if (run.hasEnded) break;
      kills++;
      await sleep(150 * kills);
      const all = [
        ...(await descendants(root, 'worker.js')),
        ...(await descendants(root, 'engine.js')),
        root,
      ];
      for (const pid of all) kill(pid);
      await command.finished;
    }
    assert.ok(kills > 0);
    const { code, summary, stderr } = await start().finished;
    assert.equal(code, 0, stderr);
    assert.equal(summary?.books.failed, 0);
    assert.deepEqual(listedKeys(), keys);
  });

  // Its engine goes on, and reads no keys for what comes after.
  for (const declined of ['add-format', 'add-anyway']) {
    it(`adds each book once with ${declined}, also when a worker is killed in the middle of a call`, async () => {
      const keys = await makeBooks(24);
      const command = start('--declined', declined, '--workers', '1');
      const root = command.child.pid ?? 0;
      const run = { hasEnded: false };
      void command.finished.then(() => (run.hasEnded = true));
      while (!run.hasEnded && (await descendants(root, /calibredb.* add /)).length === 0) await sleep(20);
      assert.ok(!run.hasEnded, 'it ended before it could be killed');
      for (const pid of await descendants(root, 'worker.js')) kill(pid);
      const { code, summary, stderr } = await command.finished;
      assert.equal(code, 0, stderr);
      assert.equal(summary?.books.failed, 0);
      assert.deepEqual(listedKeys(), keys);
    });
  }
});
