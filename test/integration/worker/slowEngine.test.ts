import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { workerLogName } from '../../../src/protocol/logFiles.ts';
import {
  encodeRequest,
  workerMessageSchema,
  type WorkerEvent,
  type WorkerRequest,
} from '../../../src/protocol/workerMessages.ts';
import { makeTar } from '../../support/gnuTar.ts';
import { useIngest } from '../../support/ingestFixture.ts';
import { firstMessage } from '../../support/ownedWorker.ts';

const books = 3000;

/** Waits without reading a channel meanwhile, as an engine that is busy. */
function beBusyUntil(isDone: () => boolean): void {
  const until = performance.now() + 15_000;
  while (!isDone()) {
    assert.ok(performance.now() < until, 'it takes too long');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  }
}

describe('a worker whose engine is busy for a moment', function () {
  this.timeout(30_000);
  const { source, state } = useIngest();

  it('leaves when all that it said has been heard', async () => {
    await mkdir(state());
    const files: Record<string, Buffer> = {};
    for (let n = 0; n < books; n++) files[`${String(n)}.txt`] = Buffer.from('a book');
    await makeTar(join(source(), 'a.tar'), 'ustar', files);
    const worker = fork(join(import.meta.dirname, '../../../dist/worker.js'), [], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const { pid } = worker;
    assert.ok(pid !== undefined);
    const heard: WorkerEvent[] = [];
    const send = (request: WorkerRequest): void => {
      worker.send(encodeRequest(request));
    };
    worker.on('message', (message: unknown) => {
      const { event } = v.parse(workerMessageSchema, message);
      heard.push(event);
      if (event.type !== 'worker:ready') return;
      // Each fails with a message, and asks nothing of the engine.
      const poison = Array.from({ length: books }, (_, n) => n * 1024);
      const lease = { tar: 'a.tar', epoch: 1 };
      send({ type: 'tar:process', lease, folder: source(), resume: null, poison, suspects: [] });
      const log = (): string => readFileSync(join(state(), workerLogName(1)), 'utf8');
      beBusyUntil(() => log().includes('tar a.tar read to its end'));
      process.kill(pid, 'SIGTERM');
      beBusyUntil(() => log().endsWith('ended\n'));
    });
    send(firstMessage({ sourceFolders: [source()], stateFolder: state() }, { kind: 'none' }, 'none', null));
    try {
      const [code] = (await once(worker, 'close')) as unknown[];
      assert.equal(code, 0);
    } finally {
      worker.kill('SIGKILL');
    }
    assert.equal(heard.filter(({ type }) => type === 'book:failed').length, books);
    const ends = heard.flatMap(event => (event.type === 'tar:ended' ? [event.result] : []));
    assert.deepEqual(ends, ['completedWithErrors']);
  });
});
