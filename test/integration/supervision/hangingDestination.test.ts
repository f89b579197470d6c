import assert from 'node:assert/strict';
import { startTarshelf } from '../../support/commandLine.ts';
import { makeManyBooks } from '../../support/manyBooks.ts';
import { MyBookshelf2Server } from '../../support/mybookshelf2/mybookshelf2Server.ts';
import { hasty, useSupervised } from '../../support/supervised.ts';

describe('a destination that hangs', () => {
  const { source, args, recorded } = useSupervised();
  let server: MyBookshelf2Server;

  beforeEach(async () => {
    server = await MyBookshelf2Server.start();
  });
  afterEach(async () => {
    await server.close();
  });

  it('with a book in hand has the worker stopped and started again, and every book comes there once', async () => {
    const keys = await makeManyBooks(source(), { tars: 1, booksInTar: 12 });
    // Longer than anybody waits in this test.
    server.setFaults({ slowMs: 60_000 });
    server.failNext('POST /api/upload', 'slow');
    const command = startTarshelf(
      args(
        ...['--workers', '1', '--destination', 'mybookshelf2'],
        ...['--server', server.apiUrl, '--websocket', server.wsUrl, '--user', 'admin', '--language', 'en'],
        ...hasty,
      ),
      { env: { TARSHELF_PASSWORD: 'admin' } },
    );
    const { code, stdout, stderr } = await command.finished;
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(server.sources.map(({ hash, size }) => `${hash}-${String(size)}`).sort(), keys);
    assert.deepEqual(server.duplicateKeys(), []);
    const kinds = (await recorded()).filter(({ worker }) => worker === 1).map(({ kind }) => kind);
    assert.ok(kinds.includes('stuck') && kinds.includes('restarted'), kinds.join(' '));
  }).timeout(90_000);
});
