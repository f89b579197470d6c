// The formats that the server knows, and how it finds the one of a file.

/** A row of the table of formats; its id is its place, from 1. */
export interface Format {
  readonly id: number;
  readonly extension: string;
  /** Three of them end in a blank, in the real table too: no client's type ever equals those. */
  readonly mimeType: string;
}

export const formats: readonly Format[] = Object.entries({
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
}).map(([extension, mimeType], index) => ({ id: index + 1, extension, mimeType }));

/** What the server takes an extension for when it is told no type; only those that make a difference. */
const guessedTypes: Readonly<Record<string, string>> = {
  pdf: 'application/pdf',
  txt: 'text/plain',
  rtf: 'application/rtf',
  doc: 'application/msword',
  epub: 'application/epub+zip',
  html: 'text/html',
  htm: 'text/html',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  zip: 'application/zip',
  jpg: 'image/jpeg',
  png: 'image/png',
  bin: 'application/octet-stream',
  exe: 'application/octet-stream',
};

export function formatOfExtension(extension: string): Format | undefined {
  return formats.find(format => format.extension === extension);
}

/** The format of a file, or why there is none, in the words of the server. */
export function resolveFormat(mimeType: string, extension: string | undefined): Format | { error: string } {
  const type = mimeType === '' && extension ? (guessedTypes[extension] ?? '') : mimeType;
  const known =
    formats.find(format => format.mimeType === type.toLowerCase()) ??
    (extension ? formatOfExtension(extension) : undefined);
  return known ?? { error: `unsupported file type ${type}, extension ${extension ?? 'None'}` };
}
