import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTar } from '../support/gnuTar.ts';
import { useIngest } from '../support/ingestFixture.ts';
import { filesInLibrary } from '../support/libraryTruth.ts';

describe('a worker that cannot save its progress when it begins', () => {
  const { source, state, library, ingest } = useIngest();
  const tars = 4;

  beforeEach(async () => {
    for (let tar = 0; tar < tars; tar++)
      await makeTar(join(source(), `${String(tar)}.tar`), 'gnu', {
        'a.txt': Buffer.from(`book ${String(tar)}`),
      });
    // Where it would write its progress file anew; modes and full disks say the same, but not to everybody.
    await mkdir(join(state(), 'migration_progress_worker1.json.tmp'), { recursive: true });
  });

  const why = /Cannot save .*migration_progress_worker1\.json \(EISDIR[^\n"]*\)\. Free some space[^\n"]*/g;

  it('ends the run at once where it is the only one, and says what to do, without a stack trace', async () => {
    const begunAt = performance.now();
    const { code, stdout, stderr, summary } = await ingest('--workers', '1');
    assert.ok(performance.now() - begunAt < 10_000);
    assert.equal(code, 1, stdout + stderr);
    assert.deepEqual(summary?.tars, { total: tars, completed: 0, failed: tars });
    assert.match(stdout, why);
    assert.match(stdout, /"code":"STATE_NOT_WRITABLE"/);
    const said = stdout + stderr;
    assert.doesNotMatch(said, /started again|ended unexpectedly|other workers|\n {4}at /);
    const log = await readFile(join(state(), 'migration_worker1.log'), 'utf8');
    assert.equal(log.match(why)?.length, 1, log);
  });

  it('leaves its tars to the others, and is told of once', async () => {
    const { code, stdout, stderr, summary } = await ingest('--workers', '2');
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(summary?.tars, { total: tars, completed: tars, failed: 0 });
    assert.equal(await filesInLibrary(library()), tars);
    const monitored = await readFile(join(state(), 'auto_monitor.log'), 'utf8');
    assert.doesNotMatch(monitored, /started again|ended unexpectedly/);
    const told = monitored.split('\n').filter(line => line.includes('Cannot save'));
    assert.equal(told.length, 1, monitored);
    assert.match(told[0] ?? '', /Worker 1: Cannot save .* It is paused until you resume it; /);
  });
});
