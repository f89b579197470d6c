import { parentPort } from 'node:worker_threads';
import type { BookFormat } from '../../../protocol/bookFormat.ts';
import type { BookMetadata } from './bookMetadata.ts';
import { readMetadata } from './readMetadata.ts';

/** One book at a time goes in, and its metadata come out. */
export interface BookForReader {
  readonly format: BookFormat;
  readonly body: Uint8Array;
  readonly memberName: string;
}

/*
 * The entry of the thread in which a worker reads metadata. What a stranger's file does to a parser, it does here:
 * the worker ends this thread when a book takes too long or too much memory, and starts another.
 */
parentPort?.on('message', ({ format, body, memberName }: BookForReader) => {
  void readMetadata(format, ownBytes(body), memberName).then((metadata: BookMetadata) => {
    parentPort?.postMessage(metadata);
  });
});

/** One after another is in here: memory that was new for each would cost more than reading it. */
let copy = Buffer.alloc(0);

/** The bytes in memory of this thread alone: not every parser takes what is shared. */
function ownBytes({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  if (!(buffer instanceof SharedArrayBuffer)) return Buffer.from(buffer, byteOffset, byteLength);
  if (copy.length < byteLength) copy = Buffer.allocUnsafeSlow(Math.ceil(byteLength * 1.5));
  Buffer.from(buffer, byteOffset, byteLength).copy(copy);
  return copy.subarray(0, byteLength);
}
