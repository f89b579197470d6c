import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { engineTokenFileName } from '../../../src/protocol/engineFile.ts';
import { isAlive } from '../../../src/engine/system/processes.ts';
import { readNote, startFakeEngine } from '../../support/fakeEngines.ts';
import { untilGone } from '../../support/processTree.ts';
import { useTempFolder } from '../../support/tempFolder.ts';
import { assertOneClearLine, jsonLines } from './cliOutput.ts';
import { FakeInstallation, type RunningCli } from './fakeInstallation.ts';

describe('a run in the background', () => {
  const folder = useTempFolder();
  let fake: FakeInstallation;

  beforeEach(async () => {
    fake = await FakeInstallation.make(folder());
  });

  afterEach(async () => {
    await fake.end();
  });

  /** Begins one, and returns the pid of its engine. */
  async function detach(part = 'endless', ...more: string[]): Promise<number> {
    const cli = fake.start(part, ['ingest', 'tars', '--detach', ...more]);
    assert.equal(await cli.ended, 0, cli.stderr);
    return (await readNote(fake.stateFolder)).pid;
  }

  async function attach(...more: string[]): Promise<RunningCli> {
    const cli = fake.start('none', ['attach', ...more]);
    await cli.said(more.includes('--json') ? /"type":"started"/ : /^5 tars/m);
    return cli;
  }

  it('begins with one line, and goes on when the command is gone', async () => {
    const cli = fake.start('endless', ['ingest', 'tars', '--detach']);
    assert.equal(await cli.ended, 0);
    const { pid } = await readNote(fake.stateFolder);
    assert.equal(cli.stderr, '');
    assert.equal(
      cli.stdout,
      `Runs in the background, pid ${String(pid)}. "tarshelf status" says how far it is, "tarshelf attach" watches it, "tarshelf stop" ends it.\n`,
    );
    await sleep(800);
    assert.ok(isAlive(pid));
  });

  it('begins with one object with --json, and by retry as well', async () => {
    const cli = fake.start('endless', ['retry', 'tars', '--detach', '--json']);
    assert.equal(await cli.ended, 0, cli.stderr);
    const { pid } = await readNote(fake.stateFolder);
    assert.deepEqual(jsonLines(cli.stdout), [{ type: 'detached', pid }]);
  });

  it('is refused in one line with exit code 2, and leaves no engine', async () => {
    const cli = fake.start('refuses', ['ingest', 'tars', '--detach']);
    assert.equal(await cli.ended, 2);
    assert.deepEqual([cli.stdout, cli.stderr], ['', 'tarshelf: There is no such folder.\n']);
    await assert.rejects(readNote(fake.stateFolder), { code: 'ENOENT' });
  });

  it('is not begun beside another one', async () => {
    const pid = await detach();
    for (const more of [[], ['--detach'], ['--json']]) {
      const cli = fake.start('endless', ['ingest', 'tars', ...more]);
      assert.equal(await cli.ended, 2);
      assert.equal(cli.stdout, '');
      assertOneClearLine(cli.stderr);
      assert.match(
        cli.stderr,
        /^tarshelf: Another ingest is using the state folder .*"tarshelf attach".*"tarshelf stop"/,
      );
    }
    // None of them has said what is to become of it.
    await sleep(800);
    assert.ok(isAlive(pid));
  });

  it('is begun by one of two commands that come at once', async () => {
    const both = [fake.start('endless', ['ingest', 'tars']), fake.start('endless', ['ingest', 'tars'])];
    const first = await Promise.race(both.map(async cli => [cli, await cli.ended] as const));
    const [lost, code] = first;
    assert.equal(code, 2, lost.stderr);
    assert.match(lost.stderr, /^tarshelf: Another ingest is using the state folder /);
    assert.equal(lost.stdout, '');
    const won = both.find(cli => cli !== lost)!;
    await won.said(/^5 tars/m);
    await sleep(500);
    won.child.kill('SIGINT');
    assert.equal(await won.ended, 130);
    assert.match(won.stdout, /^Stopped: /m);
  });

  it('is watched by attach to its end, with its exit code', async () => {
    await detach();
    const watching = await attach();
    const stopping = fake.start('none', ['stop']);
    assert.equal(await stopping.ended, 0, stopping.stderr);
    assert.equal(await watching.ended, 130);
    assert.match(
      watching.stdout,
      /^Stopped: 1 of 5 tars completed \(by an earlier run\), 4 not finished\.$/m,
    );
    assert.match(watching.stdout, /^ {2}Shelf {5}.*library$/m);
    assert.equal(
      stopping.stdout,
      'Finishing the books in hand …\nStopped: 1 of 5 tars completed (by an earlier run), 4 not finished.\n',
    );
    await assert.rejects(readNote(fake.stateFolder), { code: 'ENOENT' });
  });

  it('is watched by attach --json in the lines of ingest', async () => {
    await detach('endless', '--workers', '3');
    const watching = await attach('--json');
    await watching.said(/"type":"progress"/);
    await fake.run(0, ['stop']);
    assert.equal(await watching.ended, 130);
    const lines = jsonLines(watching.stdout);
    assert.equal(lines[0]?.['type'], 'started');
    assert.equal(lines[0]['workers'], 3);
    assert.deepEqual(lines[0]['destination'], { kind: 'library', folder: join(fake.stateFolder, 'library') });
    assert.equal(lines.at(-1)?.['type'], 'summary');
  });

  it('is left alone by Ctrl-C at attach', async () => {
    const pid = await detach();
    const watching = await attach();
    watching.child.kill('SIGINT');
    assert.equal(await watching.ended, 0);
    assert.match(watching.stdout, /^Not watching any more\. .*"tarshelf stop" ends it\.$/m);
    await sleep(800);
    assert.ok(isAlive(pid));
    const again = await attach();
    again.child.kill('SIGKILL');
    await again.ended;
    await sleep(800);
    assert.ok(isAlive(pid));
  });

  it('is none of attach where nothing runs', async () => {
    const cli = await fake.run(2, ['attach']);
    assertOneClearLine(cli.stderr);
    assert.match(cli.stderr, /Nothing is running in .*tarshelf ingest/);
  });

  it('is stopped by stop, which is content where nothing runs', async () => {
    assert.equal((await fake.run(0, ['stop'])).stdout, 'Nothing is running.\n');
    const pid = await detach();
    await fake.run(0, ['stop']);
    assert.equal(isAlive(pid), false);
    assert.equal((await fake.run(0, ['stop'])).stdout, 'Nothing is running.\n');
  });

  it('ends also where stop does not wait for that', async () => {
    const pid = await detach();
    const cli = fake.start('none', ['stop']);
    await cli.said(/Finishing/);
    cli.child.kill('SIGINT');
    assert.equal(await cli.ended, 130);
    assert.match(cli.stdout, /Not waited for: the run ends when the books in hand are finished\.\n$/);
    await untilGone(pid, 5000);
  });

  it('is stopped, also one in front of a person, who sees what became of it', async () => {
    const cli = fake.start('endless', ['ingest', 'tars']);
    await cli.said(/^5 tars/m);
    await fake.run(0, ['stop']);
    assert.equal(await cli.ended, 130);
    assert.match(cli.stdout, /^Stopped: /m);
    assert.equal(cli.stderr, '');
  });

  it('has its workers paused, resumed, restarted, and their tars given to others', async () => {
    await detach();
    const said = async (...args: string[]): Promise<string> => (await fake.run(0, args)).stdout;
    assert.equal(await said('pause', '1'), 'Worker 1 is paused.\n');
    const { stdout } = await fake.run(0, ['status']);
    assert.match(stdout, /^ {2}Worker 1 {2}paused books-01\.tar, .*: paused by a person$/m);
    assert.match(stdout, /^Supervision:\n {2}\d+ s ago {2}Worker 1 is paused\.$/m);
    assert.equal(await said('resume', '1'), 'Worker 1 is resumed.\n');
    assert.equal(await said('restart'), 'All workers are restarted.\n');
    assert.equal(await said('reassign', '1', '--to', '2,3'), 'The tars of worker 1 go to 2, 3.\n');
    assert.equal(await said('reassign', '1'), 'The tars of worker 1 go to the others.\n');
    const none = await fake.run(2, ['restart', '9']);
    assertOneClearLine(none.stderr);
    assert.match(none.stderr, /There is no worker 9/);
  });

  for (const [args, message] of [
    [['pause'], /Nothing is running in/],
    [['pause', '0'], /"0" is no number of a worker/],
    [['resume', '1', '2'], /One worker at a time/],
    [['reassign'], /Name one worker/],
    [['reassign', '1', '--to', 'two'], /"two" is no number of a worker/],
    [['attach', 'here'], /"here" is too much/],
    [['stop', '--json'], /Unknown option --json/],
  ] as const) {
    it(`says in one line what is wrong with: ${args.join(' ')}`, async () => {
      const cli = await fake.run(2, args);
      assert.equal(cli.stdout, '');
      assertOneClearLine(cli.stderr);
      assert.match(cli.stderr, message);
    });
  }

  it('is told of by status as its engine says it at that moment', async () => {
    const pid = await detach();
    const { stdout } = await fake.run(0, ['status']);
    assert.match(stdout, new RegExp(`^Running, pid ${String(pid)}\\.\\n {2}Tars {6}1 of 5 completed; `));
    const { stdout: json } = await fake.run(0, ['status', '--json']);
    const [told] = jsonLines(json);
    assert.deepEqual(
      [told?.['running'], told?.['pid'], told?.['idleEngine'], told?.['history']],
      [true, pid, null, []],
    );
    const [worker] = told?.['workers'] as Record<string, unknown>[];
    assert.deepEqual([worker?.['health'], worker?.['note'], worker?.['memoryBytes']], ['well', null, null]);
  });

  it('leaves an engine with nothing to do, which status tells of, and the next run takes', async () => {
    const pid = await detach('completes');
    const { stdout } = await fake.run(0, ['status']);
    assert.match(stdout, /^Ended \d+ s ago\.\n/);
    assert.match(
      stdout,
      new RegExp(
        `\\nAn engine is there, pid ${String(pid)}, and has nothing to do; it ends by itself\\.\\n$`,
      ),
    );
    const next = fake.start('completes', ['ingest', 'tars']);
    assert.equal(await next.ended, 1, next.stderr);
    assert.equal(next.stdout.match(/^Read with failed books: /gm)?.length, 1, 'nothing of the run before');
    assert.equal(isAlive(pid), false, 'and ends with it');
  });

  it('ends with the command line that is killed in front of it', async () => {
    const cli = fake.start('endless', ['ingest', 'tars']);
    await cli.said(/^5 tars/m);
    const { pid } = await readNote(fake.stateFolder);
    cli.child.kill('SIGKILL');
    await cli.ended;
    await untilGone(pid, 5000);
  });

  it('whose engine does not answer is said to be so, within seconds', async () => {
    const engine = await startFakeEngine(fake.stateFolder, { part: 'silent' });
    const before = performance.now();
    const ingest = fake.start('endless', ['ingest', 'tars']);
    const status = fake.start('endless', ['status']);
    assert.equal(await ingest.ended, 1);
    assert.ok(performance.now() - before < 8000);
    assertOneClearLine(ingest.stderr);
    assert.match(ingest.stderr, new RegExp(`pid ${String(engine.pid)}\\) does not answer`));
    // It has saved nothing either.
    assert.equal(await status.ended, 2);
  });

  it('does not let in who says another token', async () => {
    await detach();
    await writeFile(join(fake.stateFolder, engineTokenFileName), 'another');
    const cli = await fake.run(1, ['attach']);
    assertOneClearLine(cli.stderr);
    assert.match(cli.stderr, /does not let us in/);
  });
});
