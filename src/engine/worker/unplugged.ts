import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode, TarshelfError, type Failure } from '../../protocol/errors.ts';
import { sentence } from '../../protocol/sentences.ts';

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
    const message = sentence('sourceUnplugged', dirname(path));
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
    throw (await unpluggedBy(path, thrown)) ?? thrown;
  }
}

/** Whether a failure with a tar means that its disk is gone for now; null where it means something else. */
export async function unpluggedBy(path: string, thrown: unknown): Promise<SourceUnplugged | null> {
  if (thrown instanceof SourceUnplugged) return thrown;
  // Damage and the like were read, so the disk was there.
  if (!isSystemError(thrown) || !(await isUnplugged(path))) return null;
  return new SourceUnplugged(path, { cause: thrown });
}

/** Whether the system said it, however often it was wrapped since. */
function isSystemError(thrown: unknown): boolean {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if (systemCode(error) !== undefined && !(error instanceof TarshelfError)) return true;
  }
  return false;
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
