import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { FileLock } from '../../src/engine/system/fileLock.ts';

/**
 * Runs a suite while no other one uses calibre: its programs refuse to run twice at a time for one user, and suites run
 * at the same time. Call within `describe`.
 */
export function useCalibreAlone(): void {
  let lock: FileLock | null;
  before(async function () {
    this.timeout(0);
    const path = join(tmpdir(), `tarshelf-test-calibre-${String(userInfo().uid)}.lock`);
    lock = await FileLock.take(path, Number.POSITIVE_INFINITY, undefined);
  });
  after(() => {
    lock?.release();
  });
}
