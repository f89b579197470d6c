import { parentPort, workerData } from 'node:worker_threads';
import type { BookFormat } from '../../protocol/bookFormat.ts';
import { readMetadata, type BookBody } from '../books/metadata/readMetadata.ts';

/** What the thread is given when it begins. */
export interface ReaderThreadData {
  /** Not zero while it waits for bytes of a file. */
  readonly isAtDisk: Int32Array<SharedArrayBuffer>;
}

/** A group of these goes in, in one message, and the metadata of all come out in one, in the same order. */
export interface BookForReader {
  readonly format: BookFormat;
  readonly body: BookBody;
  readonly memberName: string;
}

const { isAtDisk } = workerData as ReaderThreadData;

function onRead(isReading: boolean): void {
  Atomics.store(isAtDisk, 0, isReading ? 1 : 0);
}

/*
 * The entry of the thread in which a worker reads metadata. What a stranger's file does to a parser, it does here:
 * the worker ends this thread when a book takes too long or too much memory, and starts another.
 */
parentPort?.on('message', (books: readonly BookForReader[]) => {
  const reading = books.map(({ format, body, memberName }) => readMetadata(format, body, memberName, onRead));
  void Promise.all(reading).then(metadata => {
    parentPort?.postMessage(metadata);
  });
});
