import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BookMetadata } from '../../../src/engine/books/metadata/bookMetadata.ts';
import {
  DestinationUnusable,
  type Book,
  type KnownKey,
} from '../../../src/engine/destinations/destination.ts';
import {
  MyBookshelf2CliDestination,
  type MyBookshelf2CliOptions,
} from '../../../src/engine/destinations/mybookshelf2Cli/myBookshelf2CliDestination.ts';
import type { MyBookshelf2CliSettings } from '../../../src/engine/destinations/mybookshelf2Cli/myBookshelf2CliSettings.ts';
import { TarshelfError } from '../../../src/protocol/errors.ts';
import { startTarshelf } from '../../support/commandLine.ts';
import { extractWithGnuTar, makeTar } from '../../support/gnuTar.ts';
import { useIngest } from '../../support/ingestFixture.ts';
import { StandInProgram, type Fault } from '../../support/mybookshelf2Cli/standInProgram.ts';
import { commandsWith, descendants } from '../../support/processTree.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

function book(body: string, metadata: Partial<BookMetadata> = {}, format: Book['format'] = 'txt'): Book {
  const bytes = Buffer.from(body);
  return {
    key: { sha1: createHash('sha1').update(bytes).digest('hex'), sizeBytes: bytes.length },
    format,
    metadata: {
      title: 'Emma',
      authors: [{ name: 'Jane Austen', sortName: 'Austen, Jane' }],
      language: 'en',
      series: null,
      publisher: null,
      date: null,
      identifiers: {},
      warning: null,
      ...metadata,
    },
    tar: 'a.tar',
    member: `books/${body}.${format}`,
    body: () => [bytes],
  };
}

/** Fails unless the promise is rejected as DestinationUnusable with one line. */
async function unusable(promise: Promise<unknown>, pattern: RegExp): Promise<void> {
  await assert.rejects(promise, (thrown: unknown) => {
    assert(thrown instanceof DestinationUnusable, String(thrown));
    assert.match(thrown.message, pattern);
    assert.doesNotMatch(thrown.message, /\n|a secret/);
    return true;
  });
}

/** Fails unless the promise is rejected as a book's own failure. */
async function failed(promise: Promise<unknown>, pattern: RegExp): Promise<void> {
  await assert.rejects(promise, (thrown: unknown) => {
    assert(thrown instanceof TarshelfError, String(thrown));
    assert.equal(thrown.code, 'UPLOAD_FAILED');
    assert.match(thrown.message, pattern);
    return true;
  });
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 15_000; !(await holds());) {
    assert.ok(performance.now() < deadline, 'it did not come to be');
    await sleep(20);
  }
}

const httpError = 'requests.exceptions.HTTPError';
const serverError: Fault = {
  raise: [
    httpError,
    '500 Server Error: INTERNAL SERVER ERROR for url: http://localhost:6006/api/ebooks/7/add-upload',
  ],
};

describe('mybookshelf2-cli', function () {
  this.timeout(60_000);
  const folder = useTempFolder();
  let server: StandInProgram;
  let waits: number[];

  beforeEach(async () => {
    server = await StandInProgram.make(folder());
    await mkdir(join(folder(), 'temporary'));
    waits = [];
  });

  const places = ['on this machine', 'in a container'] as const;
  type Where = (typeof places)[number];

  function options(where: Where, more: Partial<MyBookshelf2CliOptions> = {}): MyBookshelf2CliOptions {
    return {
      kind: 'mybookshelf2-cli',
      apiUrl: 'http://localhost:6006',
      webSocketUrl: 'ws://localhost:8080/ws',
      userName: 'admin',
      fallbackLanguage: null,
      database: null,
      container: where === 'in a container' ? 'shelf' : null,
      program: where === 'in a container' ? '/app/cli/mbs2.py' : server.program,
      ...more,
    };
  }

  function settings(
    limits: Partial<MyBookshelf2CliSettings['limits']> = {},
  ): Partial<MyBookshelf2CliSettings> {
    return {
      docker: server.docker,
      temporaryFolder: join(folder(), 'temporary'),
      limits: { silenceMs: 30_000, examineEveryMs: 20_000, totalMs: 60_000, graceMs: 1000, ...limits },
      sleep: ms => Promise.resolve(waits.push(ms)),
      random: () => 0.5,
    };
  }

  function open(
    where: Where = 'on this machine',
    more: Partial<MyBookshelf2CliOptions> = {},
    limits: Partial<MyBookshelf2CliSettings['limits']> = {},
  ): MyBookshelf2CliDestination {
    return MyBookshelf2CliDestination.open(options(where, more), 'a secret', null, settings(limits));
  }

  function make(
    where: Where = 'on this machine',
    more: Partial<MyBookshelf2CliOptions> = {},
    password: string | null = 'a secret',
  ): Promise<MyBookshelf2CliDestination> {
    return MyBookshelf2CliDestination.make(options(where, more), password, null, settings());
  }

  async function nothingIsLeft(): Promise<void> {
    assert.deepEqual(await readdir(join(folder(), 'temporary')), []);
    assert.deepEqual(await server.leftInside(), []);
    // Of the program, of the client of Docker, and of what looks after them: all have the folder in their arguments.
    await until(async () => (await commandsWith(folder())).length === 0);
  }

  for (const where of places) {
    describe(where, () => {
      it('uploads a book with its metadata, under a name that the server keeps', async () => {
        const destination = await make(where);
        const war = book(
          'war',
          {
            title: 'Война и мир',
            authors: [
              { name: 'Лев Толстой', sortName: 'Толстой, Лев' },
              { name: 'Гомер', sortName: 'Гомер' },
            ],
            language: 'rus',
            series: { name: 'Классика', index: 2 },
          },
          'fb2',
        );
        assert.equal(await destination.store(war), 'uploaded');
        assert.deepEqual(await server.books(), [
          {
            file_name: `${war.key.sha1}.fb2`,
            title: 'Война и мир',
            authors: ['Толстой, Лев', 'Гомер'],
            language: 'ru',
            series: 'Классика',
            series_index: 2,
          },
        ]);
        assert.deepEqual(await server.keys(), [`${war.key.sha1}-3`]);
        assert.equal(
          destination.id,
          `mybookshelf2:${where === 'in a container' ? 'shelf' : 'http://localhost:6006'}`,
        );
        await nothingIsLeft();
      });

      it('uploads nothing a second time', async () => {
        const destination = open(where);
        assert.equal(await destination.store(book('one')), 'uploaded');
        assert.equal(await destination.store(book('one')), 'already_exists');
        await server.addFault({ late: true });
        assert.equal(await destination.store(book('two')), 'already_exists');
        assert.equal((await server.keys()).length, 2);
        await nothingIsLeft();
      });

      it('ends a program that is silent and does nothing, and counts its book as uploaded where it got that far', async () => {
        const destination = open(where, {}, { silenceMs: 3000, examineEveryMs: 500 });
        await server.addFault({ hang: true, stubborn: true });
        await server.addFault({ killedAfter: true });
        assert.equal(await destination.store(book('one')), 'uploaded');
        assert.equal((await server.uploads()).length, 3);
        // Who adds it after that finds it there.
        assert.equal(await destination.store(book('one')), 'already_exists');
        await nothingIsLeft();
      });

      it('lets a program be that says something, or computes', async () => {
        const destination = open(where, {}, { silenceMs: 3000, examineEveryMs: 500 });
        await server.addFault({ lines: 12 });
        await server.addFault({ busySeconds: 5 });
        assert.equal(await destination.store(book('one')), 'uploaded');
        assert.equal(await destination.store(book('two')), 'uploaded');
        assert.equal((await server.uploads()).length, 2);
      });

      it('ends a program that takes too long, whatever it says', async () => {
        const destination = open(where, {}, { totalMs: 4000 });
        for (let run = 0; run < 3; run++) await server.addFault({ lines: 100 });
        await failed(destination.store(book('one')), /longer than 4 seconds; 3 attempts/);
        assert.deepEqual(waits, [1000, 2000]);
        await nothingIsLeft();
      });

      it('ends the program and removes the book when it is aborted', async () => {
        const destination = open(where);
        const abort = new AbortController();
        await server.addFault({ hang: true });
        const one = book('one');
        const stored = destination.store(one, abort.signal);
        await Promise.race([stored, until(() => server.hasTakenFaults())]);
        abort.abort();
        await assert.rejects(stored, { name: 'AbortError' });
        await nothingIsLeft();
        assert.equal(await destination.store(one), 'uploaded');
      });

      it('removes at the next start what a killed process left behind, and ends its program', async () => {
        const script = join(folder(), 'killed.mjs');
        const module = join(
          import.meta.dirname,
          '../../../src/engine/destinations/mybookshelf2Cli/myBookshelf2CliDestination.ts',
        );
        await writeFile(
          script,
          `import { MyBookshelf2CliDestination as D } from ${JSON.stringify(module)};
           const one = { key: { sha1: 'a'.repeat(40), sizeBytes: 3 }, format: 'txt', member: 'one.txt', tar: 'a.tar',
             metadata: { title: 'One', authors: [], language: 'en', series: null }, body: () => [Buffer.from('one')] };
           await D.open(${JSON.stringify(options(where))}, 'a secret', null, ${JSON.stringify(settings())}).store(one);`,
        );
        await server.addFault({ hang: true });
        const killed = spawn(process.execPath, [script], { stdio: 'inherit' });
        const ended = once(killed, 'exit');
        await Promise.race([ended, until(() => server.hasTakenFaults())]);
        killed.kill('SIGKILL');
        await ended;
        assert.equal((await readdir(join(folder(), 'temporary'))).length, 1);
        assert.equal((await commandsWith(`${basename(server.program)} --api-url`)).length > 0, true);
        // What belongs to another process that is alive is left alone.
        const alive = `tarshelf-mybookshelf2-${String(process.pid)}-other`;
        await mkdir(join(folder(), 'temporary', alive));
        const foreign = `tarshelf-00000000-1-${randomUUID()}.txt`;
        await writeFile(join(server.container, 'tmp', foreign), '');
        await make(where);
        assert.deepEqual(await readdir(join(folder(), 'temporary')), [alive]);
        assert.deepEqual(await server.leftInside(), [foreign]);
        await until(async () => (await commandsWith(folder())).length === 0);
      });

      it('says at the start, and in one line, what would keep every book away', async () => {
        await unusable(make(where, {}, 'wrong'), /does not let admin in/);
        await unusable(make(where, {}, null), /TARSHELF_PASSWORD/);
        await unusable(make(where, { program: '/nowhere/mbs2.py' }), /no \/nowhere\/mbs2\.py .*--program/);
        await server.goDown();
        await unusable(make(where), /cannot be reached/);
        await server.comeUp();
        await server.alwaysFault({ raise: ['concurrent.futures._base.TimeoutError', ''] });
        await unusable(make(where), /does not answer.*--websocket/);
        assert.deepEqual(await server.keys(), []);
        await nothingIsLeft();
      });

      it('names the program when it does not know our arguments', async () => {
        await server.becomeOld();
        await unusable(make(where), /mbs2\.py.* does not know our arguments.*--language/);
      });
    });
  }

  it('takes no title, name or series for an option, and cuts them between characters', async () => {
    const destination = await make();
    const names = Array.from({ length: 25 }, (_, index) => `-a${String(index)}`);
    await destination.store(
      book('one', {
        title: `-x\0\r\n --password=${'😀'.repeat(300)}`,
        authors: names.map(name => ({ name, sortName: `${name}, -p, Jr.` })),
        series: { name: `--series-index=7${'я'.repeat(300)}`, index: 2.5 },
      }),
    );
    const [only] = await server.books();
    assert.equal(only?.title, `-x --password=${'😀'.repeat(242)}`);
    assert.equal(only.authors.length, 20);
    assert.equal(only.authors[1], '-a1, -p Jr.');
    assert.equal(only.series, `--series-index=7${'я'.repeat(240)}`);
    assert.equal(only.series_index, 2);
  });

  it('hands over a password of any characters', async () => {
    await server.setPassword('-p= "a" \'b\' $c --api-url=x');
    const destination = await make('on this machine', {}, '-p= "a" \'b\' $c --api-url=x');
    assert.equal(await destination.store(book('one')), 'uploaded');
  });

  it('sends a series with a number, or none', async () => {
    const destination = open();
    for (const [index, series] of [null, { name: 'Emmas', index: null }, { name: '', index: 1 }].entries()) {
      await destination.store(book(String(index), { series }));
    }
    assert.deepEqual(
      (await server.books()).map(({ series, series_index }) => [series, series_index]),
      Array(3).fill([null, null]),
    );
  });

  it('refuses a book of more than 500 MiB without sending it', async () => {
    const huge: Book = {
      ...book('huge'),
      key: { sha1: 'a'.repeat(40), sizeBytes: 524_288_001 },
      body: () => assert.fail('it was read'),
    };
    await failed(open().store(huge), /books\/huge\.txt.*500 MiB/);
    assert.deepEqual(await server.runs(), []);
  });

  it('fails a book whose bytes cannot be read with that reason', async () => {
    const broken: Book = {
      ...book('broken'),
      body: () => {
        throw new TarshelfError('BOOK_NOT_READABLE', 'the tar ends here');
      },
    };
    await assert.rejects(open().store(broken), { code: 'BOOK_NOT_READABLE' });
    await nothingIsLeft();
  });

  it('has its copies where nobody else can look', async () => {
    await server.addFault({ hang: true });
    const abort = new AbortController();
    const stored = open().store(book('one'), abort.signal);
    await Promise.race([stored, until(() => server.hasTakenFaults())]);
    const [name = ''] = await readdir(join(folder(), 'temporary'));
    assert.equal((await stat(join(folder(), 'temporary', name))).mode & 0o777, 0o700);
    abort.abort();
    await assert.rejects(stored);
  });

  describe('languages', () => {
    it('fails a book without one, and names the setting, before anything is sent', async () => {
      await failed(open().store(book('one', { language: null })), /does not say its language.*--language/);
      assert.deepEqual(await server.runs(), []);
    });

    it('gives a book without one the fallback', async () => {
      await open('on this machine', { fallbackLanguage: 'sk' }).store(book('one', { language: null }));
      assert.equal((await server.books())[0]?.language, 'sk');
    });

    it('tries the fallback once where the server does not know a language, and remembers which', async () => {
      const destination = open('on this machine', { fallbackLanguage: 'en' });
      assert.equal(await destination.store(book('one', { language: 'ja' })), 'uploaded');
      assert.equal(await destination.store(book('two', { language: 'ja' })), 'uploaded');
      const languages = (await server.uploads()).map(args => args.find(arg => arg.startsWith('--language=')));
      assert.deepEqual(languages, ['--language=ja', '--language=en', '--language=en']);
    });

    it('fails a book of a language that the server does not know where there is no other', async () => {
      await failed(
        open().store(book('one', { language: 'ja' })),
        /does not know its language “ja”.*--language/,
      );
      const other = open('on this machine', { fallbackLanguage: 'xx' });
      await failed(other.store(book('two', { language: 'ja' })), /fallback language “xx”/);
      await failed(other.store(book('three', { language: null })), /fallback language “xx”/);
      assert.equal((await server.uploads()).length, 3);
    });
  });

  describe('what the program says', () => {
    const own: Record<string, [Fault['raise'], RegExp]> = {
      'metadata that cannot be read': [
        ['Exception', 'Remote error: Command "ebook-meta x" failed with return code 1\nConnection refused'],
        /Remote error: Command/,
      ],
      'a request that the server does not understand': [
        [httpError, '400 Client Error: BAD REQUEST for url: http://localhost:6006/api/upload'],
        /400 Client Error/,
      ],
      'a body that is too large': [
        [httpError, '413 Client Error: REQUEST ENTITY TOO LARGE for url: http://localhost:6006/api/upload'],
        /413/,
      ],
      'data that the server declines': [
        [
          'cli.action.ActionError',
          "API error: Invalid data {'title': ['Connection refused by 500 Server Error']}",
        ],
        /Invalid data/,
      ],
      'an error of its own': [['KeyError', "'authors'"], /KeyError: 'authors'/],
    };
    for (const [what, [raise, pattern]] of Object.entries(own)) {
      it(`fails a book at once for ${what}`, async () => {
        await server.addFault(raise ? { raise } : {});
        await failed(open().store(book('one')), pattern);
        assert.equal((await server.runs()).length, 1);
        await nothingIsLeft();
      });
    }

    it('fails a book at once for a type that the server does not take', async () => {
      await failed(open().store(book('one', {}, 'cbz')), /unsupported file type/);
      assert.equal((await server.runs()).length, 1);
    });

    const passing: Record<string, Fault> = {
      'an error of the server': serverError,
      'a lost connection': {
        raise: [
          'requests.exceptions.ConnectionError',
          "('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))",
        ],
      },
      'a result that does not come': { raise: ['concurrent.futures._base.TimeoutError', ''] },
      'a WebSocket that closes': { raise: ['engine.client.WebSocketClosed', 'closed by peer'] },
      'a program that is killed': { killedAfter: true },
      'an answer that does not come after the book is on the shelf': {
        raiseAfter: ['requests.exceptions.ReadTimeout', 'Read timed out.'],
      },
    };
    for (const [what, fault] of Object.entries(passing)) {
      it(`tries again after ${what}`, async () => {
        await server.addFault(fault);
        assert.equal(await open().store(book('one')), 'uploaded');
        assert.deepEqual(waits, [1000]);
        assert.equal((await server.keys()).length, 1);
      });
    }

    it('gives a book up after three attempts, when others could be uploaded', async () => {
      for (let run = 0; run < 3; run++) await server.addFault(serverError);
      await failed(open().store(book('one')), /500 Server Error.*3 attempts/);
      assert.deepEqual(waits, [1000, 2000]);
      assert.equal((await server.uploads()).length, 3);
      await nothingIsLeft();
    });

    it('fails no book when nothing answers any more', async () => {
      await server.alwaysFault({ raise: ['concurrent.futures._base.TimeoutError', ''] });
      await unusable(open().store(book('one')), /does not answer/);
    });

    const away: Record<string, [Fault['raise'], RegExp]> = {
      'the backend cannot be reached': [
        [
          'aiohttp.client_exceptions.ClientConnectorError',
          "Cannot connect to host localhost:8080 ssl:None [Connect call failed ('127.0.0.1', 8080)]",
        ],
        /cannot be reached.*--websocket/,
      ],
      'a proxy stands alone': [
        [httpError, '502 Server Error: Bad Gateway for url: http://localhost:6006/api/upload'],
        /is away/,
      ],
      'the user may not add books': [
        [httpError, '401 Client Error: UNAUTHORIZED for url: http://localhost:6006/api/upload/check'],
        /does not let admin add books/,
      ],
      'something else listens at the address': [
        [httpError, '404 Client Error: NOT FOUND for url: http://localhost:6006/login'],
        /no MyBookshelf2 at.*--server/,
      ],
      'a library of Python is missing': [
        ['ModuleNotFoundError', "No module named 'requests'"],
        /lacks a part/,
      ],
    };
    for (const [what, [raise, pattern]] of Object.entries(away)) {
      it(`fails no book when ${what}`, async () => {
        await server.addFault(raise ? { raise } : {});
        const destination = open();
        await unusable(destination.store(book('one')), pattern);
        assert.equal(await destination.store(book('one')), 'uploaded');
        await nothingIsLeft();
      });
    }

    it('knows a book for its own that it finds after the server was away', async () => {
      const destination = open();
      await server.addFault({ raiseAfter: ['requests.exceptions.ConnectionError', 'Connection aborted.'] });
      // It goes down before the second attempt.
      const flaky = MyBookshelf2CliDestination.open(options('on this machine'), 'a secret', null, {
        ...settings(),
        sleep: () => server.goDown(),
      });
      await unusable(flaky.store(book('one')), /cannot be reached/);
      await server.comeUp();
      assert.equal(await flaky.store(book('one')), 'uploaded');
      assert.equal(await destination.store(book('one')), 'already_exists');
    });

    it('repeats no token and no password', async () => {
      await server.addFault({
        raise: [
          'aiohttp.client_exceptions.WSServerHandshakeError',
          "401, message='Invalid response status', url=URL('ws://localhost:8080/ws?token=eyJhbGciOi.abc')",
        ],
      });
      await assert.rejects(open().store(book('one')), (thrown: unknown) => {
        assert(thrown instanceof DestinationUnusable);
        assert.doesNotMatch(thrown.message, /eyJ/);
        return true;
      });
      await server.addFault({ raise: ['ValueError', 'user admin, password a secret'] });
      await assert.rejects(open().store(book('one')), (thrown: unknown) => {
        assert(thrown instanceof TarshelfError);
        assert.doesNotMatch(thrown.message, /a secret/);
        return true;
      });
    });
  });

  describe('what Docker says', () => {
    const inContainer = (container = 'shelf'): MyBookshelf2CliDestination =>
      open('in a container', { container });

    it('says it once for all books when there is no such container, or none can be called so', async () => {
      await unusable(make('in a container', { container: 'other' }), /other does not exist.*docker ps/);
      await unusable(inContainer('other').store(book('one')), /other does not exist/);
      assert.throws(() => inContainer('--privileged'), DestinationUnusable);
    });

    it('says it when the container is stopped', async () => {
      await server.mark('.stopped');
      await unusable(make('in a container'), /not running.*docker start shelf/);
      await unusable(inContainer().store(book('one')), /not running.*docker start shelf/);
      assert.deepEqual(await readdir(join(folder(), 'temporary')), []);
    });

    it('copies nothing more into a stopped container, and removes later what it could not remove', async () => {
      const destination = inContainer();
      await server.addFault({ lines: 6 });
      const stored = destination.store(book('one'));
      await Promise.race([stored, until(() => server.hasTakenFaults())]);
      await server.mark('.stopped');
      assert.equal(await stored, 'uploaded');
      const left = await server.leftInside();
      assert.equal(left.length, 1);
      for (let time = 0; time < 3; time++) await unusable(destination.store(book('two')), /not running/);
      assert.deepEqual(await server.leftInside(), left);
      await server.unmark('.stopped');
      assert.equal(await destination.store(book('two')), 'uploaded');
      await nothingIsLeft();
    });

    it('says it when Docker is stopped, not allowed, or not installed', async () => {
      await server.markDocker('.no-daemon');
      await unusable(inContainer().store(book('one')), /Docker is not running/);
      await server.markDocker('.no-permission');
      await unusable(inContainer().store(book('one')), /You may not use Docker/);
      await rename(server.docker, `${server.docker}-gone`);
      await unusable(inContainer().store(book('one')), /docker cannot be started.*Install Docker/);
      await unusable(make('in a container'), /docker cannot be started.*Install Docker/);
    });

    it('says it when the container has no Python', async () => {
      await server.mark('.no-python3');
      await unusable(make('in a container'), /shelf cannot run that.*python3/);
    });
  });

  it('says what to install where there is no Python', async () => {
    const destination = MyBookshelf2CliDestination.open(options('on this machine'), 'a secret', null, {
      ...settings(),
      python: join(folder(), 'python3'),
    });
    await unusable(destination.store(book('one')), /Install Python 3/);
    await nothingIsLeft();
  });

  it('tells the keys that its list has, and without a list none', async () => {
    const key = { sha1: 'a'.repeat(40), sizeBytes: 1 };
    const told: KnownKey[] = [];
    assert.equal(await open().readKeys(one => told.push(one), null), null);
    assert.equal(told.length, 0);
    const listed = MyBookshelf2CliDestination.open(options('on this machine'), 'a secret', {
      readKeys: (onKey, since) => {
        onKey(key);
        return Promise.resolve(`after ${String(since)}`);
      },
    });
    assert.equal(await listed.readKeys(one => told.push(one), 'x'), 'after x');
    assert.deepEqual(told, [key]);
  });
});

describe('ingest into mybookshelf2-cli', function () {
  this.timeout(120_000);
  const { folder, source, args, ingest } = useIngest();
  let server: StandInProgram;
  let before: NodeJS.ProcessEnv;

  beforeEach(async () => {
    server = await StandInProgram.make(folder());
    await mkdir(join(folder(), 'temporary'));
    before = { ...process.env };
    process.env['PATH'] = server.path;
    process.env['TMPDIR'] = join(folder(), 'temporary');
    process.env['TARSHELF_PASSWORD'] = 'a secret';
  });

  afterEach(() => {
    for (const name of ['PATH', 'TMPDIR', 'TARSHELF_PASSWORD']) {
      const value = before[name];
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  });

  /** But for the folder of the engines' sockets, which stays for the next one and has none in it. */
  async function leftInTemporary(): Promise<string[]> {
    const sockets = `tarshelf-${String(process.getuid?.())}`;
    assert.deepEqual(await readdir(join(folder(), 'temporary', sockets)), []);
    return (await readdir(join(folder(), 'temporary'))).filter(name => name !== sockets);
  }

  for (const where of ['on this machine', 'in a container'] as const) {
    it(`uploads every book once ${where}, through faults, and nothing in a second run`, async () => {
      for (const name of ['a', 'b']) {
        await makeTar(join(source(), `${name}.tar`), 'gnu', {
          'both.txt': Buffer.from('in both tars'),
          ...Object.fromEntries(
            [0, 1, 2, 3].map(index => [
              `${name}/${String(index)}.txt`,
              Buffer.from(`book ${String(index)} of tar ${name}`),
            ]),
          ),
        });
      }
      const members = [
        ...(await extractWithGnuTar(join(source(), 'a.tar'))),
        ...(await extractWithGnuTar(join(source(), 'b.tar'))),
      ];
      const expected = [
        ...new Set(members.map(({ sha1, sizeBytes }) => `${sha1}-${String(sizeBytes)}`)),
      ].sort();
      await server.addFault(serverError);
      await server.addFault({ killedAfter: true });
      const to = [
        ...['--destination', 'mybookshelf2-cli', '--user', 'admin', '--language', 'en', '--workers', '2'],
        ...(where === 'in a container'
          ? ['--container', 'shelf', '--program', '/app/cli/mbs2.py']
          : ['--program', server.program]),
      ];
      const first = await ingest(...to);
      assert.equal(first.code, 0, first.stdout + first.stderr);
      assert.deepEqual(await server.keys(), expected);
      assert.equal(first.summary?.books.uploaded, expected.length);
      const second = await ingest(...to);
      assert.equal(second.code, 0, second.stdout + second.stderr);
      assert.equal(second.summary?.books.uploaded, 0);
      assert.deepEqual(await server.keys(), expected);
      assert.deepEqual(await leftInTemporary(), []);
      assert.deepEqual(await server.leftInside(), []);
    });
  }

  it('uploads every book once when a worker is killed while its program goes on', async () => {
    await makeTar(join(source(), 'a.tar'), 'gnu', {
      'one.txt': Buffer.from('one'),
      'two.txt': Buffer.from('two'),
    });
    const members = await extractWithGnuTar(join(source(), 'a.tar'));
    await server.addFault({ hang: true });
    const { child, finished } = startTarshelf(
      args(
        ...['--destination', 'mybookshelf2-cli', '--user', 'admin', '--language', 'en', '--workers', '1'],
        ...['--container', 'shelf', '--program', '/app/cli/mbs2.py'],
      ),
    );
    await until(() => server.hasTakenFaults());
    const [worker = 0] = await descendants(child.pid ?? 0, 'worker.js');
    process.kill(worker, 'SIGKILL');
    const { code, stdout, stderr } = await finished;
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(
      await server.keys(),
      members.map(({ sha1, sizeBytes }) => `${sha1}-${String(sizeBytes)}`).sort(),
    );
    assert.deepEqual(await leftInTemporary(), []);
    assert.deepEqual(await server.leftInside(), []);
    assert.deepEqual(await commandsWith(server.container), []);
  });

  it('waits, once told, while the container is stopped, and then goes on by itself', async () => {
    const names = Array.from({ length: 8 }, (_, index) => `${String(index)}.txt`);
    await makeTar(
      join(source(), 'a.tar'),
      'gnu',
      Object.fromEntries(names.map(name => [name, Buffer.from(`book ${name}`)])),
    );
    const command = startTarshelf(
      args(
        ...['--destination', 'mybookshelf2-cli', '--user', 'admin', '--language', 'en', '--workers', '1'],
        ...['--parallel-uploads', '2', '--container', 'shelf', '--program', '/app/cli/mbs2.py'],
      ),
    );
    await until(async () => (await server.keys()).length > 0);
    await server.mark('.stopped');
    const isNotice = (line: string): boolean =>
      line.includes('"notice"') && line.includes('docker start shelf');
    await command.line(isNotice);
    await server.unmark('.stopped');
    const { code, stdout, stderr, summary } = await command.finished;
    assert.equal(code, 0, stdout + stderr);
    assert.equal(stdout.split('\n').filter(isNotice).length, 1);
    assert.equal(summary?.books.uploaded, names.length);
    assert.equal((await server.keys()).length, names.length);
    assert.deepEqual(await leftInTemporary(), []);
    assert.deepEqual(await server.leftInside(), []);
  });

  it('begins nothing with a wrong password, and says so', async () => {
    await makeTar(join(source(), 'a.tar'), 'gnu', { 'one.txt': Buffer.from('one') });
    process.env['TARSHELF_PASSWORD'] = 'wrong';
    const { code, stderr, stdout } = await ingest(
      ...['--destination', 'mybookshelf2-cli', '--user', 'admin', '--program', server.program],
    );
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /does not let admin in/);
    assert.deepEqual(await server.keys(), []);
  });
});
