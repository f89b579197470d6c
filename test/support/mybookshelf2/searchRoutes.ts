// The routes that find books. Both pass over case and accents.
import { failure, json, type Answer } from './answers.ts';
import type { Ebook } from './bookTables.ts';
import { withoutNulls } from './json.ts';
import type { Call, RestServer } from './routes.ts';

const largestPage = 100;
const largestIndex = 100;

/** `GET /api/search/<words>`: books that have each of the words as the beginning of one of theirs, best first. */
export function searchBooks({ params, query }: Call, { tables }: RestServer): Answer {
  const page = positive(query.get('page'), 1);
  const pageSize = positive(query.get('page_size'), 10);
  if (page === undefined || pageSize === undefined || pageSize > largestPage) return failure(400);
  const words = wordsOf(params[0]!);
  const found = words.length === 0 ? [] : tables.ebooks.filter(ebook => hasAll(ebook, words));
  const ranks = new Map(found.map(ebook => [ebook, rank(ebook, words)]));
  found.sort((a, b) => ranks.get(b)! - ranks.get(a)! || a.id - b.id);
  const items = found.slice((page - 1) * pageSize, page * pageSize);
  if (items.length === 0 && page > 1) return json({ message: 'There is no such page.' }, 404);
  return json({ page, page_size: pageSize, total: found.length, items: items.map(listItem) });
}

/** `GET /api/ebooks/index/<title>`: books whose title begins so; `%` and `_` stand for any text and any character. */
export function ebooksIndex({ params }: Call, { tables }: RestServer): Answer {
  const begin = Array.from(folded(params[0]!), wildcard).join('');
  const pattern = new RegExp(`^${begin}`, 'su');
  const found = tables.ebooks
    .filter(ebook => pattern.test(folded(ebook.title)))
    .sort((a, b) => a.title.localeCompare(b.title) || a.id - b.id);
  return json({ total: found.length, items: found.slice(0, largestIndex).map(listItem) });
}

function wildcard(character: string): string {
  if (character === '%') return '.*';
  if (character === '_') return '.';
  return character.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
}

function listItem(ebook: Ebook): unknown {
  return withoutNulls({
    id: ebook.id,
    title: ebook.title,
    authors: ebook.authors.map(({ id, firstName, lastName }) =>
      withoutNulls({ id, first_name: firstName, last_name: lastName }),
    ),
    series: ebook.series,
    series_index: ebook.seriesIndex,
    language: ebook.language,
    cover: ebook.hasCover,
  });
}

interface IndexedWords {
  readonly title: readonly string[];
  readonly others: readonly string[];
}

// A search looks at every book: taking them to pieces each time would make long tests slow.
const indexed = new WeakMap<Ebook, IndexedWords>();

function wordsIn(ebook: Ebook): IndexedWords {
  let words = indexed.get(ebook);
  if (!words) {
    const names = ebook.authors.map(({ firstName, lastName }) => `${firstName ?? ''} ${lastName}`);
    words = { title: wordsOf(ebook.title), others: wordsOf([...names, ebook.series?.title ?? ''].join(' ')) };
    indexed.set(ebook, words);
  }
  return words;
}

function hasAll(ebook: Ebook, words: readonly string[]): boolean {
  const { title, others } = wordsIn(ebook);
  return words.every(
    word => title.some(own => own.startsWith(word)) || others.some(own => own.startsWith(word)),
  );
}

/** Not the numbers of the database, but their order where it is plain: more matches, and in the title, rank first. */
function rank(ebook: Ebook, words: readonly string[]): number {
  const { title, others } = wordsIn(ebook);
  const matches = (own: readonly string[]): number =>
    words.reduce((sum, word) => sum + own.filter(one => one.startsWith(word)).length, 0);
  return matches(title) + 0.4 * matches(others);
}

function wordsOf(text: string): string[] {
  return folded(text)
    .split(/[^\p{L}\p{N}_]+/u)
    .filter(word => word !== '');
}

function folded(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase();
}

/** A positive number of the query; undefined when it is something else. */
function positive(text: string | null, missing: number): number | undefined {
  if (text === null || text === '') return missing;
  const number = Number(text);
  return Number.isInteger(number) && number > 0 ? number : undefined;
}
