import * as v from 'valibot';

/** Formats of books, by the extension that a book of theirs is stored under. */
export const bookFormats = [
  'pdf',
  'txt',
  'pdb',
  'rtf',
  'doc',
  'mobi',
  'prc',
  'epub',
  'odt',
  'djvu',
  'html',
  'htm',
  'chm',
  'lit',
  'fb2',
  'docx',
  'azw3',
  'cbz',
  'fb2.zip',
] as const;
export const bookFormatSchema = v.picklist(bookFormats);
export type BookFormat = v.InferOutput<typeof bookFormatSchema>;
