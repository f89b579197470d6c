import {
  maxAuthorLength,
  maxAuthors,
  maxTitleLength,
  titleFromName,
  type Author,
  type BookMetadata,
  type FoundMetadata,
} from './bookMetadata.ts';
import { cleanText } from './cleanText.ts';
import { normalizeLanguage } from './language.ts';
import { sortName } from './personName.ts';

const maxIdentifiers = 20;

/** Makes what was found in a book clean and bounded; what it does not say is taken from its name or left open. */
export function completeMetadata(found: FoundMetadata, memberName: string): BookMetadata {
  const title = cleanText(found.title ?? '', maxTitleLength);
  const series = cleanText(found.series?.name ?? '', maxTitleLength);
  return {
    title: title || titleFromName(memberName),
    authors: cleanAuthors(found.authors),
    language: normalizeLanguage(found.language ?? ''),
    series: series === '' ? null : { name: series, index: found.series?.index ?? null },
    publisher: cleanText(found.publisher ?? '', maxTitleLength) || null,
    date: dayOf(found.date ?? ''),
    identifiers: cleanIdentifiers(found.identifiers ?? {}),
    warning: title === '' ? nameUsed('it has no title') : null,
  };
}

function cleanAuthors(found: FoundMetadata['authors']): Author[] {
  const authors = new Map<string, Author>();
  for (const author of found) {
    const { name: text, sortName: stated } =
      typeof author === 'string' ? { name: author, sortName: undefined } : author;
    const name = cleanText(text, maxAuthorLength);
    if (name === '' || authors.has(name)) continue;
    authors.set(name, { name, sortName: cleanText(stated ?? '', maxAuthorLength) || sortName(name) });
    if (authors.size === maxAuthors) break;
  }
  return [...authors.values()];
}

const isoDate = /^\s*([1-9]\d{3})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01]))?)?(?!\d)/;

/** With dots the day comes first, in every country that writes them; with slashes nobody knows. */
const dottedDate = /^\s*(0?[1-9]|[12]\d|3[01])\.(0?[1-9]|1[0-2])\.([1-9]\d{3})(?!\d)/;

/** As exactly as the text says it, without the time of day. */
function dayOf(text: string): string | null {
  const match = isoDate.exec(text);
  if (match) return match.slice(1).filter(Boolean).join('-');
  const [, day, month, year] = dottedDate.exec(text) ?? [];
  return day && month && year ? `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}` : null;
}

function cleanIdentifiers(found: Readonly<Record<string, string>>): Record<string, string> {
  const identifiers: Record<string, string> = {};
  for (const [scheme, value] of Object.entries(found).slice(0, maxIdentifiers)) {
    const name = cleanText(scheme, 32).toLowerCase();
    const text = cleanText(value, maxTitleLength);
    // No name that means something to an object of this language.
    if (/^[a-z][\w-]*$/.test(name) && name !== 'constructor' && text !== '') identifiers[name] = text;
  }
  return identifiers;
}

export function nameUsed(reason: string): string {
  return `The file's name is the title of this book, because ${cleanText(reason, 200)}.`;
}
