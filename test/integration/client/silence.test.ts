import assert from 'node:assert/strict';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineClient } from '../../../src/client/engineClient.ts';
import { IngestSession } from '../../../src/session/ingestSession.ts';
import type { IngestOptions } from '../../../src/protocol/ingestOptions.ts';
import { noSecrets } from '../../../src/protocol/secrets.ts';
import { endFakeEngines, fakeEnginePath, readNote } from '../../support/fakeEngines.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

describe('an engine that says nothing', function () {
  // It is halted by a signal that only these systems have.
  if (process.platform === 'win32') return;
  this.timeout(40_000);

  const folder = useTempFolder();
  let session: IngestSession;

  async function run(part: string): Promise<number> {
    const options: IngestOptions = {
      sourceFolders: ['/tars'],
      stateFolder: path.join(folder(), 'state'),
      workers: 1,
      batchSize: 1,
      parallelUploads: 1,
      mode: 'auto',
      afterCompletion: 'keep',
      metadataReader: 'auto',
      destination: { kind: 'library', folder: path.join(folder(), 'library') },
    };
    const env = { ...process.env, FAKE_ENGINE: part };
    session = new IngestSession(new EngineClient({ enginePath: fakeEnginePath, env, whenLeft: 'stop' }));
    session.ingest(options, noSecrets).catch(() => undefined);
    while (session.store.run?.phase !== 'running') await sleep(20);
    return (await readNote(options.stateFolder)).pid;
  }

  afterEach(async () => {
    session.dispose();
    await endFakeEngines(folder());
  });

  it('is silent while it is halted, and is heard again when it goes on', async () => {
    const pid = await run('endless');
    const told: (number | null)[] = [];
    session.onDidFallSilent(seconds => told.push(seconds));
    process.kill(pid, 'SIGSTOP');
    await sleep(7500);
    const silent = session.silentSeconds;
    process.kill(pid, 'SIGCONT');
    assert.ok(silent !== null && silent >= 6 && silent <= 8, String(silent));
    assert.deepEqual(told.slice(0, 2), [5, 6]);
    assert.equal(session.connection, 'attached');
    while (session.silentSeconds !== null) await sleep(20);
    assert.equal(told.at(-1), null);
  });

  it('is not silent when it only has nothing to say', async () => {
    await run('idle');
    await sleep(7000);
    assert.equal(session.silentSeconds, null);
  });

  it('is lost, and not silent, within 5 seconds of its death', async () => {
    const pid = await run('endless');
    const lost = new Promise<number>(resolve => {
      const killedAt = performance.now();
      session.onDidChangeConnection(connection => {
        if (connection === 'lost') resolve(performance.now() - killedAt);
      });
    });
    process.kill(pid, 'SIGKILL');
    assert.ok((await lost) < 5000);
    assert.equal(session.silentSeconds, null);
  });
});
