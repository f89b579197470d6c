import { readSync } from 'node:fs';
import type { BookFormat } from '../../../protocol/bookFormat.ts';
import type { FilePlace } from '../../archive/archive.ts';
import type { BookMetadata } from './bookMetadata.ts';
import { readMetadata } from './readMetadata.ts';

/** A whole book in memory, or where it lies in an open file. */
export type BookBytes = Uint8Array | FilePlace;

/** As {@link readMetadata}, of a book that may still lie in its file. Waits for the disk: for a thread that may. */
export function readBook(format: BookFormat, body: BookBytes, memberName: string): Promise<BookMetadata> {
  const bytes = 'buffer' in body ? Buffer.from(body.buffer, body.byteOffset, body.byteLength) : bytesAt(body);
  return readMetadata(format, bytes, memberName);
}

/** One after another is in here: memory that was new for each would cost more than reading it. */
let memory = Buffer.alloc(0);

function bytesAt({ descriptor, position, sizeBytes }: FilePlace): Buffer {
  if (memory.length < sizeBytes) memory = Buffer.allocUnsafeSlow(Math.ceil(sizeBytes * 1.5));
  let got = 0;
  while (got < sizeBytes) {
    const more = readSync(descriptor, memory, got, sizeBytes - got, position + got);
    if (more === 0) break;
    got += more;
  }
  return memory.subarray(0, got);
}
