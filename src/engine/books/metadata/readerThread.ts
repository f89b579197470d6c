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
parentPort?.on('message', (book: BookForReader) => {
  const { buffer, byteOffset, byteLength } = book.body;
  void readMetadata(
    book.format,
    Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength),
    book.memberName,
  ).then((metadata: BookMetadata) => {
    parentPort?.postMessage(metadata);
  });
});
