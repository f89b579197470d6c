import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { cp, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { endFakeEngines, fakeEnginePath } from '../../support/fakeEngines.ts';

const distFolder = join(import.meta.dirname, '../../../dist');

/** A program that was started, what it has said so far, and its end. */
export class RunningCli {
  readonly child: ChildProcess;
  /** Its exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  stdout = '';
  stderr = '';

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
  }

  /** Waits until what was said on standard output or error matches. */
  async said(what: RegExp, timeoutMs = 10_000): Promise<void> {
    const until = performance.now() + timeoutMs;
    while (!what.test(this.stdout) && !what.test(this.stderr)) {
      assert.ok(
        performance.now() < until,
        `${String(what)} was not said, but:\n${this.stdout}${this.stderr}`,
      );
      await sleep(20);
    }
  }
}

/** The built command line with the fake engine beside it, in a folder of its own. */
export class FakeInstallation {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async make(folder: string): Promise<FakeInstallation> {
    // What it is made of, and no engine.
    await cp(distFolder, join(folder, 'dist'), {
      recursive: true,
      filter: path => path === distFolder || /^(?:cli|part-.*)\.js$/.test(basename(path)),
    });
    await writeFile(join(folder, 'package.json'), '{ "type": "module", "version": "1.2.3" }\n');
    const fakeEngine = pathToFileURL(fakeEnginePath).href;
    await writeFile(join(folder, 'dist', 'engine.js'), `import ${JSON.stringify(fakeEngine)};\n`);
    return new FakeInstallation(folder);
  }

  /** @param part what the engine is to play, see fakeEngine.ts */
  start(part: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): RunningCli {
    const child = spawn(process.execPath, [join(this.#folder, 'dist', 'cli.js'), ...args], {
      cwd: this.#folder,
      env: { ...process.env, FAKE_ENGINE: part, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new RunningCli(child);
  }

  /** Runs it to its end, and fails where the exit code is another one. Returns what it said. */
  async run(code: number, args: readonly string[]): Promise<RunningCli> {
    const cli = this.start('completes', args);
    assert.equal(await cli.ended, code, cli.stdout + cli.stderr);
    return cli;
  }

  /** Where `ingest` keeps its progress when it is not told otherwise. */
  get stateFolder(): string {
    return join(this.#folder, '.tarshelf');
  }

  /** Ends what a test left; for `afterEach`. */
  async end(): Promise<void> {
    await endFakeEngines(this.#folder);
  }
}
