import { oneLine, TarshelfError } from '../../protocol/errors.ts';
import type { IngestOptions } from '../../protocol/ingestOptions.ts';
import { sentence } from '../../protocol/sentences.ts';
import type { WhenRoom } from '../system/diskRoom.ts';
import { makeFolder } from '../system/makeFolder.ts';
import type { OnRead } from '../archive/byteSource.ts';
import type { Archive } from '../archive/archive.ts';
import {
  extractionRoot,
  extractionsOf,
  makeExtraction,
  removeExtraction,
  sizesBelow,
  type ExtractionFolder,
} from './extractionFolder.ts';
import { extractTar } from './extractTar.ts';
import { findExtraction } from './findExtraction.ts';
import { bytesUnderWay, checkSpace, freeBytesOf, type FreeBytes } from './freeSpace.ts';
import { ReusedArchive } from './reusedArchive.ts';

export interface ReadingRequest {
  /** File name of the tar. */
  readonly tar: string;
  readonly mode: IngestOptions['mode'];
  readonly stateFolder: string;
  readonly stop: AbortSignal;
  readonly onNotice: (message: string) => void;
  /** Told how far the tar's file is extracted, and into how many files. */
  readonly onExtracted: (filePosition: number, files: number) => void;
  /** How files are written, so that a full disk can be waited for. */
  readonly whenRoom: WhenRoom;
  /** Opens the tar once more, for the extraction. */
  readonly openAgain: () => Promise<Archive>;
  readonly freeBytes?: FreeBytes;
  /** Told of what is read of the folder's files. */
  readonly onRead?: OnRead;
}

/**
 * The tar as the mode wants it read:
 *
 *   in-place  as it is
 *   auto      through a folder that is there, else as it is
 *   extract   through a folder that is there, or through one that is extracted now
 *
 * When the stop comes meanwhile, what is returned is not worth reading.
 *
 * @throws TarshelfError `EXTRACTION_NO_SPACE` or `STATE_NOT_WRITABLE`
 */
export async function readThroughFolder(archive: Archive, request: ReadingRequest): Promise<Archive> {
  if (request.mode === 'in-place') return archive;
  const root = extractionRoot(request.stateFolder);
  const found = await findExtraction(root, request.tar, archive.identity, request.onNotice);
  if (found && !(found.unfinished && request.mode === 'extract')) {
    // What passes by anyway is not worth looking up elsewhere, and could not be read a second time.
    if (!archive.readsInPlace && !found.mark) {
      request.onNotice(
        `the extraction folder ${found.path} is not used: the tar is compressed, and read as it is`,
      );
      return archive;
    }
    request.onNotice(`the extraction folder ${found.path} is used, with ${String(found.fileCount)} files`);
    return new ReusedArchive(archive, found, await sizesBelow(found.path, request.onNotice), request.onRead);
  }
  if (request.mode === 'auto') return archive;
  return await extractAndReuse(archive, root, found, request);
}

async function extractAndReuse(
  archive: Archive,
  root: string,
  begun: ExtractionFolder | null,
  request: ReadingRequest,
): Promise<Archive> {
  const { tar, stop, onNotice, onExtracted, whenRoom, freeBytes = freeBytesOf } = request;
  const sizes = begun ? await sizesBelow(begun.path, onNotice) : new Map<string, number>();
  const there = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const folder = await preparing(root, async () => {
    await makeFolder(root);
    const made = begun ?? (await makeExtraction(root, tar, archive.identity));
    try {
      const wanted = Math.max(0, archive.identity.sizeBytes - there);
      await checkSpace(tar, root, wanted, await bytesUnderWay(root, made), freeBytes);
    } catch (thrown) {
      if (!begun) await removeExtraction(made);
      throw thrown;
    }
    return made;
  });
  const passing = await request.openAgain();
  try {
    await extractTar(passing, folder, sizes, { stop, onExtracted, whenRoom });
  } finally {
    await passing.close();
  }
  if (stop.aborted) return archive;
  const [extracted] = (await extractionsOf(root, tar, onNotice)).filter(({ path }) => path === folder.path);
  return extracted
    ? new ReusedArchive(archive, extracted, await sizesBelow(extracted.path, onNotice), request.onRead)
    : archive;
}

async function preparing<T>(root: string, prepare: () => Promise<T>): Promise<T> {
  try {
    return await prepare();
  } catch (thrown) {
    if (thrown instanceof TarshelfError) throw thrown;
    throw new TarshelfError('STATE_NOT_WRITABLE', sentence('extractionUnwritable', root, oneLine(thrown)), {
      cause: thrown,
    });
  }
}
