// An engine of one worker that grants it every key: node workerOwner.ts INIT, with a `worker:init` message as JSON.
// Each message of the worker comes as a line of JSON, after one with the worker's pid. To be killed.
import { fork } from 'node:child_process';
import { join } from 'node:path';
import * as v from 'valibot';
import {
  encodeMessage,
  encodeRequest,
  workerMessageSchema,
  workerRequestSchema,
  type WorkerRequest,
} from '../../src/protocol/workerMessages.ts';

const init = v.parse(workerRequestSchema, JSON.parse(process.argv[2] ?? ''));
if (init.type !== 'worker:init') throw new Error('not the first message of a worker');
const worker = fork(join(import.meta.dirname, '../../dist/worker.js'), [], {
  execArgv: ['--disable-warning=ExperimentalWarning'],
  stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
});
const send = (request: WorkerRequest): void => {
  worker.send(encodeRequest(request), () => undefined);
};
const tell = (line: unknown): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

tell({ pid: worker.pid });
worker.on('message', (received: unknown) => {
  const message = v.parse(workerMessageSchema, received);
  const { event } = message;
  tell(encodeMessage(message).event);
  if (event.type === 'worker:ready') {
    for (const tar of init.assignedTars) {
      const folder = init.options.sourceFolders[0] ?? null;
      send({ type: 'tar:process', lease: { tar, epoch: 5 }, folder, resume: null, poison: [], suspects: [] });
    }
  } else if (event.type === 'claim:request') {
    const verdicts = event.keys.map(() => ({ kind: 'claimed' as const }));
    send({ type: 'claim:answer', id: event.id, verdicts });
  }
});
process.on('message', (request: unknown) => {
  send(v.parse(workerRequestSchema, request));
});
send(init);
