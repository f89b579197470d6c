// What the tests of everything that has to do with calibre need.
import { spawnSync } from 'node:child_process';
import { canInstallWithApt, installWithApt } from './aptGet.ts';

/** Whether calibre is on this machine. */
export function hasCalibre(): boolean {
  return spawnSync('calibredb', ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Installs calibre where that can be done without a question. Where everything is tested it must be there. */
export function ensureCalibre(): void {
  if (!hasCalibre() && canInstallWithApt()) installWithApt('calibre');
  if (hasCalibre()) return;
  const message = 'calibre is not installed; what needs it is left out.';
  if (process.env['CI'] !== undefined) throw new Error(message);
  console.warn(message);
}

if (import.meta.main) {
  try {
    ensureCalibre();
  } catch (thrown) {
    console.error(thrown instanceof Error ? thrown.message : thrown);
    process.exitCode = 1;
  }
}
