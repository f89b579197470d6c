import assert from 'node:assert/strict';
import path from 'node:path';
import { EngineClient } from '../../../src/client/engineClient.ts';
import { IngestSession, type Connection } from '../../../src/session/ingestSession.ts';
import { TarshelfError } from '../../../src/protocol/errors.ts';
import { noSecrets } from '../../../src/protocol/secrets.ts';
import type { IngestOptions } from '../../../src/protocol/ingestOptions.ts';
import { endFakeEngines, fakeEnginePath } from '../../support/fakeEngines.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

describe('IngestSession', () => {
  const folder = useTempFolder();
  const options = (): IngestOptions => ({
    sourceFolders: ['/tars'],
    stateFolder: path.join(folder(), 'state'),
    workers: 1,
    batchSize: 1,
    parallelUploads: 1,
    mode: 'auto',
    afterCompletion: 'keep',
    metadataReader: 'auto',
    destination: { kind: 'library', folder: path.join(folder(), 'library') },
  });
  /** What the next engine plays. */
  const env: NodeJS.ProcessEnv = { ...process.env };
  let session: IngestSession;
  let seen: Connection[];

  beforeEach(() => {
    session = new IngestSession(new EngineClient({ enginePath: fakeEnginePath, env, whenLeft: 'stop' }));
    seen = [];
    session.onDidChangeConnection(connection => {
      seen.push(connection);
    });
  });

  afterEach(async () => {
    session.dispose();
    await endFakeEngines(folder());
  });

  const fails = (code: string) => (thrown: unknown) =>
    thrown instanceof TarshelfError && thrown.code === code;

  it('is attached from the first event on, and ends with the word of the engine', async () => {
    env['FAKE_ENGINE'] = 'completes';
    assert.equal(session.connection, 'none');
    const running = session.ingest(options(), noSecrets);
    assert.equal(session.isRunning, true);
    assert.equal((await running).phase, 'finished');
    assert.deepEqual(seen, ['starting', 'attached', 'ended']);
    assert.equal(session.isRunning, false);
  });

  it('ends, and hands on the reason, when the engine refuses', async () => {
    env['FAKE_ENGINE'] = 'refuses';
    await assert.rejects(session.ingest(options(), noSecrets), fails('SOURCE_MISSING'));
    // A run that never began is at no time under way.
    assert.deepEqual(seen, ['starting', 'ended']);
  });

  it('is lost when the engine dies at work', async () => {
    env['FAKE_ENGINE'] = 'dies';
    await assert.rejects(session.ingest(options(), noSecrets), fails('ENGINE_DIED'));
    assert.deepEqual(seen, ['starting', 'attached', 'lost']);
    assert.equal(session.isRunning, false);
  });

  it('does not take the end of an earlier run for that of an engine that dies at once', async () => {
    env['FAKE_ENGINE'] = 'completes';
    await session.ingest(options(), noSecrets);
    // Else it would take the next run, too.
    await endFakeEngines(folder());
    env['FAKE_ENGINE'] = 'mute';
    await assert.rejects(session.ingest(options(), noSecrets), fails('ENGINE_DIED'));
    assert.deepEqual(seen, ['starting', 'attached', 'ended', 'starting', 'lost']);
  });

  it('refuses a second ingest and goes on with the first', async () => {
    env['FAKE_ENGINE'] = 'endless';
    const first = session.ingest(options(), noSecrets);
    await assert.rejects(session.ingest(options(), noSecrets), fails('ENGINE_BUSY'));
    assert.equal(session.isRunning, true);
    await session.stop();
    assert.equal((await first).phase, 'stopped');
    assert.deepEqual(seen, ['starting', 'attached', 'ended']);
  });
});
