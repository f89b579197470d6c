import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { History } from '../../../src/engine/supervisor/crew/history.ts';
import { PlayedClock } from '../../support/playedClock.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

const dayMs = 24 * 3600_000;

describe('history of supervision', () => {
  const folder = useTempFolder();
  let lines: string[];
  const log = {
    info: (text: string) => void lines.push(`info ${text}`),
    warn: (text: string) => void lines.push(`warn ${text}`),
    error: (text: string) => void lines.push(`error ${text}`),
  };
  const died = { kind: 'died', worker: 1, tar: 'a.tar', message: 'Worker 1 ended.' } as const;

  beforeEach(() => {
    lines = [];
  });

  it('is kept for the next engine, and each entry is a line of the log', async () => {
    const clock = new PlayedClock();
    const history = await History.load(folder(), log, clock);
    const told: string[] = [];
    history.onAdded = entry => told.push(entry.message);
    history.add(died);
    history.add({ kind: 'restarted', worker: 1, tar: null, message: 'Worker 1 was started again.' });
    history.add({ kind: 'paused', worker: 1, tar: null, message: 'Worker 1 is paused.' });
    assert.deepEqual(lines, [
      'warn Worker 1 ended.',
      'info Worker 1 was started again.',
      'error Worker 1 is paused.',
    ]);
    assert.deepEqual(told, ['Worker 1 ended.', 'Worker 1 was started again.', 'Worker 1 is paused.']);
    await history.settled();
    const next = await History.load(folder(), log, clock);
    assert.deepEqual(next.entries, history.entries);
    assert.deepEqual(next.entries[0], { at: '2030-01-01T00:00:00.000Z', ...died });
  });

  it('keeps the last 200 entries, and counts restarts whose entries are gone', async () => {
    const clock = new PlayedClock();
    const history = await History.load(folder(), log, clock);
    history.addRestart(3);
    for (let n = 0; n < 250; n++) history.add({ ...died, message: String(n) });
    await history.settled();
    const next = await History.load(folder(), log, clock);
    assert.equal(next.entries.length, 200);
    assert.equal(next.entries.at(-1)?.message, '249');
    assert.equal(next.restartsInDay(3), 1);
  });

  it('counts the restarts of a day for each worker, over engines', async () => {
    const clock = new PlayedClock();
    const history = await History.load(folder(), log, clock);
    history.addRestart(1);
    history.addRestart(10);
    await clock.play(dayMs / 2);
    history.addRestart(1);
    assert.equal(history.restartsInDay(1), 2);
    await history.settled();
    const next = await History.load(folder(), log, clock);
    assert.equal(next.restartsInDay(1), 2);
    assert.equal(next.restartsInDay(10), 1);
    await clock.play(dayMs / 2);
    assert.equal(next.restartsInDay(1), 1);
    assert.equal(next.restartsInDay(10), 0);
    assert.equal(next.restartsInDay(2), 0);
  });

  it('keeps a damaged file aside, says so, and goes on', async () => {
    for (const damage of ['{', '{"version":1}', '']) {
      const path = join(folder(), 'supervision_history.json');
      await writeFile(path, damage);
      lines = [];
      const history = await History.load(folder(), log, new PlayedClock());
      assert.match(lines.join('\n'), /^error .* could not be read \(.+\) and was kept as .*\.damaged-/);
      history.add(died);
      await history.settled();
      const names = await readdir(folder());
      const aside = names.find(name => name.includes('.damaged-'))!;
      assert.equal(await readFile(join(folder(), aside), 'utf8'), damage);
      assert.equal((await History.load(folder(), log)).entries.length, 1);
      await rm(join(folder(), aside));
    }
  });

  it('goes on in memory when it cannot be written, says so once, and is whole when it can again', async () => {
    const state = join(folder(), 'state');
    const history = await History.load(state, log, new PlayedClock());
    history.add(died);
    await history.settled();
    history.add({ ...died, message: 'again' });
    await history.settled();
    assert.equal(lines.filter(line => line.includes('could not be written')).length, 1, lines.join('\n'));
    assert.equal(history.entries.length, 2);
    await mkdir(state);
    history.add({ ...died, message: 'once more' });
    await history.settled();
    assert.equal((await History.load(state, log)).entries.length, 3);
  });
});
