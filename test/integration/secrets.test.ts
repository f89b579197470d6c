import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCalibre } from '../../scripts/calibre.ts';
import { CalibreDestination } from '../../src/engine/destinations/calibre/calibreDestination.ts';
import { useCalibreAlone } from '../support/calibreAlone.ts';
import { startCalibreServer } from '../support/calibreServer.ts';
import { startTarshelf, type Finished } from '../support/commandLine.ts';
import { makeTar } from '../support/gnuTar.ts';
import { MyBookshelf2Server } from '../support/mybookshelf2/mybookshelf2Server.ts';
import { allDescendants } from '../support/processTree.ts';
import { useTempFolder } from '../support/tempFolder.ts';

// A password goes from the environment of the command line to whoever opens the destination, and nowhere else.
// Each destination that takes one is run with a password that stands nowhere else in the world, and everything
// that a run leaves or shows is searched for it.

interface Server {
  /** What of the command line leads to it, but for the user. */
  readonly args: readonly string[];
  close(): Promise<void>;
}

interface PasswordDestination {
  readonly name: string;
  /** What must have been among the descendants for the search of their command lines to mean anything. */
  readonly programs: readonly RegExp[];
  readonly isHere: () => boolean;
  /** Starts it with one user. */
  readonly start: (folder: string, userName: string, password: string) => Promise<Server>;
}

const destinations: readonly PasswordDestination[] = [
  { name: 'calibre', programs: [/calibredb/], isHere: hasCalibre, start: startCalibre },
  { name: 'mybookshelf2', programs: [], isHere: () => true, start: startMyBookshelf2 },
];

async function startCalibre(folder: string, userName: string, password: string): Promise<Server> {
  const library = join(folder, 'Calibre Library');
  const location = { location: library, userName: null, password: null };
  (await CalibreDestination.make(location, 'add-format')).close();
  const server = await startCalibreServer(folder, library, userName, password);
  return {
    args: ['--destination', 'calibre', '--library', server.address],
    close: () => server.close(),
  };
}

async function startMyBookshelf2(_folder: string, userName: string, password: string): Promise<Server> {
  const server = await MyBookshelf2Server.start({ userName, password });
  return {
    args: [
      ...['--destination', 'mybookshelf2', '--server', server.apiUrl, '--websocket', server.wsUrl],
      ...['--language', 'en'],
    ],
    close: () => server.close(),
  };
}

/** Where a text was found. */
interface Findings {
  readonly finished: Finished;
  readonly files: ReadonlySet<string>;
  readonly output: ReadonlySet<'stdout' | 'stderr'>;
  /** Of descendants. */
  readonly commandLines: ReadonlySet<string>;
  /** Of the engine and the workers. */
  readonly environments: ReadonlySet<string>;
  /** Command lines of all descendants that were seen. */
  readonly seen: ReadonlySet<string>;
}

describe('a password', function () {
  useCalibreAlone();
  this.timeout(120_000);
  const folder = useTempFolder();
  const inFolder = (name: string): string => join(folder(), name);
  const unique = (): string => `hush${randomBytes(12).toString('hex')}`;

  /** An ingest in a home and a state folder of its own, searched for a text while it runs and after. */
  async function searchRun(text: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Findings> {
    const home = inFolder('home');
    await mkdir(home);
    const { child, finished } = startTarshelf(
      ['ingest', inFolder('tars'), '--state-dir', inFolder('state'), '--json', ...args],
      { env: { HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home, ...env } },
    );
    const commandLines = new Set<string>();
    const environments = new Set<string>();
    const seen = new Set<string>();
    const over = new AbortController();
    const watching = (async () => {
      while (!over.signal.aborted) {
        for (const { pid, command } of await allDescendants(child.pid ?? 0)) {
          seen.add(command);
          if (command.includes(text)) commandLines.add(command);
          if (!/(engine|worker)\.js( |$)/.test(command)) continue;
          // It may have ended meanwhile.
          const environ = await readFile(`/proc/${String(pid)}/environ`, 'utf8').catch(() => '');
          if (environ.includes(text)) environments.add(command);
        }
        await sleep(2);
      }
    })();
    const done = await finished;
    over.abort();
    await watching;
    const files = new Set<string>();
    for (const place of [inFolder('state'), home]) {
      for (const entry of await readdir(place, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (path.includes(text) || (entry.isFile() && (await readFile(path)).includes(text))) files.add(path);
      }
    }
    return {
      finished: done,
      files,
      output: new Set((['stdout', 'stderr'] as const).filter(stream => done[stream].includes(text))),
      commandLines,
      environments,
      seen,
    };
  }

  async function makeBooks(tar: string): Promise<void> {
    await mkdir(inFolder('tars'));
    await makeTar(join(inFolder('tars'), tar), 'ustar', {
      'one.txt': Buffer.from('one'),
      'two.txt': Buffer.from('two'),
    });
  }

  for (const { name, programs, isHere, start } of destinations) {
    describe(`of ${name}`, () => {
      let server: Server | undefined;

      before(function () {
        if (process.platform !== 'linux' || !isHere()) this.skip();
      });

      afterEach(async () => {
        await server?.close();
        server = undefined;
      });

      it('is found nowhere', async () => {
        const password = unique();
        server = await start(folder(), 'reader', password);
        await makeBooks('books.tar');
        const found = await searchRun(password, [...server.args, '--user', 'reader'], {
          TARSHELF_PASSWORD: password,
        });
        // It was needed, or its absence would say nothing.
        assert.equal(found.finished.summary?.books.uploaded, 2, found.finished.stderr);
        for (const program of [/engine\.js /, /worker\.js$/, ...programs]) {
          assert.ok(
            [...found.seen].some(command => program.test(command)),
            `${String(program)} was not seen`,
          );
        }
        assert.deepEqual([...found.files], []);
        assert.deepEqual([...found.output], []);
        assert.deepEqual([...found.commandLines], []);
        assert.deepEqual([...found.environments], []);
      });

      it('is found nowhere when it is wrong', async () => {
        const password = unique();
        server = await start(folder(), 'reader', 'another one');
        await makeBooks('books.tar');
        const found = await searchRun(password, [...server.args, '--user', 'reader'], {
          TARSHELF_PASSWORD: password,
        });
        assert.equal(found.finished.code, 1);
        assert.deepEqual([...found.files, ...found.output], []);
        assert.deepEqual([...found.commandLines, ...found.environments], []);
      });

      it('would be found in each place where it were', async () => {
        const planted = unique();
        server = await start(folder(), planted, 'a password');
        await makeBooks(`${planted}.tar`);
        const found = await searchRun(planted, [...server.args, '--user', planted], {
          TARSHELF_PASSWORD: 'a password',
          PLANTED: planted,
        });
        assert.equal(found.finished.summary?.books.uploaded, 2, found.finished.stderr);
        const names = [...found.files].map(path => path.slice(inFolder('state').length + 1));
        for (const file of ['migration_progress_worker1.json', 'migration_worker1.log', 'status.json']) {
          assert.ok(names.includes(file), `${file} is not among ${names.join(', ')}`);
        }
        assert.ok(found.output.has('stdout'));
        for (const program of programs) {
          assert.ok([...found.commandLines].some(command => program.test(command)));
        }
        for (const script of ['engine.js', 'worker.js']) {
          assert.ok([...found.environments].some(command => `${command} `.includes(`${script} `)));
        }
      });
    });
  }
});
