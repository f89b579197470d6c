import type { BookFormat } from '../../../protocol/bookFormat.ts';

/** Formats for which there is a reader of ours. Apart from the readers, which take their time to be loaded. */
export const readableFormats = [
  'epub',
  'fb2',
  'fb2.zip',
  'mobi',
  'prc',
  'azw3',
  'pdb',
  'docx',
  'odt',
  'html',
  'htm',
  'rtf',
  'pdf',
] as const satisfies readonly BookFormat[];

export type ReadableFormat = (typeof readableFormats)[number];

const readable: ReadonlySet<BookFormat> = new Set(readableFormats);

/** Some readers have all of a book in memory, and for one at a time there is so much. */
export const largestBookRead = 32 * 1024 * 1024;

/** Whether a reader of ours reads a book; any other goes by its name, or is given to calibre. */
export function canRead(format: BookFormat, sizeBytes: number): format is ReadableFormat {
  return hasReader(format) && sizeBytes <= largestBookRead;
}

/** Whether there is a reader for its bytes, however many they are: for the readers. Whoever has a book asks {@link canRead}. */
export function hasReader(format: BookFormat): format is ReadableFormat {
  return readable.has(format);
}
