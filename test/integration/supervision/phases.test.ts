import assert from 'node:assert/strict';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkerPhase } from '../../../src/protocol/snapshot.ts';
import { makeManyBooks } from '../../support/manyBooks.ts';
import { useSupervised } from '../../support/supervised.ts';

describe('kill -9 of a worker', () => {
  const { folder, source, launch, recorded, shelfHas } = useSupervised();

  for (const phase of ['index', 'extract', 'scan', 'hash', 'upload'] as const satisfies WorkerPhase[]) {
    it(`while it is at "${phase}" loses no book and puts none there twice`, async () => {
      // Headers of larger members stand further apart, and take a read each; so do larger bodies.
      const bytes = { index: 200_000, hash: 20_000, extract: 1500, scan: 20_000, upload: 1500 }[phase];
      // Several books are hashed or stored at a time, so that it takes many to be seen at it.
      const booksInTar = { index: 60, extract: 60, scan: 60, hash: 400, upload: 200 }[phase];
      const nameless = phase === 'scan';
      const keys = await makeManyBooks(source(), { tars: 3, booksInTar, bytes, nameless });
      const slow = { extract: { slowWriteMs: 15 }, upload: { slowWriteMs: 60 } };
      const { command, watch } = await launch(
        phase === 'extract' || phase === 'upload' ? slow[phase] : { slowReadMs: 15 },
        ...['--workers', '2', '--batch-size', phase === 'index' || phase === 'hash' ? '400' : '15'],
        ...['--mode', phase === 'extract' ? 'extract' : 'auto'],
      );
      const victim = await watch.worker(
        worker => worker.phase === phase && worker.pid !== null,
        `a worker at ${phase}`,
      );
      process.kill(victim.pid!, 'SIGKILL');
      const { code, stdout, stderr } = await command.finished;
      assert.equal(code, 0, stdout + stderr);
      const own = (await recorded()).filter(({ worker }) => worker === victim.number);
      assert.deepEqual(
        own.map(({ kind }) => kind),
        ['died', 'restarted'],
      );
      await shelfHas(keys);
    }).timeout(90_000);
  }

  it('while it waits for the disk of the tars loses no book and puts none there twice', async () => {
    const keys = await makeManyBooks(source(), { tars: 2, booksInTar: 60 });
    const { command, watch } = await launch({ slowReadMs: 25 }, '--workers', '1', '--batch-size', '10');
    await watch.worker(({ phase }) => phase !== 'starting' && phase !== 'idle', 'a worker at work');
    // The first tar stays open; the second one is looked for in a folder that is gone.
    const away = join(folder(), 'away');
    await rename(source(), away);
    const victim = await watch.worker(({ phase }) => phase === 'wait', 'a worker that waits');
    process.kill(victim.pid!, 'SIGKILL');
    await watch.history(({ kind }) => kind === 'restarted', 'a restart');
    await rename(away, source()).catch(async () => {
      await mkdir(source(), { recursive: true });
    });
    const { code, stdout, stderr } = await command.finished;
    assert.equal(code, 0, stdout + stderr);
    await shelfHas(keys);
  }).timeout(90_000);
});
