import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineFile } from '../../../src/protocol/engineFile.ts';
import type { EngineEvent } from '../../../src/protocol/clientMessages.ts';
import { tarshelf } from '../../support/commandLine.ts';
import { EngineWatch } from '../../support/engineWatch.ts';
import { makeManyBooks } from '../../support/manyBooks.ts';
import { untilGone } from '../../support/processTree.ts';
import { useSupervised } from '../../support/supervised.ts';

describe('a detached run', () => {
  const { source, state, ingest, launch, shelfHas } = useSupervised();
  const note = async (): Promise<EngineFile> =>
    JSON.parse(await readFile(join(state(), 'engine.json'), 'utf8')) as EngineFile;

  it('goes on when whoever began it is gone, and two lookers-on hear the same', async () => {
    const keys = await makeManyBooks(source(), { tars: 3, booksInTar: 60 });
    const { command, watch } = await launch({ slowReadMs: 25 }, '--detach', '--batch-size', '10');
    const begun = await command.finished;
    assert.equal(begun.code, 0, begun.stderr);
    const second = await EngineWatch.attach(state());
    const heard: EngineEvent[][] = [[], []];
    watch.client.onEvent(event => heard[0]!.push(event));
    second.client.onEvent(event => heard[1]!.push(event));
    const ended = await watch.client.runEnd();
    await second.client.runEnd();
    assert.equal(ended.phase, 'finished');
    // Each hears of the end, and what comes with it, in its own time.
    await watch.until(
      () => heard[0]!.at(-1)?.sequence === heard[1]!.at(-1)?.sequence,
      'both to have heard the same',
    );
    const [one, other] = heard.map(events => events.filter(({ type }) => type !== 'snapshot'));
    const from = Math.max(one![0]!.sequence, other![0]!.sequence);
    assert.deepEqual(
      one!.filter(({ sequence }) => sequence >= from),
      other!.filter(({ sequence }) => sequence >= from),
    );
    assert.ok(one!.length > 10, String(one!.length));
    await shelfHas(keys);
    const { pid } = await note();
    await second.client.end({ drain: true });
    await untilGone(pid, 10_000);
  }).timeout(60_000);

  it('whose engine is killed leaves no worker behind, and the next run ends it', async () => {
    const keys = await makeManyBooks(source(), { tars: 4, booksInTar: 60 });
    const { command, watch } = await launch({ slowReadMs: 25 }, '--detach', '--batch-size', '10');
    await command.finished;
    await watch.until(
      () => watch.client.store.workers.filter(({ currentTar }) => currentTar !== null).length === 4,
      'four workers at work',
    );
    const { pid, workers } = await note();
    assert.equal(workers.length, 4);
    process.kill(pid, 'SIGKILL');
    for (const worker of workers) await untilGone(worker.pid, 10_000);
    const { code, stdout, stderr } = await ingest();
    assert.equal(code, 0, stdout + stderr);
    await shelfHas(keys);
  }).timeout(60_000);

  it('whose engine is killed while a worker is halted has that worker ended by the next engine', async () => {
    const keys = await makeManyBooks(source(), { tars: 2, booksInTar: 40 });
    const { command, watch } = await launch(
      { slowReadMs: 25 },
      '--detach',
      '--workers',
      '2',
      '--batch-size',
      '10',
    );
    await command.finished;
    const { pid: halted } = await watch.worker(({ currentTar }) => currentTar !== null, 'a worker at work');
    // The note is written a moment after a worker has begun.
    while (!(await note()).workers.some(({ pid }) => pid === halted)) await sleep(20);
    process.kill(halted!, 'SIGSTOP');
    const { pid } = await note();
    process.kill(pid, 'SIGKILL');
    const { code, stdout, stderr } = await ingest();
    assert.equal(code, 0, stdout + stderr);
    await untilGone(halted!, 1000);
    assert.match(await readFile(join(state(), 'auto_monitor.log'), 'utf8'), new RegExp(String(halted)));
    await shelfHas(keys);
  }).timeout(60_000);

  it('is stopped from another terminal, and gone on with', async () => {
    const keys = await makeManyBooks(source(), { tars: 3, booksInTar: 80 });
    const { command, watch } = await launch({ slowReadMs: 25 }, '--detach', '--batch-size', '10');
    await command.finished;
    await watch.worker(({ currentTar }) => currentTar !== null, 'a worker at work');
    const { pid } = await note();
    const stopped = await tarshelf(['stop', '--state-dir', state()]);
    assert.equal(stopped.code, 0, stopped.stderr);
    await untilGone(pid, 5000);
    const nothing = await tarshelf(['stop', '--state-dir', state()]);
    assert.equal(nothing.code, 0);
    const { code, stdout, stderr } = await ingest();
    assert.equal(code, 0, stdout + stderr);
    await shelfHas(keys);
  }).timeout(60_000);
});
