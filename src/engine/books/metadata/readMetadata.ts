import { oneLine } from '../../../protocol/errors.ts';
import type { BookFormat } from '../../../protocol/bookFormat.ts';
import type { BookMetadata, FoundMetadata } from './bookMetadata.ts';
import { bookMetadataFromName, UnreadableBookError } from './bookMetadata.ts';
import { completeMetadata, nameUsed } from './completeMetadata.ts';
import { readEpub } from './epub.ts';
import { readFb2, readFb2Zip } from './fb2.ts';
import { readHtml } from './html.ts';
import { readMobi } from './mobi.ts';
import { readDocx, readOdt } from './officeDocument.ts';
import { readPdf } from './pdf.ts';
import { hasReader, type ReadableFormat } from './readableFormats.ts';
import { readRtf } from './rtf.ts';

// What lives in this folder: what books call themselves, one file for each format. What it promises: a reader
// takes the bytes of a whole book and gives what stands in them, or throws; this file makes it clean, bounded
// and complete, and no book makes it fail: what cannot be read is on the shelf under its file's name, with a
// warning that says why. Work is bounded by what a description may need, never by what a book claims of itself.

type Reader = (body: Buffer) => FoundMetadata;

const readers: Readonly<Record<ReadableFormat, Reader>> = {
  epub: readEpub,
  fb2: readFb2,
  'fb2.zip': readFb2Zip,
  mobi: readMobi,
  prc: readMobi,
  azw3: readMobi,
  pdb: readMobi,
  docx: readDocx,
  odt: readOdt,
  html: readHtml,
  htm: readHtml,
  rtf: readRtf,
  pdf: readPdf,
};

/**
 * What a book calls itself. Never rejects.
 *
 * @param body the whole book
 * @param memberName path of the member within its tar, for a book that has no title
 */
export function readMetadata(format: BookFormat, body: Buffer, memberName: string): Promise<BookMetadata> {
  // Most of the others have no more than a name.
  if (!hasReader(format)) return Promise.resolve(bookMetadataFromName(memberName));
  return Promise.resolve(readWith(readers[format], body, memberName));
}

function readWith(reader: Reader, body: Buffer, memberName: string): BookMetadata {
  let found: FoundMetadata;
  try {
    found = reader(body);
  } catch (thrown) {
    const reason =
      thrown instanceof UnreadableBookError ? thrown.message : `it is damaged (${oneLine(thrown)})`;
    return { ...bookMetadataFromName(memberName), warning: nameUsed(reason) };
  }
  return completeMetadata(found, memberName);
}
