import { parentPort, workerData } from 'node:worker_threads';
import type { BookFormat } from '../../protocol/bookFormat.ts';
import { readMetadata, type BookBody } from '../books/metadata/readMetadata.ts';
import { noteReading, type ThreadData } from './sharedWords.ts';

/** A group of these goes in, in one message, and the metadata of all come out in one, in the same order. */
export interface BookForReader {
  readonly format: BookFormat;
  readonly body: BookBody;
  readonly memberName: string;
}

const { shared } = workerData as ThreadData;
const onRead = noteReading.bind(null, shared);

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
