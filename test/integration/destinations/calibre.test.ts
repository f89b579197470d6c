import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { CalibreDestination } from '../../../src/engine/destinations/calibre/calibreDestination.ts';
import { Calibredb, type CalibreLibrary } from '../../../src/engine/destinations/calibre/calibredb.ts';
import { DestinationUnusable, type Book } from '../../../src/engine/destinations/destination.ts';
import { TarshelfError } from '../../../src/protocol/errors.ts';
import type { CalibreDeclined } from '../../../src/protocol/ingestOptions.ts';
import { hasCalibre } from '../../../scripts/calibre.ts';
import { useCalibreAlone } from '../../support/calibreAlone.ts';
import { bookToStore } from '../../support/books/bookToStore.ts';
import { startCalibreServer, type CalibreServer } from '../../support/calibreServer.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

/** What calibre itself says, asked by its own program. */
function listed(library: string): Record<string, unknown>[] {
  const fields =
    'title,authors,author_sort,series,series_index,languages,publisher,pubdate,identifiers,formats';
  const { stdout } = spawnSync(
    'calibredb',
    ['list', '--with-library', library, '--for-machine', '--sort-by=id', '--ascending', `--fields=${fields}`],
    { encoding: 'utf8' },
  );
  return JSON.parse(stdout) as Record<string, unknown>[];
}

async function knownKeys(destination: CalibreDestination): Promise<string[]> {
  const keys: string[] = [];
  await destination.readKeys(key => keys.push(key.sha1), null);
  return keys.sort();
}

describe('calibre', function () {
  useCalibreAlone();
  this.timeout(120_000);
  const folder = useTempFolder();
  const library = (): string => join(folder(), 'Calibre Library');
  const make = (declined: CalibreDeclined = 'add-format'): Promise<CalibreDestination> =>
    CalibreDestination.make({ location: library(), userName: null, password: null }, declined);

  before(function () {
    if (!hasCalibre()) this.skip();
  });

  it('adds books in one call, each with its own metadata and key', async () => {
    const destination = await make();
    const books = [
      bookToStore('one', { title: 'Emma & “Others” <1>', language: 'en' }),
      bookToStore('two', {
        title: 'Война и мир',
        authors: [
          { name: 'Лев Толстой', sortName: 'Толстой, Лев' },
          { name: 'Aylmer Maude', sortName: 'Maude, Aylmer' },
        ],
        language: 'ru',
        series: { name: 'Классика', index: 2.5 },
        publisher: 'Наука',
        date: '1869-01-20',
        identifiers: { isbn: '9780306406157' },
      }),
      bookToStore('three', { title: 'Ohne Autor', authors: [], language: null }),
    ];
    assert.deepEqual(await Promise.all(books.map(one => destination.store(one))), [
      'uploaded',
      'uploaded',
      'uploaded',
    ]);
    const [emma, war, none] = listed(library());
    assert.equal(emma?.['title'], 'Emma & “Others” <1>');
    assert.equal(emma['authors'], 'Jane Austen');
    assert.equal(emma['author_sort'], 'Austen, Jane');
    assert.deepEqual(emma['languages'], ['eng']);
    assert.deepEqual(emma['identifiers'], { tarshelf: books[0]?.key.sha1 });
    assert.equal(war?.['title'], 'Война и мир');
    assert.equal(war['authors'], 'Лев Толстой & Aylmer Maude');
    assert.deepEqual(war['languages'], ['rus']);
    assert.equal(war['series'], 'Классика');
    assert.equal(war['series_index'], 2.5);
    assert.equal(war['publisher'], 'Наука');
    assert.match(String(war['pubdate']), /^1869-01-/);
    assert.deepEqual(war['identifiers'], { tarshelf: books[1]?.key.sha1, isbn: '9780306406157' });
    assert.equal(none?.['title'], 'Ohne Autor');
    const [file] = war['formats'] as string[];
    assert.equal(await readFile(file ?? '', 'utf8'), 'two');
    assert.deepEqual(await knownKeys(destination), books.map(one => one.key.sha1).sort());
  });

  for (const declined of ['add-format', 'add-anyway'] as const) {
    it(`adds nothing a second time with ${declined}`, async () => {
      const destination = await make(declined);
      const emma = bookToStore('one');
      assert.equal(await destination.store(emma), 'uploaded');
      const again = await make(declined);
      assert.equal(again.id, destination.id);
      assert.equal(await again.store(emma), 'already_exists');
      assert.equal(listed(library()).length, 1);
    });
  }

  it('makes a book of the same title and authors a further format, and knows it by its own key', async () => {
    const destination = await make('add-format');
    const text = bookToStore('as text');
    const rich = bookToStore('{\\rtf1 as rich text}', {}, 'rtf');
    assert.equal(await destination.store(text), 'uploaded');
    assert.equal(await destination.store(rich), 'uploaded');
    const [only, ...others] = listed(library());
    assert.equal(others.length, 0);
    assert.deepEqual(only?.['identifiers'], { tarshelf: text.key.sha1, 'tarshelf-rtf': rich.key.sha1 });
    assert.deepEqual(await knownKeys(destination), [text.key.sha1, rich.key.sha1].sort());
    // A second text has no place in that book, and is lost in none.
    assert.equal(await destination.store(bookToStore('another text')), 'uploaded');
    assert.equal(listed(library()).length, 2);
    assert.equal((await knownKeys(destination)).length, 3);
  });

  it('declines a book of the same title and authors where that was chosen, and says why', async () => {
    const destination = await make('decline');
    const outcomes = await Promise.allSettled(
      [bookToStore('one'), bookToStore('two'), bookToStore('three', { title: 'Persuasion' })].map(one =>
        destination.store(one),
      ),
    );
    assert.deepEqual(
      outcomes.map(outcome => outcome.status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    const [, declined] = outcomes;
    assert(declined?.status === 'rejected' && declined.reason instanceof TarshelfError);
    assert.equal(declined.reason.code, 'DECLINED');
    assert.match(declined.reason.message, /books\/two\.txt.*“Emma”/);
    assert.equal(listed(library()).length, 2);
  });

  it('adds a book of the same title and authors as one more where that was chosen', async () => {
    const destination = await make('add-anyway');
    assert.equal(await destination.store(bookToStore('one')), 'uploaded');
    assert.equal(await destination.store(bookToStore('two')), 'uploaded');
    assert.equal(listed(library()).length, 2);
  });

  it('finds by its bytes a book that was added by somebody else, and notes its key', async () => {
    const destination = await make('add-format');
    const emma = bookToStore('one');
    await destination.store(emma);
    const [{ id } = {}] = listed(library());
    spawnSync('calibredb', [
      'set_metadata',
      '--with-library',
      library(),
      String(id),
      '-f',
      'identifiers:isbn:9780306406157',
    ]);
    assert.deepEqual(await knownKeys(destination), []);
    assert.equal(await destination.store(emma), 'already_exists');
    assert.deepEqual(await knownKeys(destination), [emma.key.sha1]);
    assert.deepEqual(listed(library())[0]?.['identifiers'], {
      isbn: '9780306406157',
      tarshelf: emma.key.sha1,
    });
  });

  it('fails the one book that cannot be read, and stores those beside it', async () => {
    const destination = await make();
    const broken: Book = {
      ...bookToStore('broken'),
      body: () => {
        throw new TarshelfError('BOOK_NOT_READABLE', 'the tar ends here');
      },
    };
    const [first, second] = await Promise.allSettled([
      destination.store(broken),
      destination.store(bookToStore('one')),
    ]);
    assert.equal(
      first.status === 'rejected' && first.reason instanceof TarshelfError && first.reason.code,
      'BOOK_NOT_READABLE',
    );
    assert.equal(second.status, 'fulfilled');
  });

  it('leaves nothing in the folder for temporary files', async () => {
    const destination = await make();
    await destination.store(bookToStore('one'));
    await knownKeys(destination);
    const left = await readdir(join(tmpdir(), `tarshelf-calibre-${String(userInfo().uid)}`));
    assert.deepEqual(
      left.filter(name => !name.startsWith('turn.lock')),
      [],
    );
  });

  it('takes turns with other processes that use the same program', async () => {
    const destinations = await Promise.all([make(), make(), make()]);
    const outcomes = await Promise.all(
      destinations.map((destination, index) =>
        destination.store(bookToStore(`number ${String(index)}`, { title: `Title ${String(index)}` })),
      ),
    );
    assert.deepEqual(outcomes, ['uploaded', 'uploaded', 'uploaded']);
    assert.equal(listed(library()).length, 3);
  });

  it('says how to go on when the calibre program has the library', async () => {
    const destination = await make();
    // calibre's own debug shell takes the same lock as its window does.
    const holder = spawn('calibre-debug', [
      '-c',
      'import sys, time; from calibre.utils.lock import singleinstance; print(singleinstance("db")); sys.stdout.flush(); time.sleep(60)',
    ]);
    try {
      await new Promise<void>((resolve, reject) => {
        holder.stdout.once('data', (said: Buffer) => {
          if (said.toString().includes('True')) resolve();
          else reject(new Error(said.toString()));
        });
        holder.once('error', reject);
      });
      await assert.rejects(destination.store(bookToStore('one')), (thrown: unknown) => {
        assert(thrown instanceof DestinationUnusable);
        assert.match(thrown.message, /content server/);
        return true;
      });
    } finally {
      holder.kill('SIGKILL');
    }
  });

  it('never makes a new library where the old one is gone, and takes no empty list for one', async () => {
    const destination = await make();
    await destination.store(bookToStore('one'));
    await rename(library(), `${library()} elsewhere`);
    await assert.rejects(destination.store(bookToStore('two')), DestinationUnusable);
    await assert.rejects(knownKeys(destination), DestinationUnusable);
    assert.deepEqual(await readdir(folder()), ['Calibre Library elsewhere']);
    await rename(`${library()} elsewhere`, library());
    assert.equal(await destination.store(bookToStore('two')), 'uploaded');
  });

  describe('on a content server', () => {
    let server: CalibreServer;
    const at = (password: string | null): CalibreLibrary => ({
      location: server.address,
      userName: 'reader',
      password,
    });

    beforeEach(async () => {
      (await make()).close();
      server = await startCalibreServer(folder(), library(), 'reader', 'a secret');
    });

    afterEach(async () => {
      await server.close();
    });

    it('adds books under a name and a password, and knows them again', async () => {
      const destination = await CalibreDestination.make(at('a secret'), 'add-format');
      const emma = bookToStore('one');
      assert.equal(await destination.store(emma), 'uploaded');
      assert.equal(await destination.store(emma), 'already_exists');
      assert.deepEqual(await knownKeys(destination), [emma.key.sha1]);
    });

    it('says it when the password is wrong, or the server is away', async () => {
      await assert.rejects(CalibreDestination.make(at('wrong'), 'add-format'), /does not let us in/);
      const away = { ...at('a secret'), location: 'http://127.0.0.1:9/#Calibre_Library' };
      await assert.rejects(CalibreDestination.make(away, 'add-format'), /cannot be reached/);
    });
  });

  it('says what to install where calibre is missing', async () => {
    await mkdir(library());
    const location = { location: library(), userName: null, password: null };
    await assert.rejects(
      CalibreDestination.make(location, 'add-format', new Calibredb(location, join(folder(), 'calibredb'))),
      (thrown: unknown) => {
        assert(thrown instanceof DestinationUnusable);
        assert.match(thrown.message, /Install calibre/);
        return true;
      },
    );
  });
});
