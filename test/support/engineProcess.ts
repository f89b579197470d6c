import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { engineStartSchema, type EngineStart } from '../../src/protocol/clientMessages.ts';

const enginePath = join(import.meta.dirname, '../../dist/engine.js');

const running = new Set<ChildProcess>();

/** Ends the engines of each test: they would outlive it. Call within `describe`, before what makes their folders. */
export function useEngines(): void {
  afterEach(async () => {
    await Promise.all(
      [...running].map(async child => {
        const exit = once(child, 'exit');
        child.kill('SIGKILL');
        await exit;
      }),
    );
  });
}

/** The built engine as a process of its own. */
export interface EngineProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Resolves with the exit code, or the signal. */
  readonly ended: Promise<number | string | null>;
}

/** Starts an engine, and waits for its word. */
export async function launchEngine(
  stateFolder: string,
  env: NodeJS.ProcessEnv = {},
  sourceFolders: readonly string[] = [],
): Promise<EngineProcess & { start: EngineStart }> {
  const folders = sourceFolders.flatMap(folder => ['--source-folder', folder]);
  const child = fork(enginePath, ['--state-folder', stateFolder, ...folders], {
    detached: true,
    // What a killed one leaves of its socket goes with the folders of the test.
    env: { ...process.env, TMPDIR: dirname(stateFolder), ...env },
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  running.add(child);
  let lastWords = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-4000);
  });
  const ended = once(child, 'exit').then(([code, signal]: unknown[]) => {
    running.delete(child);
    return (code ?? signal) as number | string | null;
  });
  const [message] = (await Promise.race([
    once(child, 'message'),
    ended.then(how => assert.fail(`the engine ended with ${String(how)}: ${lastWords}`)),
  ])) as unknown[];
  assert.ok(child.pid !== undefined);
  return { child, pid: child.pid, ended, start: v.parse(engineStartSchema, message) };
}

/** Starts an engine that is to have the folder. */
export async function startEngine(stateFolder: string, env?: NodeJS.ProcessEnv): Promise<EngineProcess> {
  const { start, ...engine } = await launchEngine(stateFolder, env);
  assert.deepEqual(start, { type: 'engine:ready' });
  return engine;
}
