import { createHash } from 'node:crypto';
import { bookMetadataFromName } from '../../books/metadata/bookMetadata.ts';
import type { Book } from '../destination.ts';

const bytes = Buffer.from('This file was sent to see whether MyBookshelf2 takes books. It may be removed.\n');

/** A book to see with whether the server takes any. */
export const rehearsalBook: Book = {
  key: { sha1: createHash('sha1').update(bytes).digest('hex'), sizeBytes: bytes.length },
  format: 'txt',
  metadata: {
    ...bookMetadataFromName('rehearsal.txt'),
    title: 'Rehearsal',
    authors: [{ name: 'No One', sortName: 'One, No' }],
  },
  tar: '',
  member: 'rehearsal.txt',
  body: () => [bytes],
};
