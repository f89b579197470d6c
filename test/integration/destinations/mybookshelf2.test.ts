import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { DestinationUnusable, type Book } from '../../../src/engine/destinations/destination.ts';
import {
  MyBookshelf2Destination,
  type MyBookshelf2Settings,
} from '../../../src/engine/destinations/mybookshelf2/myBookshelf2Destination.ts';
import { TarshelfError } from '../../../src/protocol/errors.ts';
import { bookToStore } from '../../support/books/bookToStore.ts';
import type { FaultKind, FaultPlace } from '../../support/mybookshelf2/faults.ts';
import { MyBookshelf2Server } from '../../support/mybookshelf2/mybookshelf2Server.ts';

type Options = ConstructorParameters<typeof MyBookshelf2Destination>[0];

const quick: MyBookshelf2Settings = {
  // The waits between attempts, a hundred times as short.
  timing: {
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) reject(new Error('stopped'));
        setTimeout(resolve, ms / 100);
      }),
    random: () => 0.5,
  },
  taskTimes: { shortestPatienceMs: 200, longestTaskMs: 500 },
};

describe('mybookshelf2', function () {
  this.timeout(30_000);
  let server: MyBookshelf2Server;
  const opened: MyBookshelf2Destination[] = [];

  function open(options: Partial<Options> = {}, settings: MyBookshelf2Settings = quick, password = 'admin') {
    const destination = new MyBookshelf2Destination(
      {
        kind: 'mybookshelf2',
        apiUrl: server.apiUrl,
        webSocketUrl: server.wsUrl,
        userName: 'admin',
        fallbackLanguage: null,
        database: null,
        ...options,
      },
      { password, databasePassword: null },
      settings,
    );
    opened.push(destination);
    return destination;
  }

  const keyOf = ({ key }: Book): string => `${key.sha1}|${String(key.sizeBytes)}`;
  const stored = (): string[] => server.sources.map(({ hash, size }) => `${hash}|${String(size)}`).sort();

  beforeEach(async () => {
    server = await MyBookshelf2Server.start();
  });
  afterEach(async () => {
    for (const destination of opened.splice(0)) destination.close();
    await server.close();
  });

  it('stores a book under its key, with the metadata that we read', async () => {
    const book = bookToStore(
      'one',
      {
        title: 'Замок',
        authors: [
          { name: 'Франц Кафка', sortName: 'Кафка, Франц' },
          { name: 'Аноним', sortName: 'Аноним' },
        ],
        language: 'ru',
        series: { name: 'Романы', index: 2 },
      },
      'epub',
    );
    assert.equal(await open().store(book), 'uploaded');
    assert.deepEqual(stored(), [keyOf(book)]);
    const [source] = server.sources;
    const [ebook] = server.ebooks;
    assert.ok(source && ebook);
    assert.equal(source.loadSource, `${book.key.sha1}.epub`);
    assert.equal(ebook.title, 'Замок');
    assert.deepEqual(
      ebook.authors.map(author => [author.firstName, author.lastName]),
      [
        ['Франц', 'Кафка'],
        [undefined, 'Аноним'],
      ],
    );
    assert.equal(ebook.language.code, 'ru');
    assert.deepEqual([ebook.series?.title, ebook.seriesIndex], ['Романы', 2]);
  });

  it('logs in once and connects once, however many books there are', async () => {
    const destination = open();
    const books = Array.from({ length: 12 }, (_, n) =>
      bookToStore(`book ${String(n)}`, { title: `T${String(n)}` }),
    );
    await Promise.all(books.map(book => destination.store(book)));
    assert.deepEqual(stored(), books.map(keyOf).sort());
    assert.equal(server.requests.logins, 1);
    assert.equal(server.requests.socketsOpened, 1);
  });

  it('sends nothing of a book that is there', async () => {
    const book = bookToStore('one');
    await open().store(book);
    assert.equal(await open().store(book), 'already_exists');
    assert.equal(server.requests.of('POST /api/upload'), 1);
    assert.equal(server.sources.length, 1);
  });

  it('asks for many keys at once, by their bytes and never by their size alone', async () => {
    const there = bookToStore('one');
    server.seedSource({ hash: there.key.sha1, size: there.key.sizeBytes });
    const sameSize = bookToStore('two');
    const others = Array.from({ length: 250 }, (_, n) => bookToStore(`other ${String(n)}`));
    const destination = open();
    const known = await destination.known([...others, sameSize, there]);
    assert.deepEqual(known, [...others.map(() => false), false, true]);
    assert.equal(server.requests.of('POST /api/upload/check-batch'), 2);
    assert.equal(await destination.store(sameSize), 'uploaded');
    // It has just been said to be new.
    assert.equal(server.requests.of('POST /api/upload/check'), 0);
  });

  it('asks for keys one by one where the server cannot tell many at once', async () => {
    await server.close();
    server = await MyBookshelf2Server.start({ checkBatch: false });
    const there = bookToStore('one');
    server.seedSource({ hash: there.key.sha1, size: there.key.sizeBytes });
    const destination = open();
    assert.deepEqual(await destination.known([there]), [false]);
    assert.equal(await destination.store(there), 'already_exists');
    assert.deepEqual(await destination.known([there]), [false]);
    assert.equal(server.requests.of('POST /api/upload/check-batch'), 1);
  });

  it('makes files of one title and author files of one book, also when they come at once', async () => {
    const destination = open();
    const formats = ['epub', 'fb2', 'mobi', 'pdf'] as const;
    const books = formats.map(format => bookToStore(`as ${format}`, {}, format));
    const outcomes = await Promise.all(books.map(book => destination.store(book)));
    assert.deepEqual(
      outcomes,
      books.map(() => 'uploaded'),
    );
    assert.equal(server.ebooks.length, 1);
    assert.equal(server.sources.length, 4);
  });

  it('does not mix books whose titles only begin alike, or whose authors differ', async () => {
    const destination = open();
    const austen = [{ name: 'Jane Austen', sortName: 'Austen, Jane' }];
    await destination.store(bookToStore('1', { title: 'Emma', authors: austen }));
    await destination.store(bookToStore('2', { title: 'Emma and others', authors: austen }));
    await destination.store(bookToStore('3', { title: 'Em', authors: austen }));
    await destination.store(
      bookToStore('4', { title: 'Emma', authors: [{ name: 'A Mason', sortName: 'Mason, A' }] }),
    );
    assert.equal(server.ebooks.length, 4);
  });

  for (const title of ['AC/DC', '..', '%_', '???', 'Ünïcödé + & = #', 'xxx/../y']) {
    it(`stores a book called ${title.slice(0, 20)}`, async () => {
      assert.equal(await open().store(bookToStore(title, { title })), 'uploaded');
      assert.equal(server.ebooks[0]?.title, title);
    });
  }

  it('shortens a title of which the server could make no file name', async () => {
    const title = 'word '.repeat(51).trim();
    const series = { name: 'A series', index: 1 };
    for (const more of [{}, { series }]) {
      const book = bookToStore(JSON.stringify(more), { title, ...more });
      assert.equal(await open().store(book), 'uploaded');
    }
    for (const ebook of server.ebooks) assert.match(ebook.title, /^(?:word ){35,}word$/);
  });

  describe('the language', () => {
    it('is the fallback where the server does not know that of a book, asked for once', async () => {
      const destination = open({ fallbackLanguage: 'en' });
      await destination.store(bookToStore('1', { title: 'Der Prozess', language: 'de' }));
      await destination.store(bookToStore('2', { title: 'Das Schloss', language: 'de' }));
      assert.deepEqual(
        server.ebooks.map(ebook => ebook.language.code),
        ['en', 'en'],
      );
      assert.equal(server.requests.tasksStarted, 3);
    });

    it('is the fallback where a book says none', async () => {
      await open({ fallbackLanguage: 'ru' }).store(bookToStore('1', { language: null }));
      assert.equal(server.ebooks[0]?.language.code, 'ru');
    });

    it('fails a book clearly where there is no fallback, or an unknown one', async () => {
      const german = bookToStore('1', { title: 'Der Prozess', language: 'de' });
      const failure = /has the language “de”, which MyBookshelf2 does not know\. Set a fallback language/;
      await assert.rejects(open().store(german), failure);
      await assert.rejects(
        open({ fallbackLanguage: 'fr' }).store(german),
        /Nor does it know the fallback language “fr”/,
      );
      await assert.rejects(
        open().store(bookToStore('2', { language: null })),
        /has no language\. Set a fallback/,
      );
      assert.equal(server.sources.length, 0);
    });
  });

  describe('what it does not take', () => {
    it('is a book over 500 MiB, of which nothing is sent', async () => {
      const book = { ...bookToStore('1'), key: { sha1: 'a'.repeat(40), sizeBytes: 524_288_000 } };
      await assert.rejects(open().store(book), (thrown: unknown) => {
        return (
          thrown instanceof TarshelfError && thrown.code === 'DECLINED' && thrown.message.includes('500 MiB')
        );
      });
      assert.equal(server.requests.of('POST /api/upload'), 0);
    });

    it('is a book that the server finds too large after all', async () => {
      server.failNext('POST /api/upload', 'tooLarge');
      await assert.rejects(
        open().store(bookToStore('1')),
        (thrown: unknown) => thrown instanceof TarshelfError && thrown.code === 'DECLINED',
      );
    });

    it('is a type that it has no name for, and an empty book', async () => {
      await assert.rejects(open().store(bookToStore('1', {}, 'cbz')), /takes no cbz files/);
      await assert.rejects(open().store(bookToStore('')), /is empty/);
    });

    it('is a book that changed while it was sent', async () => {
      const book = bookToStore('as it was');
      const changed: Book = {
        ...book,
        *body() {
          yield Buffer.from('as it is');
          throw new TarshelfError('BOOK_NOT_READABLE', 'it changed');
        },
      };
      await assert.rejects(open().store(changed), /it changed/);
      assert.equal(server.sources.length, 0);
    });
  });

  describe('after a fault', () => {
    const faults: [FaultPlace, FaultKind[]][] = [
      ['POST /login', ['error500', 'cutBefore', 'cutAfter', 'unavailable', 'slow']],
      ['POST /api/upload/check', ['error500', 'cutBefore', 'cutAfter', 'unavailable', 'expired']],
      ['POST /api/upload', ['error500', 'error500After', 'cutBefore', 'cutAfter', 'unavailable', 'expired']],
      ['GET /api/uploads-meta/<id>', ['error500', 'cutAfter', 'unavailable', 'expired']],
      ['GET /api/search/<words>', ['error500', 'cutAfter', 'unavailable', 'expired']],
      ['GET /api/ebooks/index/<title>', ['error500', 'cutAfter', 'unavailable', 'expired']],
      ['POST /api/ebooks', ['error500', 'error500After', 'cutBefore', 'cutAfter', 'unavailable', 'expired']],
      [
        'POST /api/ebooks/<id>/add-upload',
        ['error500', 'error500After', 'cutBefore', 'cutAfter', 'unavailable', 'expired'],
      ],
      ['connect', ['cutBefore', 'unavailable', 'expired']],
      ['metadata', ['resultLost', 'socketDrop', 'slow', 'taskError']],
    ];
    for (const [place, kinds] of faults) {
      for (const kind of kinds) {
        // A new token that is refused, too, and a task that fails again, do not pass.
        for (const times of kind === 'expired' || kind === 'taskError' ? [1] : [1, 2]) {
          it(`stores a book once: ${kind} at ${place}${times === 1 ? '' : ', twice'}`, async () => {
            server.failNext(place, kind, times);
            const book = bookToStore('one');
            assert.equal(await open().store(book), 'uploaded');
            assert.deepEqual(stored(), [keyOf(book)]);
            assert.equal(server.ebooks.length, 1);
          });
        }
      }
    }

    for (const [what, restart] of [
      ['the server', () => server.restart()],
      ['its backend, with all tasks', () => server.restartBackend()],
      [
        'the connections',
        () => {
          server.dropSockets();
        },
      ],
    ] as const) {
      it(`stores each book once when ${what} is lost in the middle, again and again`, async () => {
        await server.close();
        server = await MyBookshelf2Server.start({ latencyMs: 5, taskMs: 50 });
        const destination = open(
          {},
          { ...quick, taskTimes: { shortestPatienceMs: 300, longestTaskMs: 1000 } },
        );
        const books = Array.from({ length: 24 }, (_, n) =>
          bookToStore(`book ${String(n)}`, { title: `T${String(n)}` }),
        );
        let left = books.length;
        const restarting = (async () => {
          while (left > 0) {
            await new Promise(resolve => setTimeout(resolve, 150));
            await restart();
          }
        })();
        const storing = books.map(async book => {
          // As the worker does that waits for a destination.
          for (;;) {
            try {
              return await destination.store(book);
            } catch (thrown) {
              if (!(thrown instanceof DestinationUnusable)) throw thrown;
            }
          }
        });
        for (const one of storing) void one.finally(() => left--).catch(() => undefined);
        assert.deepEqual(
          await Promise.all(storing),
          books.map(() => 'uploaded'),
        );
        await restarting;
        assert.deepEqual(stored(), books.map(keyOf).sort());
        assert.deepEqual(server.duplicateKeys(), []);
      });
    }

    it('takes a book that somebody else added in the last moment for there', async () => {
      server.failNext('POST /api/ebooks/<id>/add-upload', 'duplicateMeanwhile');
      const book = bookToStore('one');
      await open().store(book);
      assert.deepEqual(stored(), [keyOf(book)]);
    });

    it('renews its token without a new login, and logs in anew where that is refused, too', async () => {
      const destination = open();
      await destination.store(bookToStore('one'));
      server.expireTokens();
      await destination.store(bookToStore('two', { title: 'Two' }));
      assert.deepEqual([server.requests.logins, server.requests.refreshes], [1, 1]);
    });

    it('fails one book whose metadata the server cannot read, with its words', async () => {
      server.failNext('metadata', 'taskError', 2);
      await assert.rejects(
        open().store(bookToStore('one')),
        /could not take books\/one\.txt: Timeout after 60 seconds\. It is tried again/,
      );
    });

    it('fails one book that the server cannot take, and says that it takes others', async () => {
      server.failNext('POST /api/ebooks/<id>/add-upload', 'error500', 6);
      const destination = open();
      await assert.rejects(
        destination.store(bookToStore('one')),
        (thrown: unknown) =>
          thrown instanceof TarshelfError &&
          thrown.code === 'UPLOAD_FAILED' &&
          /could not take books\/one\.txt: .* HTTP 500/.test(thrown.message),
      );
      assert.equal(await destination.store(bookToStore('two', { title: 'Two' })), 'uploaded');
    });

    it('stops trying when it is told to, without an outcome of the book', async () => {
      const stop = new AbortController();
      const destination = open({}, { stop: stop.signal });
      server.setFaults({ rate: 1, kinds: ['error500'] });
      const storing = destination.store(bookToStore('one'));
      setTimeout(() => {
        stop.abort();
      }, 100);
      await assert.rejects(storing, DestinationUnusable);
    });
  });

  describe('a server that is away', () => {
    it('makes the destination unusable, and is used again when it is back', async () => {
      const destination = open();
      await destination.store(bookToStore('one'));
      await server.stop();
      await assert.rejects(
        destination.store(bookToStore('two', { title: 'Two' })),
        (thrown: unknown) =>
          thrown instanceof DestinationUnusable &&
          /Nothing answers at http.*ECONNREFUSED/.test(thrown.message),
      );
      await server.start();
      assert.equal(await destination.store(bookToStore('two', { title: 'Two' })), 'uploaded');
      assert.equal(server.sources.length, 2);
    });

    it('is told from one that asks to be left alone for long', async () => {
      server.setFaults({ rate: 1, kinds: ['unavailable'], retryAfterSeconds: 600 });
      await assert.rejects(
        open().store(bookToStore('one')),
        (thrown: unknown) => thrown instanceof DestinationUnusable && thrown.retryAfterMs === 600_000,
      );
    });

    it('is asked every hour, however long it asks to be left alone', async () => {
      server.setFaults({ rate: 1, kinds: ['unavailable'], retryAfterSeconds: 31_536_000 });
      await assert.rejects(
        open().store(bookToStore('one')),
        (thrown: unknown) => thrown instanceof DestinationUnusable && thrown.retryAfterMs === 3_600_000,
      );
    });
  });

  describe('a look before the first book says what is wrong with', () => {
    it('nothing, and leaves nothing behind', async () => {
      await open().check();
      assert.deepEqual([server.sources.length, server.ebooks.length], [0, 0]);
    });

    it('the password', async () => {
      await assert.rejects(
        open({}, quick, 'wrong').check(),
        /does not take the password of admin \(Invalid Login\)/,
      );
    });

    it('a password that is missing', async () => {
      await assert.rejects(open({}, quick, null as never).check(), /A password is needed for admin/);
    });

    it('the address', async () => {
      const port = await freePort();
      await assert.rejects(
        open({ apiUrl: `http://127.0.0.1:${String(port)}` }).check(),
        /Nothing answers at http.*ECONNREFUSED.*Start the server, or correct the address/,
      );
      await assert.rejects(
        open({ apiUrl: 'http://no.such.host.invalid' }).check(),
        /The name in .* is not known/,
      );
      await assert.rejects(
        open({ apiUrl: `${server.apiUrl}/elsewhere` }).check(),
        /not as MyBookshelf2 does/,
      );
    });

    it('the WebSocket', async () => {
      const port = await freePort();
      await assert.rejects(
        open({ webSocketUrl: `ws://127.0.0.1:${String(port)}/ws` }).check(),
        /The WebSocket of MyBookshelf2 is closed to us: Nothing answers at ws:/,
      );
      await assert.rejects(
        open({ webSocketUrl: server.apiUrl.replace('http', 'ws') + '/login' }).check(),
        /is no WebSocket of MyBookshelf2|closed to us/,
      );
    });
  });
});

async function freePort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  await new Promise(resolve => listener.close(resolve));
  return port;
}
