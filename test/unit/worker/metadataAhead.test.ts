import assert from 'node:assert/strict';
import type { ArchiveMember } from '../../../src/engine/archive/archive.ts';
import { readMetadata } from '../../../src/engine/books/metadata/readMetadata.ts';
import { MetadataAhead } from '../../../src/engine/worker/metadataAhead.ts';
import { MetadataSource, type BookToRead } from '../../../src/engine/worker/metadataSource.ts';
import type { BookFormat } from '../../../src/protocol/bookFormat.ts';
import type { MetadataReader } from '../../../src/protocol/ingestOptions.ts';
import { fb2Text } from '../../support/books/madeBooks.ts';

const never = new AbortController().signal;

describe('metadata that are read ahead', () => {
  /** Header offsets of the books that are begun, in their order. */
  let begun: number[];
  let inHand: Set<number>;
  /** Ends the reading of all that is begun. */
  let goOn: () => void;

  beforeEach(() => {
    begun = [];
    inHand = new Set();
    goOn = () => undefined;
  });

  const hand = {
    take(headerOffset: number): number {
      inHand.add(headerOffset);
      return headerOffset;
    },
    drop(slot: number): void {
      assert.ok(inHand.delete(slot));
    },
  };

  const body = Buffer.from(fb2Text('utf-8'));

  function bookAt(headerOffset: number, format: BookFormat = 'fb2'): BookToRead {
    const member = { name: String(headerOffset), headerOffset, sizeBytes: body.length } as ArchiveMember;
    return {
      member,
      format,
      body: {
        key: { sha1: '0'.repeat(40), sizeBytes: body.length },
        kept: body,
        place: null,
        description: null,
      },
    };
  }

  function ahead(
    books: readonly BookToRead[],
    choice: MetadataReader = 'builtin',
    waits = false,
  ): MetadataAhead {
    const gate = Promise.withResolvers<undefined>();
    if (waits)
      goOn = () => {
        gate.resolve(undefined);
      };
    else gate.resolve(undefined);
    const source = new MetadataSource(
      choice,
      message => assert.fail(message),
      async (format, bytes, name) => {
        begun.push(Number(name));
        await gate.promise;
        return await readMetadata(format, bytes, name);
      },
    );
    return new MetadataAhead(source, books, hand, 12);
  }

  it('gives each book what it says of itself, and reads none twice', async () => {
    const books = Array.from({ length: 50 }, (_, index) => bookAt(index));
    const says = ahead(books);
    for (const book of books) {
      const { title } = await says.read(book, never);
      assert.equal(title, (await readMetadata('fb2', body, '')).title);
    }
    assert.deepEqual(
      begun,
      books.map(({ member }) => member.headerOffset),
    );
    assert.equal(inHand.size, 0);
  });

  it('has in hand what is read, and no more of it than can be noted', async () => {
    const books = Array.from({ length: 50 }, (_, index) => bookAt(index));
    const says = ahead(books, 'builtin', true);
    const [first] = books;
    assert.ok(first);
    const reading = says.read(first, never);
    // Who asks has noted the first one.
    assert.deepEqual([...inHand], begun.slice(1));
    assert.equal(begun.length, 4);
    goOn();
    await reading;
    await new Promise(setImmediate);
    assert.equal(inHand.size, 0);
  });

  it('says when all is read, also what nobody asks for', async () => {
    const books = Array.from({ length: 50 }, (_, index) => bookAt(index));
    const says = ahead(books, 'builtin', true);
    void says.read(books[0]!, never);
    let isIdle = false;
    const idle = says.idle().then(() => (isIdle = true));
    await new Promise(setImmediate);
    assert.equal(isIdle, false);
    goOn();
    await idle;
    assert.equal(inHand.size, 0);
  });

  it('reads those that nobody counted on when they are asked for, and where nothing is read goes by the names', async () => {
    const other = bookAt(100);
    const says = ahead([bookAt(0), bookAt(1, 'djvu')]);
    await says.read(other, never);
    assert.deepEqual(begun, [0, 100]);
    begun = [];
    const nothing = ahead([bookAt(0), bookAt(1)], 'none');
    assert.equal((await nothing.read(bookAt(7), never)).title, '7');
    assert.deepEqual(begun, []);
  });
});
