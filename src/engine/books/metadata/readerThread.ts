import { parentPort } from 'node:worker_threads';
import type { BookFormat } from '../../../protocol/bookFormat.ts';
import type { BookMetadata } from './bookMetadata.ts';
import { readBook, type BookBytes } from './readBook.ts';

/** One book at a time goes in, and its metadata come out. */
export interface BookForReader {
  readonly format: BookFormat;
  readonly body: BookBytes;
  readonly memberName: string;
}

/*
 * The entry of the thread in which a worker reads metadata. What a stranger's file does to a parser, it does here:
 * the worker ends this thread when a book takes too long or too much memory, and starts another.
 */
parentPort?.on('message', ({ format, body, memberName }: BookForReader) => {
  void readBook(format, body, memberName).then((metadata: BookMetadata) => {
    parentPort?.postMessage(metadata);
  });
});
