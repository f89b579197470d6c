import { join } from 'node:path';
import { makeTar } from './gnuTar.ts';
import { keyOf } from './libraryTruth.ts';

export const readByItself = 20_000;

export interface ManyBooks {
  readonly tars: number;
  readonly booksInTar: number;
  /** Size of a book at least. Otherwise each is so large that it is read by itself, and not along with headers. */
  readonly bytes?: number;
  /** Their names tell nothing, nor what they begin with, so that each has to be looked into further behind. */
  readonly nameless?: boolean;
  /** What is in a book besides, such as a fault; by tar and number, both from 0. */
  readonly text?: (tar: number, book: number) => string;
}

/** From byte 60 on: a MOBI, whose first record stands at byte 10,000. */
const mobiHead = `${'BOOKMOBI'.padEnd(18, '.')}\0\0\x27\x10`;

/**
 * Makes tars of books, half of which stand in every tar, so that workers wait for each other.
 *
 * @returns their keys, each once, sorted
 */
export async function makeManyBooks(
  folder: string,
  { tars, booksInTar, bytes = readByItself, nameless = false, text = () => '' }: ManyBooks,
): Promise<string[]> {
  const keys = new Set<string>();
  for (let tar = 0; tar < tars; tar++) {
    const files: Record<string, Buffer> = {};
    for (let book = 0; book < booksInTar; book++) {
      const of = book % 2 === 0 ? '' : String(tar);
      const what = `book ${String(book)} ${of} ${text(tar, book)}`;
      const all = nameless ? `${what.padEnd(60, '.')}${mobiHead}` : what;
      const body = Buffer.from(all.padEnd(bytes + book, '.'), 'latin1');
      files[`${String(book).padStart(4, '0')}${nameless ? '' : '.txt'}`] = body;
      keys.add(keyOf(body));
    }
    await makeTar(join(folder, `${String(tar).padStart(3, '0')}.tar`), 'gnu', files);
  }
  return [...keys].sort();
}
