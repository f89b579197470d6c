import { formatByExtension } from '../bookType.ts';
import { cleanText } from './cleanText.ts';

export interface Author {
  /** As a title page has it, such as `Jane Austen`. */
  name: string;
  /** As a catalogue has it, such as `Austen, Jane`. */
  sortName: string;
}

/** What a book calls itself, clean and bounded: ready for a shelf. */
export interface BookMetadata {
  /** Never empty; at most {@link maxTitleLength} characters. */
  title: string;
  /** At most {@link maxAuthorLength} characters each name. */
  authors: Author[];
  /** ISO 639-1 where the language has such a code, else ISO 639-2; null when the book does not say. */
  language: string | null;
  series: { name: string; index: number | null } | null;
  publisher: string | null;
  /** ISO 8601, as exactly as the book has it: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`. */
  date: string | null;
  /** By scheme in lower case, such as `isbn`. */
  identifiers: Record<string, string>;
  /** Why the title is only the member's name, as one line for a person; null when all is well. */
  warning: string | null;
}

/** A name, with the way in which a catalogue has it where the book says that. */
export interface FoundAuthor {
  name: string;
  sortName: string | undefined;
}

/** What a reader of one format found, as it stands in the book. */
export interface FoundMetadata {
  title: string | undefined;
  authors: readonly (string | FoundAuthor)[];
  language: string | undefined;
  /** The number within the series is undefined where the book does not say it. */
  series?: { name: string; index: number | undefined } | undefined;
  publisher?: string | undefined;
  /** ISO 8601, with or without a time of day. */
  date?: string | undefined;
  /** By scheme: `isbn`. */
  identifiers?: Record<string, string>;
}

/** A book of which no metadata can be read. The message is the reason, as the end of a sentence. */
export class UnreadableBookError extends Error {
  override readonly name = 'UnreadableBookError';
}

/** Characters are code points; these are the widths of the shelves' columns. */
export const maxTitleLength = 256;
export const maxAuthorLength = 128;
export const maxAuthors = 50;

/** What can be said of a book whose bytes are not at hand: its title is its base name without extension. */
export function bookMetadataFromName(memberName: string): BookMetadata {
  return {
    title: titleFromName(memberName),
    authors: [],
    language: null,
    series: null,
    publisher: null,
    date: null,
    identifiers: {},
    warning: null,
  };
}

export function titleFromName(memberName: string): string {
  const base = memberName.slice(Math.max(memberName.lastIndexOf('/'), memberName.lastIndexOf('\\')) + 1);
  return cleanText(withoutExtension(base), maxTitleLength) || cleanText(base, maxTitleLength) || 'Untitled';
}

// The ending of a file type and not of a sentence: it has a letter ("v1.2") and no blank ("Vol. 1").
const anyExtension = /\.(?=\d*[a-z])[a-z\d]{2,4}$/i;

function withoutExtension(base: string): string {
  const format = formatByExtension(base);
  return format === undefined ? base.replace(anyExtension, '') : base.slice(0, -(format.length + 1));
}
