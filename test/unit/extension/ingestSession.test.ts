import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EngineClient } from '../../../src/client/engineClient.ts';
import { IngestSession, type Connection } from '../../../src/ingestSession.ts';
import { TarshelfError } from '../../../src/protocol/errors.ts';
import { noSecrets } from '../../../src/protocol/secrets.ts';
import type { IngestOptions } from '../../../src/protocol/ingestOptions.ts';
import { runState } from './sampleStates.ts';

const options: IngestOptions = {
  sourceFolder: '/tars',
  stateFolder: '/state',
  workers: 1,
  batchSize: 1,
  parallelUploads: 1,
  mode: 'auto',
  afterCompletion: 'keep',
  metadataReader: 'auto',
  destination: { kind: 'library', folder: '/state/library' },
};

const told = (change: Parameters<typeof runState>[0]): string =>
  JSON.stringify({ type: 'run:changed', sequence: 1, run: runState(change) });

describe('IngestSession', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'tarshelf-session-'));
  });

  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  /** A session whose engine answers a start by running `script`, and how it saw its connection. */
  async function sessionWith(script: string): Promise<{ session: IngestSession; seen: Connection[] }> {
    const enginePath = path.join(folder, 'engine.mjs');
    const say = 'const say = (text, then) => process.send(JSON.parse(text), then);';
    const onMessage = `process.on('message', ({ type }) => { ${script} });`;
    await writeFile(enginePath, `${say}\n${onMessage}\n`);
    const session = new IngestSession(new EngineClient({ enginePath }));
    const seen: Connection[] = [];
    session.onDidChangeConnection(connection => {
      seen.push(connection);
    });
    return { session, seen };
  }

  it('is attached from the first event on, and ends with the word of the engine', async () => {
    const { session, seen } = await sessionWith(
      `say(${JSON.stringify(told({ phase: 'finished' }))}, () => process.disconnect());`,
    );
    assert.equal(session.connection, 'none');
    const running = session.ingest(options, noSecrets);
    assert.equal(session.isRunning, true);
    assert.equal((await running).phase, 'finished');
    assert.deepEqual(seen, ['starting', 'attached', 'ended']);
    assert.equal(session.isRunning, false);
  });

  it('ends, and hands on the reason, when the engine refuses', async () => {
    const failure = { code: 'SOURCE_MISSING', message: 'There is no such folder.' } as const;
    const { session, seen } = await sessionWith(
      `say(${JSON.stringify(told({ phase: 'refused', failure }))}, () => process.disconnect());`,
    );
    await assert.rejects(
      session.ingest(options, noSecrets),
      (thrown: unknown) => thrown instanceof TarshelfError && thrown.code === 'SOURCE_MISSING',
    );
    assert.deepEqual(seen, ['starting', 'attached', 'ended']);
  });

  it('is lost when the engine dies at work', async () => {
    const { session, seen } = await sessionWith(
      `say(${JSON.stringify(told({ phase: 'running' }))}, () => process.exit(1));`,
    );
    await assert.rejects(
      session.ingest(options, noSecrets),
      (thrown: unknown) => thrown instanceof TarshelfError && thrown.code === 'ENGINE_DIED',
    );
    assert.deepEqual(seen, ['starting', 'attached', 'lost']);
    assert.equal(session.isRunning, false);
  });

  it('does not take the end of an earlier run for that of an engine that dies at once', async () => {
    const { session, seen } = await sessionWith(
      `say(${JSON.stringify(told({ phase: 'finished' }))}, () => process.disconnect());`,
    );
    await session.ingest(options, noSecrets);
    await writeFile(path.join(folder, 'engine.mjs'), 'process.exit(1);');
    await assert.rejects(
      session.ingest(options, noSecrets),
      (thrown: unknown) => thrown instanceof TarshelfError && thrown.code === 'ENGINE_DIED',
    );
    assert.deepEqual(seen, ['starting', 'attached', 'ended', 'starting', 'lost']);
  });

  it('refuses a second ingest and goes on with the first', async () => {
    const { session, seen } = await sessionWith(
      `if (type === 'ingest:stop') say(${JSON.stringify(told({ phase: 'stopped' }))}, () => process.disconnect());`,
    );
    const first = session.ingest(options, noSecrets);
    await assert.rejects(
      session.ingest(options, noSecrets),
      (thrown: unknown) => thrown instanceof TarshelfError && thrown.code === 'ENGINE_BUSY',
    );
    assert.equal(session.isRunning, true);
    await session.stop();
    assert.equal((await first).phase, 'stopped');
    assert.deepEqual(seen, ['starting', 'attached', 'ended']);
  });
});
