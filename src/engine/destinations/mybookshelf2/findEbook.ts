import type { Ebook, ShelfApi, Upload } from './shelfApi.ts';

/** Words of a search are separated by anything that is no letter and no digit; slashes make the server refuse it. */
function searchWords({ title = '', authors, series }: Upload['meta']): string {
  const names = authors.map(author => `${author.first_name ?? ''} ${author.last_name}`);
  return [...names, title, series?.title ?? ''].join(' ').replaceAll('/', ' ').replace(/\s+/g, ' ').trim();
}

/**
 * The book on the server that a file belongs to: one of equal title and with an author in common, or without
 * authors as this one.
 *
 * @returns its id, or null where there is none
 */
export async function findEbook(
  api: ShelfApi,
  meta: Upload['meta'],
  signal: AbortSignal,
): Promise<number | null> {
  const { title = '' } = meta;
  const isSame = (ebook: Ebook): boolean => ebook.title === title && shareAuthor(ebook, meta);
  const words = searchWords(meta);
  // Without a word in it the server would search for nothing.
  const found = /[\p{L}\p{N}]/u.test(words) ? (await api.search(words, signal)).find(isSame) : undefined;
  if (found) return found.id;
  // Not with a slash: that is the end of a title to the server. Nor is "..", which is a way up, asked for.
  if (title.includes('/') || /^\.*$/.test(title)) return null;
  return (await api.withTitle(title, signal)).find(isSame)?.id ?? null;
}

function shareAuthor(ebook: Ebook, { authors }: Upload['meta']): boolean {
  if (ebook.authors.length === 0 && authors.length === 0) return true;
  return ebook.authors.some(one => authors.some(other => one.last_name === other.last_name));
}
