import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Book } from '../../../src/engine/destinations/destination.ts';
import { Library } from '../../../src/engine/destinations/library/library.ts';
import { libraryPaths } from '../../../src/engine/destinations/library/libraryPaths.ts';
import { toFailure } from '../../../src/protocol/errors.ts';
import { findSentence } from '../../../src/protocol/sentences.ts';
import { bookToStore } from '../../support/books/bookToStore.ts';
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
