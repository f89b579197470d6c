import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode, type Failure } from '../../protocol/errors.ts';

/** What the system says of a disk that is gone or not allowed for now, rather than of one bad file. */
const goneCodes = new Set([
  'EIO',
  'ENXIO',
  'ENODEV',
  'ESTALE',
  'ENOTCONN',
  'EHOSTDOWN',
  'ETIMEDOUT',
  'EACCES',
  'EPERM',
]);

/** The disk or the folder of a tar is not there for now. */
export class SourceUnplugged extends Error {
  readonly failure: Failure;

  constructor(path: string, options?: ErrorOptions) {
    const message = `The tars in ${dirname(path)} cannot be read for now. Connect their disk, and check that you may read it.`;
    super(message, options);
    this.name = 'SourceUnplugged';
    this.failure = { code: 'TAR_NOT_READABLE', message };
  }
}

/**
 * Does a task with a tar. What fails because the whole folder is gone is told apart from a tar that is bad or
 * was deleted: only the first can be waited out.
 *
 * @throws SourceUnplugged, or what the task threw.
 */
export async function withSource<T>(path: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (thrown) {
    if (await isUnplugged(path)) throw new SourceUnplugged(path, { cause: thrown });
    throw thrown;
  }
}

async function isUnplugged(path: string): Promise<boolean> {
  try {
    await stat(dirname(path));
  } catch {
    return true;
  }
  try {
    await stat(path);
    return false;
  } catch (thrown) {
    return goneCodes.has(systemCode(thrown) ?? '');
  }
}
