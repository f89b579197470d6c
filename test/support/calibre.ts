import { spawnSync } from 'node:child_process';

/** Whether calibre is on this machine. Where everything is tested it has to be. */
export function hasCalibre(): boolean {
  const found = spawnSync('calibredb', ['--version'], { stdio: 'ignore' }).status === 0;
  if (!found && process.env['CI'] !== undefined)
    throw new Error('calibre is not installed: apt-get install calibre');
  return found;
}
