import assert from 'node:assert/strict';
import {
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DestinationUnusable,
  type Book,
  type LostBook,
} from '../../../src/engine/destinations/destination.ts';
import { Library } from '../../../src/engine/destinations/library/library.ts';
import { libraryPaths } from '../../../src/engine/destinations/library/libraryPaths.ts';
import { toFailure } from '../../../src/protocol/errors.ts';
import { findSentence } from '../../../src/protocol/sentences.ts';
import { bookToStore } from '../../support/books/bookToStore.ts';
import { filesInLibrary, reservationsInLibrary } from '../../support/libraryTruth.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

function book(body: string | Buffer, changes: Partial<Book['metadata']> = {}): Book {
  return { ...bookToStore(body, changes, 'epub'), member: 'folder/16470000' };
}

describe('library', () => {
  const folder = useTempFolder();
  const rows = (): Record<string, unknown>[] => {
    const database = new DatabaseSync(join(folder(), 'library.db'), { readOnly: true });
    try {
      return database.prepare('select * from books order by path').all();
    } finally {
      database.close();
    }
  };

  it('stores the bytes under a name for people, and all that is known in a row', async () => {
    const library = await Library.make(folder());
    const emma = book('the bytes of Emma');
    assert.equal(await library.store(emma), 'uploaded');
    library.close();
    assert.equal(await readFile(join(folder(), 'books/Jane Austen/Emma.epub'), 'utf8'), 'the bytes of Emma');
    const [row, ...others] = rows();
    assert.equal(others.length, 0);
    assert.match(String(row?.['added_at']), /^\d{4}-\d\d-\d\dT/);
    assert.deepEqual(
      { ...row, added_at: '' },
      {
        sha1: emma.key.sha1,
        size: 17,
        format: 'epub',
        path: 'books/Jane Austen/Emma.epub',
        path_identity: 'books/jane austen/emma.epub',
        title: 'Emma',
        authors: 'Jane Austen',
        author_sort: 'Austen, Jane',
        language: 'en',
        series: null,
        series_index: null,
        publisher: null,
        published: null,
        identifiers: null,
        source_tar: 'a.tar',
        source_member: 'folder/16470000',
        added_at: '',
      },
    );
  });

  it('has a column for each field of the metadata', async () => {
    const library = await Library.make(folder());
    await library.store(
      book('x', {
        series: { name: 'Novels', index: 4.5 },
        publisher: 'Murray',
        date: '1815-12',
        identifiers: { isbn: '9780306406157', uri: 'urn:x' },
      }),
    );
    library.close();
    const [row] = rows();
    assert.deepEqual(
      [row?.['series'], row?.['series_index'], row?.['publisher'], row?.['published'], row?.['identifiers']],
      ['Novels', 4.5, 'Murray', '1815-12', 'isbn:9780306406157,uri:urn:x'],
    );
  });

  it('takes up a library that an earlier version made', async () => {
    await mkdir(join(folder(), 'books'));
    const database = new DatabaseSync(join(folder(), 'library.db'));
    database.exec(`create table books (sha1 text not null, size integer not null, format text not null,
      path text not null, path_identity text not null unique, title text not null, authors text not null,
      language text, source_tar text not null, source_member text not null, added_at text not null,
      unique (sha1, size)) strict;
      create table reservations (path_identity text primary key, sha1 text not null, size integer not null) strict;
      insert into books values ('${'a'.repeat(40)}', 1, 'epub', 'p', 'p', 'Old', 'A', null, 't', 'm', '');`);
    database.close();
    const [library] = await Promise.all([Library.make(folder()), Library.make(folder())]);
    assert.equal(await library.store(book('x', { publisher: 'Murray' })), 'uploaded');
    library.close();
    assert.deepEqual(
      rows().map(row => [row['title'], row['publisher']]),
      [
        ['Emma', 'Murray'],
        ['Old', null],
      ],
    );
  });

  it('has a book once, whoever brings it again', async () => {
    const first = await Library.make(folder());
    const second = await Library.make(folder());
    assert.equal(await first.store(book('x')), 'uploaded');
    assert.equal(await second.store(book('x', { title: 'Another title' })), 'already_exists');
    first.close();
    second.close();
    assert.equal(rows().length, 1);
    assert.deepEqual(await readdir(join(folder(), 'books/Jane Austen')), ['Emma.epub']);
  });

  it('gives the same book stored by two at the same moment one row and one file', async () => {
    const libraries = await Promise.all([Library.make(folder()), Library.make(folder())]);
    const outcomes = await Promise.all(
      libraries.map((library, index) => library.store(book('x', { title: `Title ${String(index)}` }))),
    );
    for (const library of libraries) library.close();
    assert.deepEqual(outcomes.sort(), ['already_exists', 'uploaded']);
    assert.equal(rows().length, 1);
    assert.equal((await readdir(join(folder(), 'books/Jane Austen'))).length, 1);
  });

  it('says of a book which has no name left there what to do about it', async () => {
    const library = await Library.make(folder());
    const emma = book('the bytes of Emma');
    for (const place of libraryPaths(emma.metadata, emma.format, emma.key))
      await mkdir(join(folder(), place), { recursive: true });
    await assert.rejects(library.store(emma), (thrown: unknown) => {
      const { code, message } = toFailure(thrown);
      assert.equal(code, 'UPLOAD_FAILED');
      assert.deepEqual(findSentence(message), { name: 'bookNamesTaken', values: [emma.member, folder()] });
      return true;
    });
    library.close();
  });

  it('stores many at the same time, and what fails of them costs no other', async () => {
    const library = await Library.make(folder());
    const many = Array.from({ length: 50 }, (_, n) =>
      book(`bytes ${String(n)}`, { title: `Title ${String(n % 5)}` }),
    );
    // No text at all: the database takes no row of it.
    const wrong = book('wrong', { title: 'Wrong', language: Symbol('wrong') as unknown as string });
    const outcomes = await Promise.allSettled([...many, wrong].map(each => library.store(each)));
    library.close();
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      [...many.map(() => 'fulfilled'), 'rejected'],
    );
    assert.equal(rows().length, 50);
    const bodies = rows().map(row => readFile(join(folder(), String(row['path'])), 'utf8'));
    assert.deepEqual((await Promise.all(bodies)).sort(), many.map((_, n) => `bytes ${String(n)}`).sort());
    assert.deepEqual(await readdir(join(folder(), 'tmp')), []);
  });

  it('has a book copied where that is cheaper, and leaves nothing of one that fails', async () => {
    const library = await Library.make(folder());
    const copied: Book = {
      ...book('x'),
      body: () => assert.fail('nobody asked for it'),
      copyTo: path => writeFile(path, 'x'),
    };
    assert.equal(await library.store(copied), 'uploaded');
    const broken: Book = { ...book('y'), copyTo: () => Promise.reject(new Error('unplugged')) };
    await assert.rejects(library.store(broken), /unplugged/);
    library.close();
    assert.equal(rows().length, 1);
    assert.deepEqual(await readdir(join(folder(), 'tmp')), []);
  });

  it('keeps different books of one title apart, also where only the case differs', async () => {
    const library = await Library.make(folder());
    const bodies = ['first', 'second', 'third'];
    const titles = ['Emma', 'EMMA', 'Emma'];
    for (const [index, body] of bodies.entries()) await library.store(book(body, { title: titles[index]! }));
    library.close();
    assert.equal(new Set(rows().map(row => String(row['path_identity']))).size, 3);
    const stored = await Promise.all(
      rows().map(row => readFile(join(folder(), String(row['path'])), 'utf8')),
    );
    assert.deepEqual(stored.sort(), bodies.sort());
  });

  it('leaves a file of the user in its place', async () => {
    const library = await Library.make(folder());
    const own = join(folder(), 'books/Jane Austen/Emma.epub');
    await mkdir(join(own, '..'), { recursive: true });
    await writeFile(own, 'put here by hand');
    await library.store(book('from a tar'));
    library.close();
    assert.equal(await readFile(own, 'utf8'), 'put here by hand');
    assert.equal(rows().length, 1);
  });

  it('takes over a file that a kill left without its row', async () => {
    const library = await Library.make(folder());
    const orphan = join(folder(), 'books/Jane Austen/Emma.epub');
    await mkdir(join(orphan, '..'), { recursive: true });
    await writeFile(orphan, 'whole');
    assert.equal(await library.store(book('whole')), 'uploaded');
    library.close();
    assert.deepEqual(await readdir(join(folder(), 'books/Jane Austen')), ['Emma.epub']);
    assert.equal(rows()[0]?.['path'], 'books/Jane Austen/Emma.epub');
  });

  /** What a process of an earlier version leaves that is killed between a file's name and its row. */
  async function leftReserved({ key }: Book, path: string, body: string): Promise<void> {
    await mkdir(dirname(join(folder(), path)), { recursive: true });
    await writeFile(join(folder(), path), body);
    const database = new DatabaseSync(join(folder(), 'library.db'));
    database
      .prepare('insert into reservations (path_identity, sha1, size) values (?, ?, ?)')
      .run(path.toLowerCase(), key.sha1, key.sizeBytes);
    database.close();
  }

  it('takes over a file that a kill left without its row, whatever its book is called when it comes again', async () => {
    const library = await Library.make(folder());
    await leftReserved(book('whole'), 'books/Jane Austen/Emma.epub', 'whole');
    const again = { ...book('whole', { title: '1', authors: [] }), format: 'txt' } as const;
    assert.equal(await library.store(again), 'uploaded');
    library.close();
    assert.equal(await filesInLibrary(folder()), 1);
    assert.deepEqual(
      rows().map(row => [row['path'], row['format']]),
      [['books/Jane Austen/Emma.epub', 'epub']],
    );
    assert.equal(reservationsInLibrary(folder()), 0);
  });

  it('keeps one of several files that kills left of a book without a row', async () => {
    const library = await Library.make(folder());
    await leftReserved(book('whole'), 'books/Jane Austen/Emma.epub', 'whole');
    await leftReserved(book('whole'), 'books/Austen/Emma.epub', 'whole');
    assert.equal(await library.store(book('whole', { title: '1' })), 'uploaded');
    library.close();
    assert.equal(await filesInLibrary(folder()), 1);
    assert.equal(await readFile(join(folder(), String(rows()[0]?.['path'])), 'utf8'), 'whole');
    assert.equal(reservationsInLibrary(folder()), 0);
  });

  it('leaves what a user has put in the place that was reserved for a book', async () => {
    const library = await Library.make(folder());
    await leftReserved(book('whole'), 'books/Jane Austen/Emma.epub', 'the own');
    assert.equal(await library.store(book('whole', { title: '1' })), 'uploaded');
    library.close();
    assert.equal(await readFile(join(folder(), 'books/Jane Austen/Emma.epub'), 'utf8'), 'the own');
    assert.equal(rows()[0]?.['path'], 'books/Jane Austen/1.epub');
    assert.equal(reservationsInLibrary(folder()), 0);
  });

  for (const [what, body, isRowWhole, files] of [
    ['removes second files that kills have left of books', 'whole', true, 1],
    ['removes no second file that is another', 'other', true, 2],
    ['removes no second file of a book whose own file is gone', 'whole', false, 1],
  ] as const) {
    it(what, async () => {
      const library = await Library.make(folder());
      await library.store(book('whole'));
      await leftReserved(book('whole'), 'books/Austen, Jane/Emma.epub', body);
      if (!isRowWhole) await rm(join(folder(), 'books/Jane Austen/Emma.epub'));
      await library.removeLeftovers();
      library.close();
      assert.equal(await filesInLibrary(folder()), files);
      assert.equal(reservationsInLibrary(folder()), isRowWhole ? 0 : 1);
    });
  }

  it('keeps the file of a book that two bring at once by names that are one on a disk without case', async () => {
    const libraries = await Promise.all([Library.make(folder()), Library.make(folder())]);
    await mkdir(join(folder(), 'books', 'Jane Austen'));
    // What such a disk does with the folder's name; on one that is such it is there already.
    await symlink('Jane Austen', join(folder(), 'books', 'JANE AUSTEN')).catch((thrown: unknown) => {
      assert.equal((thrown as NodeJS.ErrnoException).code, 'EEXIST');
    });
    const names = ['Jane Austen', 'JANE AUSTEN'];
    const outcomes = await Promise.all(
      libraries.map((library, n) =>
        library.store(book('x', { authors: [{ name: names[n]!, sortName: '' }] })),
      ),
    );
    for (const library of libraries) library.close();
    assert.deepEqual(outcomes.sort(), ['already_exists', 'uploaded']);
    assert.equal(await readFile(join(folder(), String(rows()[0]?.['path'])), 'utf8'), 'x');
    assert.equal(await filesInLibrary(folder()), 1);
  });

  it('removes what killed processes left half-written, and nothing that a living one writes', async () => {
    const library = await Library.make(folder());
    await writeFile(join(folder(), 'tmp', '999999999-1.part'), 'half');
    await writeFile(join(folder(), 'tmp', `${String(process.pid)}-1.part`), 'being written');
    await library.removeLeftovers();
    library.close();
    assert.deepEqual(await readdir(join(folder(), 'tmp')), [`${String(process.pid)}-1.part`]);
  });

  it('leaves neither file nor row of a book whose bytes cannot be read to their end', async () => {
    const library = await Library.make(folder());
    const broken: Book = {
      ...book('x'),
      *body() {
        yield Buffer.from('x');
        throw new Error('unplugged');
      },
    };
    await assert.rejects(library.store(broken), /unplugged/);
    library.close();
    assert.equal(rows().length, 0);
    assert.deepEqual(await readdir(join(folder(), 'tmp')), []);
    assert.deepEqual(await readdir(join(folder(), 'books')), []);
  });

  it('is the same library wherever its folder moves, and another one when made anew', async () => {
    const library = await Library.make(join(folder(), 'one'));
    const other = await Library.make(join(folder(), 'two'));
    const again = await Library.make(join(folder(), 'one'));
    assert.equal(again.id, library.id);
    assert.notEqual(other.id, library.id);
    for (const open of [library, other, again]) open.close();
  });

  it('is opened only where it is: nothing grows in the place of an unplugged one', async () => {
    (await Library.make(join(folder(), 'shelf'))).close();
    (await Library.open(join(folder(), 'shelf'))).close();
    await rename(join(folder(), 'shelf'), join(folder(), 'unplugged'));
    await assert.rejects(Library.open(join(folder(), 'shelf')), { name: 'DestinationUnusable' });
    await assert.rejects(stat(join(folder(), 'shelf')), { code: 'ENOENT' });
  });

  it('says in one line that its folder cannot be written', async () => {
    await writeFile(join(folder(), 'file'), '');
    await assert.rejects(Library.make(join(folder(), 'file', 'library')), {
      code: 'LIBRARY_NOT_WRITABLE',
      message: /^[^\n]*$/,
    });
  });

  describe('where the file of a book is gone', () => {
    const emma = (): string => join(folder(), 'books/Jane Austen/Emma.epub');

    it('says so to whoever asks, and stores it again in the same row', async () => {
      const library = await Library.make(folder());
      const books = ['x', 'y'].map(body => book(body, { title: body === 'x' ? 'Emma' : 'Persuasion' }));
      for (const each of books) await library.store(each);
      const keys = books.map(({ key }) => key);
      assert.deepEqual(await library.faults(keys), [null, null]);
      await rm(emma());
      assert.deepEqual(await library.faults(keys), [`its file ${emma()} is gone`, null]);
      const lost: LostBook[] = [];
      await library.findLost(each => lost.push(each));
      assert.deepEqual(lost, [{ key: keys[0], tar: 'a.tar' }]);
      assert.equal(await library.store(books[0]!), 'uploaded');
      assert.equal(await library.store(books[0]!), 'already_exists');
      assert.deepEqual(await library.faults(keys), [null, null]);
      library.close();
      assert.equal(rows().length, 2);
      assert.equal(await readFile(emma(), 'utf8'), 'x');
    });

    for (const [what, change] of [
      ['a file with other bytes', () => writeFile(emma(), 'edited by a person')],
      ['a folder', () => rm(emma()).then(() => mkdir(emma()))],
    ] as const)
      it(`leaves ${what} in its place, and stores it beside that`, async () => {
        const library = await Library.make(folder());
        await library.store(book('x'));
        await change();
        assert.match((await library.faults([book('x').key]))[0] ?? '', /its file .*Emma\.epub is/);
        assert.equal(await library.store(book('x')), 'uploaded');
        assert.deepEqual(await library.faults([book('x').key]), [null]);
        library.close();
        const path = String(rows()[0]?.['path']);
        assert.notEqual(path, 'books/Jane Austen/Emma.epub');
        assert.equal(await readFile(join(folder(), path), 'utf8'), 'x');
        assert.equal((await readdir(join(folder(), 'books/Jane Austen'))).length, 2);
        assert.equal(rows().length, 1);
      });

    it('keeps it once where two bring it again at the same moment', async () => {
      const libraries = await Promise.all([Library.make(folder()), Library.make(folder())]);
      await libraries[0].store(book('x'));
      await writeFile(emma(), '');
      const outcomes = await Promise.all(libraries.map(library => library.store(book('x'))));
      assert.ok(outcomes.includes('uploaded'));
      assert.deepEqual(await libraries[0].faults([book('x').key]), [null]);
      for (const library of libraries) library.close();
      assert.equal(rows().length, 1);
      // The empty one, and the one.
      assert.equal((await readdir(join(folder(), 'books/Jane Austen'))).length, 2);
    });
  });

  describe('whose database', () => {
    const database = (): string => join(folder(), 'library.db');

    /** A library whose index takes more pages than the first, all of them in the file itself. */
    async function makeLarge(): Promise<void> {
      (await Library.make(folder())).close();
      const rows = new DatabaseSync(database());
      rows.exec(`
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000)
        insert into books (sha1, size, format, path, path_identity, title, authors, source_tar, source_member, added_at)
          select printf('%040d', i), i, 'txt', 'books/' || i, 'books/' || i, 'T', 'A', 'a.tar', 'm', '' from n;
        pragma wal_checkpoint(truncate);`);
      rows.close();
    }

    /** All pages but the first one, which says what tables there are. */
    async function damagePages(): Promise<() => Promise<void>> {
      const whole = await readFile(database());
      const file = await open(database(), 'r+');
      await file.write(Buffer.alloc(whole.length - 4096, 0x5a), 0, null, 4096);
      await file.close();
      return () => writeFile(database(), whole);
    }

    it('is damaged while it is open fails no book: it is waited for, and goes on when it is whole again', async () => {
      await makeLarge();
      const library = await Library.open(folder());
      const mend = await damagePages();
      await assert.rejects(library.store(book('x')), {
        name: 'DestinationUnusable',
        message: /its database library\.db is damaged, or its disk reports errors\. Check the disk/,
      });
      await assert.rejects(
        library.readKeys(() => undefined, null),
        { name: 'DestinationUnusable' },
      );
      await assert.rejects(
        library.findLost(() => undefined),
        { name: 'DestinationUnusable' },
      );
      assert.deepEqual(await readdir(join(folder(), 'tmp')), []);
      await mend();
      assert.equal(await library.store(book('x')), 'uploaded');
      library.close();
    });

    /** As a browser of databases does while there are changes that were not saved. */
    function writer(): { begin(): void; end(): void; close(): void } {
      const other = new DatabaseSync(database());
      return {
        begin: () => {
          other.exec('begin immediate');
        },
        end: () => {
          other.exec('rollback');
        },
        close: () => {
          other.close();
        },
      };
    }

    it('another program is writing to can be opened, and takes books as soon as that has ended', async () => {
      (await Library.make(folder())).close();
      const other = writer();
      other.begin();
      const begunAt = performance.now();
      const library = await Library.open(folder(), { patienceMs: 500 });
      (await Library.make(folder())).close();
      let longestMs = 0;
      let last = performance.now();
      const beat = setInterval(() => {
        longestMs = Math.max(longestMs, performance.now() - last);
        last = performance.now();
      }, 10);
      const many = Array.from({ length: 12 }, (_, n) => book(`bytes ${String(n)}`));
      const outcomes = await Promise.allSettled(many.map(each => library.store(each)));
      clearInterval(beat);
      for (const outcome of outcomes) {
        assert.ok(outcome.status === 'rejected' && outcome.reason instanceof DestinationUnusable);
        assert.match(
          outcome.reason.message,
          /another program is writing to its database library\.db\. Close it/,
        );
      }
      // The process says meanwhile that it lives.
      assert.ok(longestMs < 5000 && performance.now() - begunAt < 15_000, String(longestMs));
      assert.deepEqual(await readdir(join(folder(), 'tmp')), []);
      other.end();
      other.close();
      assert.deepEqual(
        new Set(await Promise.all(many.map(each => library.store(each)))),
        new Set(['uploaded']),
      );
      library.close();
      assert.equal(rows().length, many.length);
    });

    it('others write to again and again fails no book: each waits for its turn', async () => {
      (await Library.make(folder())).close();
      const library = await Library.open(folder(), { patienceMs: 60_000 });
      const other = writer();
      const many = Array.from({ length: 24 }, (_, n) => book(`bytes ${String(n)}`));
      let stored = 0;
      const storing = Promise.all(
        many.map(async each => {
          assert.equal(await library.store(each), 'uploaded');
          stored++;
        }),
      );
      while (stored < many.length) {
        other.begin();
        await Promise.race([sleep(150), storing]);
        other.end();
        await Promise.race([sleep(100), storing]);
      }
      await storing;
      other.close();
      library.close();
      assert.equal(rows().length, many.length);
    });

    for (const [how, damage] of [
      ['is cut off', () => truncate(database(), 6000)],
      ['is no database', () => writeFile(database(), 'nothing of the kind '.repeat(500))],
    ] as const)
      it(`${how} when a run begins, or a worker, says so and what to do`, async () => {
        await makeLarge();
        await damage();
        for (const opened of [() => Library.make(folder()), () => Library.open(folder())])
          await assert.rejects(opened, {
            name: 'DestinationUnusable',
            message:
              /its database library\.db is damaged, or its disk reports errors\. Check the disk[^\n]*$/,
          });
      });
  });

  for (const [title, author, path] of [
    ['A/B: the "C" <D>?', 'E|F*', 'books/E F/A B the C D.epub'],
    ['..', '../../etc', 'books/etc/'],
    ['CON', 'nul.x', 'books/_nul.x/_CON.epub'],
    ['Title. . ', '  ', 'books/Unknown author/Title.epub'],
    ['a\u0000b\nc', 'Лев Толстой', 'books/Лев Толстой/a b c.epub'],
  ] as const) {
    it(`makes a name that is safe everywhere of ${JSON.stringify(title)} by ${JSON.stringify(author)}`, async () => {
      const library = await Library.make(folder());
      await library.store(book('x', { title, authors: [{ name: author, sortName: author }] }));
      library.close();
      const stored = String(rows()[0]?.['path']);
      assert.ok(stored.startsWith(path), stored);
      assert.ok((await stat(join(folder(), stored))).isFile());
    });
  }

  it('cuts a name that no file system takes, between characters', async () => {
    const library = await Library.make(folder());
    await library.store(
      book('x', { title: 'Ж'.repeat(256), authors: [{ name: '芥'.repeat(128), sortName: '' }] }),
    );
    library.close();
    const [, author, file] = String(rows()[0]?.['path']).split('/');
    assert.ok(Buffer.byteLength(author!) <= 255 && /^芥+$/u.test(author!));
    assert.ok(Buffer.byteLength(file!) <= 255 && /^Ж+\.epub$/u.test(file!));
  });
});
