import { parentPort } from 'node:worker_threads';
import type { BookFormat } from '../../../protocol/bookFormat.ts';
import type { BookMetadata } from './bookMetadata.ts';
import { readMetadata } from './readMetadata.ts';

/** One book at a time goes in, */
export interface BookForReader {
  readonly format: BookFormat;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly memberName: string;
  /** The body is to be given back with the answer. */
  readonly isLent: boolean;
}

/** and its metadata come out. */
export interface BookFromReader {
  readonly metadata: BookMetadata;
  readonly body?: Uint8Array<ArrayBuffer>;
}

/*
 * The entry of the thread in which a worker reads metadata. What a stranger's file does to a parser, it does here:
 * the worker ends this thread when a book takes too long or too much memory, and starts another.
 */
parentPort?.on('message', ({ format, body, memberName, isLent }: BookForReader) => {
  const { buffer, byteOffset, byteLength } = body;
  void readMetadata(format, Buffer.from(buffer, byteOffset, byteLength), memberName).then(metadata => {
    const answer: BookFromReader = isLent ? { metadata, body } : { metadata };
    parentPort?.postMessage(answer, isLent ? [buffer] : []);
  });
});
