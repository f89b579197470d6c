import { parentPort } from 'node:worker_threads';
import type { BookFormat } from '../../../protocol/bookFormat.ts';
import { readMetadata } from './readMetadata.ts';

/** A group of these goes in, in one message, and the metadata of all come out in one, in the same order. */
export interface BookForReader {
  readonly format: BookFormat;
  /** In shared memory, or handed over. */
  readonly body: Uint8Array;
  readonly memberName: string;
}

/*
 * The entry of the thread in which a worker reads metadata. What a stranger's file does to a parser, it does here:
 * the worker ends this thread when a book takes too long or too much memory, and starts another.
 */
parentPort?.on('message', (books: readonly BookForReader[]) => {
  const reading = books.map(({ format, body: { buffer, byteOffset, byteLength }, memberName }) =>
    readMetadata(format, Buffer.from(buffer, byteOffset, byteLength), memberName),
  );
  void Promise.all(reading).then(metadata => {
    parentPort?.postMessage(metadata);
  });
});
