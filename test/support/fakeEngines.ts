import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { engineFileName, type EngineFile } from '../../src/protocol/engineFile.ts';
import { isAlive, processStart } from '../../src/engine/system/processes.ts';
import { pidsWith, untilGone } from './processTree.ts';

/** An engine that reads no tar; see there for the parts that it plays. */
export const fakeEnginePath = join(import.meta.dirname, 'fakeEngine.ts');

export interface FakeEngineOptions {
  readonly part: string;
  readonly version?: string;
}

/** Starts one as a client would, and waits until it can be found. */
export async function startFakeEngine(
  stateFolder: string,
  { part, version }: FakeEngineOptions,
): Promise<ChildProcess> {
  const child = spawn(process.execPath, [fakeEnginePath, '--state-folder', stateFolder], {
    env: {
      ...process.env,
      FAKE_ENGINE: part,
      ...(version === undefined ? {} : { FAKE_ENGINE_VERSION: version }),
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [word] = (await once(child, 'message')) as [unknown];
  assert.deepEqual(word, { type: 'engine:ready' });
  return child;
}

/** What the engine of a state folder left there to be found by. */
export async function readNote(stateFolder: string): Promise<EngineFile> {
  return JSON.parse(await readFile(join(stateFolder, engineFileName), 'utf8')) as EngineFile;
}

/** Ends the engines of all state folders in a folder, however they were started. */
export async function endFakeEngines(folder: string): Promise<void> {
  if (process.platform !== 'linux') return;
  for (const pid of await pidsWith(`--state-folder ${folder}`)) {
    const start = await processStart(pid);
    if (start === null || pid === process.pid || !isAlive(pid)) continue;
    process.kill(pid, 'SIGKILL');
    await untilGone(pid, 5000);
  }
}
