import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import type { BookMetadata } from '../../src/engine/books/metadata/bookMetadata.ts';
import type { Book } from '../../src/engine/destinations/destination.ts';
import { Library } from '../../src/engine/destinations/library/library.ts';
import { bookToStore } from '../support/books/bookToStore.ts';
import { watchDiskSteps } from '../support/diskSteps.ts';
import { filesInLibrary, keysInLibrary, reservationsInLibrary } from '../support/libraryTruth.ts';
import { useTempFolder } from '../support/tempFolder.ts';

const bodies = ['the first', 'the second', 'the third'];

/** The same bytes, as another tar or another reader of metadata names them. */
function named(changes: (n: number) => Partial<BookMetadata>): Book[] {
  return bodies.map((body, n) => bookToStore(body, changes(n), 'epub'));
}

const byTitle = named(n => ({ title: `Title ${String(n)}` }));
const comingAgain: Record<string, Book[]> = {
  'under the same name': byTitle,
  'under another title': named(n => ({ title: `copy-${String(n)}` })),
  'under another author': named(n => ({
    title: `Title ${String(n)}`,
    authors: [{ name: 'Unknown author', sortName: '' }],
  })),
  'under a name that differs in case only': named(n => ({
    title: `TITLE ${String(n)}`,
    authors: [{ name: 'JANE AUSTEN', sortName: '' }],
  })),
  'under the name of another one': named(n => ({ title: `Title ${String((n + 1) % bodies.length)}` })),
};

describe('library that is killed at any step', () => {
  const folder = useTempFolder();

  for (const [how, again] of Object.entries(comingAgain)) {
    it(`has every book once, in one file, when they come again ${how}`, async () => {
      const shelf = join(folder(), 'shelf');
      const library = await Library.make(shelf);
      const killed: string[] = [];
      await watchDiskSteps(
        folder(),
        async step => {
          const copy = join(folder(), `killed ${String(killed.length)}, before ${step}`);
          await cp(shelf, copy, { recursive: true });
          killed.push(copy);
        },
        async () => {
          for (const book of byTitle) assert.equal(await library.store(book), 'uploaded');
        },
      );
      library.close();
      // Its bytes, them durable, its name, that durable, the temporary file gone.
      assert.ok(killed.length >= 5 * bodies.length);
      const expected = byTitle.map(({ key }) => `${key.sha1}-${String(key.sizeBytes)}`).sort();
      for (const left of killed) {
        const next = await Library.make(left);
        await next.removeLeftovers();
        for (const book of again) await next.store(book);
        next.close();
        assert.deepEqual(await keysInLibrary(left), expected, left);
        assert.equal(await filesInLibrary(left), bodies.length, left);
        assert.equal(reservationsInLibrary(left), 0, left);
      }
    });
  }
});
