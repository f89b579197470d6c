import { randomUUID } from 'node:crypto';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { oneLine, TarshelfError } from '../../protocol/errors.ts';
import { writeAt, type WhenRoom } from '../system/diskRoom.ts';
import { makeFolder } from '../system/makeFolder.ts';

/**
 * A temporary file that has no name once it is open, so that it goes with its process however that ends.
 */
export class SpoolFile {
  readonly #folder: string;
  readonly #handle: FileHandle;
  readonly #whenRoom: WhenRoom;
  #sizeBytes = 0;

  private constructor(folder: string, handle: FileHandle, whenRoom: WhenRoom) {
    this.#folder = folder;
    this.#handle = handle;
    this.#whenRoom = whenRoom;
  }

  /** @throws TarshelfError `STATE_NOT_WRITABLE` */
  static async create(folder: string, whenRoom: WhenRoom): Promise<SpoolFile> {
    const path = join(folder, `${randomUUID()}.part`);
    try {
      const handle = await whenRoom(async () => {
        await makeFolder(folder);
        return open(path, 'wx+');
      });
      await unlink(path);
      return new SpoolFile(folder, handle, whenRoom);
    } catch (thrown) {
      throw notWritable(folder, thrown);
    }
  }

  /** @throws TarshelfError `STATE_NOT_WRITABLE` */
  async append(bytes: Buffer): Promise<void> {
    try {
      await writeAt(this.#handle, bytes, this.#sizeBytes, this.#whenRoom);
      this.#sizeBytes += bytes.length;
    } catch (thrown) {
      throw notWritable(this.#folder, thrown);
    }
  }

  async read(position: number, length: number): Promise<Buffer> {
    const target = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.#sizeBytes - position)));
    let got = 0;
    while (got < target.length) {
      const { bytesRead } = await this.#handle.read(target, got, target.length - got, position + got);
      if (bytesRead === 0) break;
      got += bytesRead;
    }
    return target.subarray(0, got);
  }

  async remove(): Promise<void> {
    await this.#handle.close();
  }
}

function notWritable(folder: string, thrown: unknown): TarshelfError {
  return new TarshelfError(
    'STATE_NOT_WRITABLE',
    `Cannot keep a large book of a compressed tar in ${folder} (${oneLine(thrown)}). Free some space or make the folder writable, then launch again.`,
    { cause: thrown },
  );
}
