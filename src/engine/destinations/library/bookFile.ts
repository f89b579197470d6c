import { lstat } from 'node:fs/promises';
import { systemCode } from '../../../protocol/errors.ts';
import { sentence } from '../../../protocol/sentences.ts';

/**
 * Why a file cannot be the one that was stored for a book, in words for a person; null where nothing speaks against
 * it. Its bytes are not read: who wants to know of a single changed one has to read as long as the whole library is.
 *
 * @throws what the system says where it cannot tell
 */
export async function faultOfFile(path: string, sizeBytes: number): Promise<string | null> {
  try {
    const stat = await lstat(path);
    if (!stat.isFile()) return sentence('fileIsNone', path);
    return stat.size === sizeBytes ? null : sentence('fileOfOtherSize', path, stat.size, sizeBytes);
  } catch (thrown) {
    const code = systemCode(thrown);
    if (code === 'ENOENT' || code === 'ENOTDIR') return sentence('fileGone', path);
    throw thrown;
  }
}
