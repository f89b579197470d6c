import { createHash } from 'node:crypto';
import type { BookMetadata } from '../../../src/engine/books/metadata/bookMetadata.ts';
import type { Book } from '../../../src/engine/destinations/destination.ts';

/** A book as a worker hands it to a destination; of title and author of a real one where nothing else is said. */
export function bookToStore(
  body: string | Buffer,
  metadata: Partial<BookMetadata> = {},
  format: Book['format'] = 'txt',
): Book {
  const bytes = Buffer.from(body);
  return {
    key: { sha1: createHash('sha1').update(bytes).digest('hex'), sizeBytes: bytes.length },
    format,
    metadata: {
      title: 'Emma',
      authors: [{ name: 'Jane Austen', sortName: 'Austen, Jane' }],
      language: 'en',
      series: null,
      publisher: null,
      date: null,
      identifiers: {},
      warning: null,
      ...metadata,
    },
    tar: 'a.tar',
    member: `books/${bytes.toString('utf8', 0, 20)}.${format}`,
    body: () => [bytes],
  };
}
