import { systemCode } from '../protocol/errors.ts';

/** Whether a process with this pid exists. Signal 0 asks and sends nothing. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return systemCode(thrown) === 'EPERM';
  }
}
