import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { hasCalibre } from '../../../scripts/calibre.ts';
import { CalibreDestination } from '../../../src/engine/destinations/calibre/calibreDestination.ts';
import { checkDestination } from '../../../src/engine/destinations/checkDestination.ts';
import { TarshelfError } from '../../../src/protocol/errors.ts';
import { noSecrets } from '../../../src/protocol/secrets.ts';
import { useCalibreAlone } from '../../support/calibreAlone.ts';
import { startCalibreServer, type CalibreServer } from '../../support/calibreServer.ts';
import { startTarshelf, tarshelf } from '../../support/commandLine.ts';
import { makeTar } from '../../support/gnuTar.ts';
import { descendants, untilGone } from '../../support/processTree.ts';
import { useTempFolder } from '../../support/tempFolder.ts';
import { assertOneClearLine } from './cliOutput.ts';

describe('tarshelf check', function () {
  useCalibreAlone();
  this.timeout(60_000);
  const folder = useTempFolder();

  it('says that a library can be made, and makes none', async () => {
    const { code, stdout, stderr } = await tarshelf(['check'], { cwd: folder() });
    assert.equal(stderr, '');
    assert.match(stdout, /^The library \S+\.tarshelf.library is not there yet; the first run makes it\.\n$/);
    assert.equal(code, 0);
    assert.deepEqual(await readdir(folder()), []);
  });

  it('says what is wrong in one line, and its exit code is 1', async () => {
    await writeFile(join(folder(), 'file'), '');
    const { code, stdout, stderr } = await tarshelf(['check', '--library', 'file/library'], {
      cwd: folder(),
    });
    assertOneClearLine(stderr);
    assert.match(stderr, /cannot be written/);
    assert.equal(stdout, '');
    assert.equal(code, 1);
  });

  it('refuses wrong usage with exit code 2', async () => {
    await writeFile(join(folder(), 'open'), 'a secret', { mode: 0o644 });
    const calibre = ['--destination', 'calibre', '--library', 'http://127.0.0.1:9'];
    const wrong: [string[], RegExp][] = [
      [['somewhere'], /"somewhere" is too much/],
      [['--destination', 'calibre'], /needs --library/],
      [[...calibre, '--user', 'reader', '--password-file', 'none'], /password file .* is not there/],
      ...(process.platform === 'win32'
        ? []
        : ([[[...calibre, '--password-file', 'open'], /can be read by others/]] as [string[], RegExp][])),
    ];
    for (const [args, message] of wrong) {
      const { code, stderr } = await tarshelf(['check', ...args], { cwd: folder() });
      assertOneClearLine(stderr);
      assert.match(stderr, message);
      assert.equal(code, 2);
    }
  });

  describe('of calibre', () => {
    const library = (): string => join(folder(), 'Calibre Library');

    before(function () {
      if (!hasCalibre()) this.skip();
    });

    it('makes no library where there is none', async () => {
      await mkdir(library());
      const { code, stdout } = await tarshelf(['check', '--destination', 'calibre', '--library', library()]);
      assert.match(stdout, /is not there yet/);
      assert.equal(code, 0);
      assert.deepEqual(await readdir(library()), []);
    });

    describe('on a content server', () => {
      let server: CalibreServer;
      const asReader = (...more: string[]): string[] => [
        ...['--destination', 'calibre', '--library', server.address, '--user', 'reader', ...more],
      ];
      const passwordFile = async (password: string): Promise<string> => {
        const path = join(folder(), 'password');
        await writeFile(path, `${password}\n`, { mode: 0o600 });
        return path;
      };

      beforeEach(async () => {
        const at = { location: library(), userName: null, password: null };
        (await CalibreDestination.make(at, 'add-format')).close();
        server = await startCalibreServer(folder(), library(), 'reader', 'a secret');
      });

      afterEach(async () => {
        await server.close();
      });

      it('tells a password that is right from one that is wrong or missing', async () => {
        const args = ['check', ...asReader()];
        const right = await tarshelf(args, { env: { TARSHELF_PASSWORD: 'a secret' } });
        assert.match(right.stdout, /content server .* is there and holds 0 books/);
        assert.equal(right.code, 0);
        const byFile = await tarshelf([...args, '--password-file', await passwordFile('a secret')], {
          env: { TARSHELF_PASSWORD: 'wrong' },
        });
        assert.equal(byFile.code, 0, byFile.stderr);
        const wrong = await tarshelf(args, { env: { TARSHELF_PASSWORD: 'wrong' } });
        assertOneClearLine(wrong.stderr);
        assert.match(wrong.stderr, /does not let us in/);
        assert.equal(wrong.code, 1);
        assert.equal((await tarshelf(args)).code, 1);
      });

      it('lets an ingest and a retry in by a password file', async () => {
        await mkdir(join(folder(), 'tars'));
        await makeTar(join(folder(), 'tars', 'a.tar'), 'ustar', { 'one.txt': Buffer.from('one') });
        const args = ['tars', ...asReader('--password-file', await passwordFile('a secret'))];
        const ingest = await tarshelf(['ingest', ...args, '--json'], { cwd: folder() });
        assert.equal(ingest.code, 0, ingest.stderr);
        assert.equal(ingest.summary?.books.uploaded, 1);
        const retry = await tarshelf(['retry', ...args], { cwd: folder() });
        assert.match(retry.stderr, /Nothing has failed/);
        assert.equal(retry.code, 0);
      });
    });

    describe('on a server that takes connections and says nothing', () => {
      let server: Server;
      const address = (): string => {
        const at = server.address();
        assert.ok(at !== null && typeof at === 'object');
        return `http://127.0.0.1:${String(at.port)}`;
      };

      beforeEach(async () => {
        server = createServer(socket => socket.on('error', () => undefined));
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
      });

      afterEach(() => {
        server.close();
      });

      it('gives up after a time', async () => {
        const options = {
          kind: 'calibre',
          library: address(),
          userName: null,
          declined: 'add-format',
        } as const;
        await assert.rejects(
          checkDestination(options, noSecrets, new AbortController().signal, 3000),
          (thrown: unknown) => {
            assert.ok(thrown instanceof TarshelfError);
            assert.equal(thrown.code, 'DESTINATION_UNUSABLE');
            assert.match(thrown.message, /did not answer within 3 seconds/);
            return true;
          },
        );
      });

      it('leaves no process behind when it is interrupted', async function () {
        if (process.platform !== 'linux') this.skip();
        const connected = once(server, 'connection');
        const running = startTarshelf(['check', '--destination', 'calibre', '--library', address()]);
        await connected;
        const { pid } = running.child;
        assert.ok(pid !== undefined);
        const engines = await descendants(pid, 'engine.js');
        assert.equal(engines.length, 1);
        const programs = await descendants(engines[0] ?? 0, '');
        assert.ok(programs.length > 0);
        running.child.kill('SIGINT');
        await running.finished;
        for (const process of [...programs, ...engines]) await untilGone(process, 10_000);
      });
    });
  });
});
