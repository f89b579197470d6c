import type { BookFormat } from '../../../protocol/bookFormat.ts';

/**
 * The MIME types under which the server knows formats; null for those that it does not take. Those of some stand
 * in its table with a blank at their end, which counts.
 */
export const mimeTypes: Readonly<Record<BookFormat, string | null>> = {
  pdf: 'application/pdf',
  txt: 'text/plain',
  pdb: 'application/x-aportisdoc',
  rtf: 'application/rtf',
  doc: 'application/msword',
  mobi: 'application/x-mobipocket-ebook',
  prc: 'application/vnd.palm ',
  epub: 'application/epub+zip',
  odt: 'application/vnd.oasis.opendocument.text ',
  djvu: 'image/vnd.djvu',
  html: 'text/html',
  htm: 'text/html',
  chm: 'application/octet-stream',
  lit: 'application/x-ms-reader ',
  fb2: 'application/x-fictionbook+xml',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  azw3: 'application/x-mobi8-ebook',
  cbz: null,
  'fb2.zip': null,
};
