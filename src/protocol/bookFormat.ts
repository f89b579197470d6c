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

/**
 * Whether every type of book that is wanted now was wanted then, too. Undefined are all types; those of then may be another
 * version's.
 */
export function wereWanted(now: readonly string[] | undefined, then: readonly string[] | undefined): boolean {
  return then === undefined || (now ?? bookFormats).every(type => then.includes(type));
}
