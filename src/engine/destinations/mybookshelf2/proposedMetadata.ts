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

/** @param language code of the language to give it; null leaves that to the server */
export function proposedMetadata(metadata: BookMetadata, language: string | null): ProposedMetadata {
  const { title, authors, series } = metadata;
  const index = series?.index ?? null;
  return {
    title,
    ...(authors.length === 0 ? {} : { authors: authors.map(serverAuthor) }),
    ...(language === null ? {} : { language: { code: language } }),
    // Only together: paths on the server are made of both.
    ...(series && index !== null && index >= 0
      ? { series: { title: series.name }, series_index: Math.floor(index) }
      : {}),
    genres: [],
  };
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
