import type { BookFormat } from '../../../protocol/bookFormat.ts';

/** Formats that have a reader of ours. */
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

/** Whether books of this format go by more than the name. */
export function hasReader(format: BookFormat): format is ReadableFormat {
  return readable.has(format);
}
