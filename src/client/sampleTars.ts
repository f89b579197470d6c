import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { TarshelfError } from '../protocol/errors.ts';
import { nodeFor, type EngineLaunch } from './engineLaunch.ts';

/** How to start the process that makes sample tars. */
export interface SampleLaunch extends Pick<EngineLaunch, 'execPath' | 'env'> {
  /** Absolute path of its bundle. */
  readonly samplesPath: string;
}

/**
 * Lets a process of its own make the sample tars in a folder: a hundred books are more work than the one who asks
 * may do. What is there already is left as it is.
 *
 * @throws TarshelfError `USAGE` with what is in the way of them
 * @throws the signal's reason as soon as it comes; the process is gone then
 */
export async function makeSampleTars(
  launch: SampleLaunch,
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  const { execPath, execArgv, env } = nodeFor(launch);
  const child = spawn(execPath, [...execArgv, launch.samplesPath, folder], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
    windowsHide: true,
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  // Tars are written under other names first, so that one which is cut short here is no tar.
  const end = (): void => {
    child.kill('SIGKILL');
  };
  signal?.addEventListener('abort', end, { once: true });
  try {
    const [exitCode] = (await once(child, 'close')) as [number | null];
    signal?.throwIfAborted();
    if (exitCode === 0) return;
    const said = /^samples: (.+)$/m.exec(complaint)?.[1];
    throw new TarshelfError('USAGE', said ?? 'The sample books could not be made. Try again.');
  } finally {
    signal?.removeEventListener('abort', end);
  }
}
