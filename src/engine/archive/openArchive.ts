import { TarshelfError } from '../../protocol/errors.ts';
import { atOnce, type WhenRoom } from '../system/diskRoom.ts';
import type { Archive } from './archive.ts';
import { FileSource, notReadable, readAt, type OnRead, type ReadHeaders } from './byteSource.ts';
import { TarFile } from './tarFile.ts';
import { TarStream } from './tarStream.ts';
import { canUnpack, packingBytes, packingOf } from './unpacked.ts';

/**
 * Opens a tar, plain or compressed with gzip or zstd. Its first bytes tell which, not its name.
 *
 * @param spoolFolder where bodies of a compressed tar are kept that are too large for memory; made when needed
 * @param whenRoom how they are written there
 * @param onRead told of what is read of the file
 * @param readHeaders where headers of a plain tar are read that lie far from each other; absent for one by one
 * @throws TarshelfError `TAR_NOT_READABLE`
 */
export async function openArchive(
  path: string,
  spoolFolder: string,
  whenRoom: WhenRoom = atOnce,
  onRead?: OnRead,
  readHeaders?: ReadHeaders,
): Promise<Archive> {
  const source = await FileSource.open(path, onRead, readHeaders);
  try {
    const packing = packingOf(await readAt(source, 0, packingBytes));
    if (packing === null) return new TarFile(source);
    if (canUnpack(packing)) return new TarStream(source, packing, spoolFolder, whenRoom);
  } catch (thrown) {
    await source.close();
    throw notReadable(path, thrown);
  }
  await source.close();
  throw new TarshelfError(
    'TAR_NOT_READABLE',
    `Cannot read ${path}: zstd needs Node 22.15 or newer. Update, or unpack it to a .tar, then launch again.`,
  );
}
