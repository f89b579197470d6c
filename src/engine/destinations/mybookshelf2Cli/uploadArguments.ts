import type { Author, BookMetadata } from '../../books/metadata/bookMetadata.ts';
import { cleanText } from '../../books/metadata/cleanText.ts';
import type { Book } from '../destination.ts';

/** What the server's columns hold, in characters, and what its program takes. */
const longest = { title: 256, name: 128, series: 256 };
const mostAuthors = 20;
const largestIndex = 2 ** 31 - 1;

/** As whom and where the program uploads. */
export interface ServerAccess {
  readonly apiUrl: string;
  readonly webSocketUrl: string;
  readonly userName: string;
  readonly password: string;
}

/** The argument that names the file: it stands in one command line of all, by which a program is found again. */
export function fileArgument(path: string): string {
  return `--file=${path}`;
}

/**
 * The program's arguments. Each value stands in one argument with its option, so that none can be taken for an
 * option itself, whatever it begins with.
 *
 * @param path of the book where the program runs
 */
export function uploadArguments(
  server: ServerAccess,
  book: Pick<Book, 'key' | 'format' | 'metadata'>,
  path: string,
  language: string,
): string[] {
  const { key, format, metadata } = book;
  return [
    `--api-url=${server.apiUrl}`,
    `--ws-url=${server.webSocketUrl}`,
    `-u=${server.userName}`,
    `-p=${server.password}`,
    'upload',
    fileArgument(path),
    // The server takes everything that is not ASCII out of a name, the type with it where nothing else is left.
    `--file-name=${key.sha1}.${format}`,
    `--title=${cleanText(metadata.title, longest.title)}`,
    ...metadata.authors.slice(0, mostAuthors).map(author => `--author=${lastThenFirst(author)}`),
    ...seriesArguments(metadata),
    `--language=${language}`,
  ];
}

/** `Last, First`. What comes behind a second comma, as in `King, Martin Luther, Jr.`, belongs to the first names. */
function lastThenFirst({ name, sortName }: Author): string {
  const [last = '', ...first] = (sortName || name).split(',');
  const names = [last, first.join(' ')].map(part => cleanText(part, longest.name));
  return names.filter(part => part !== '').join(', ');
}

/** Both or neither, as one has no effect without the other. The server numbers its books by whole numbers. */
function seriesArguments({ series }: BookMetadata): string[] {
  if (typeof series?.index !== 'number') return [];
  const index = Math.floor(series.index);
  const name = cleanText(series.name, longest.series);
  if (name === '' || !(index >= 0 && index <= largestIndex)) return [];
  return [`--series=${name}`, `--series-index=${String(index)}`];
}
