import { oneLine } from '../../../protocol/errors.ts';
import type { BookFormat } from '../../../protocol/bookFormat.ts';
import type { FilePlace } from '../../archive/archive.ts';
import { bytesInFile, bytesInMemory, type BookBytes } from './bookBytes.ts';
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
// takes the bytes of a book and gives what stands in them, or throws; this file makes it clean, bounded
// and complete, and no book makes it fail: what cannot be read is on the shelf under its file's name, with a
// warning that says why. Work is bounded by what a description may need, never by what a book claims of itself.

type Reader = (body: BookBytes) => FoundMetadata;

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

/** A whole book in memory, or where it lies in an open file. */
export type BookBody = Uint8Array | FilePlace;

/**
 * What a book calls itself. Never rejects. Formats that have no reader yet go by the name, which for most of them is all
 * there is. One that lies in a file is read from there, which waits for the disk: for a thread that may.
 *
 * @param memberName path of the member within its tar, for a book that has no title
 * @param onRead told before and after each read from the file
 */
export function readMetadata(
  format: BookFormat,
  body: BookBody,
  memberName: string,
  onRead?: (isReading: boolean) => void,
): Promise<BookMetadata> {
  // Most of the others have no more than a name.
  if (!hasReader(format)) return Promise.resolve(bookMetadataFromName(memberName));
  const bytes = 'buffer' in body ? bytesInMemory(body) : bytesInFile(body, onRead);
  return Promise.resolve(readMetadataOf(format, bytes, memberName));
}

/** The same for one whose bytes are at hand. Never throws. */
export function readMetadataOf(format: ReadableFormat, bytes: BookBytes, memberName: string): BookMetadata {
  let found: FoundMetadata;
  try {
    found = readers[format](bytes);
  } catch (thrown) {
    const reason =
      thrown instanceof UnreadableBookError ? thrown.message : `it is damaged (${oneLine(thrown)})`;
    return { ...bookMetadataFromName(memberName), warning: nameUsed(reason) };
  }
  return completeMetadata(found, memberName);
}
