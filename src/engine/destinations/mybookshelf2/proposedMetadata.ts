import { maxAuthorLength, type Author, type BookMetadata } from '../../books/metadata/bookMetadata.ts';

/** A person as the server has one. */
export interface ServerAuthor {
  first_name?: string;
  last_name: string;
}

/** What the server is told of a book; what is absent it reads from the book itself. */
export interface ProposedMetadata {
  title: string;
  authors?: ServerAuthor[];
  language?: { code: string };
  series?: { title: string };
  series_index?: number;
  /** Empty, and always there: names that the server reads from a book and does not know make its last step fail. */
  genres: [];
}

/** What its column on the server holds. */
const largestIndex = 2 ** 31 - 1;

/** @param language code of the language to give it; null leaves that to the server */
export function proposedMetadata(metadata: BookMetadata, language: string | null): ProposedMetadata {
  const { authors, series } = metadata;
  const index = Math.floor(series?.index ?? -1);
  return {
    title: fittingTitle(metadata),
    ...(authors.length === 0 ? {} : { authors: authors.map(serverAuthor) }),
    ...(language === null ? {} : { language: { code: language } }),
    // Only together: paths on the server are made of both.
    ...(series && index >= 0 && index <= largestIndex
      ? { series: { title: series.name }, series_index: index }
      : {}),
    genres: [],
  };
}

/** The server names a file after authors, series and title, and fails where that is more than a file system takes. */
const longestFileName = 240;
const shortestTitle = 40;

/** The title, or as many of its words as find room in the name of a file. */
function fittingTitle({ title, authors, series }: BookMetadata): string {
  const others = [authors.map(({ name }) => name).join(', '), series ? `${series.name} 000` : ''];
  const room = longestFileName - others.join(' - ').length;
  const letters = Array.from(title);
  const fitting = letters.slice(0, Math.max(room, shortestTitle));
  if (fitting.length === letters.length) return title;
  const text = fitting.join('');
  const lastBlank = text.lastIndexOf(' ');
  // A title of a single word is cut within it.
  return (lastBlank > fitting.length / 2 ? text.slice(0, lastBlank) : text).trim();
}

function serverAuthor({ sortName }: Author): ServerAuthor {
  const comma = sortName.indexOf(',');
  const last = comma < 0 ? sortName : sortName.slice(0, comma);
  const first = comma < 0 ? '' : sortName.slice(comma + 1);
  const bounded = (text: string): string => Array.from(text.trim()).slice(0, maxAuthorLength).join('');
  return first.trim() === ''
    ? { last_name: bounded(last) }
    : { first_name: bounded(first), last_name: bounded(last) };
}
