import { join } from 'node:path';
import * as v from 'valibot';
import {
  clientRequestSchema,
  type ClientRequest,
  type EngineEvent,
  type EngineReply,
} from '../../protocol/clientMessages.ts';
import { toFailure } from '../../protocol/errors.ts';
import type { DestinationOptions, IngestOptions } from '../../protocol/ingestOptions.ts';
import type { Secrets } from '../../protocol/secrets.ts';
import { checkDestination } from '../destinations/checkDestination.ts';
import { listFailures } from '../progress/failureList.ts';
import { Ingest } from './ingest.ts';
import { StateBoard } from './stateBoard.ts';
import { StatusWriter } from './statusFile.ts';

/** The entry of the engine process: one ingest, commanded by the client that started it. */

/** Time for a check that was given up to end what it began. */
const endsAfterCheckMs = 5000;

let running: { ingest: Ingest; board: StateBoard } | undefined;

// Ctrl-C reaches the whole process group; it is the client that decides what it means.
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
process.on('SIGTERM', () => running?.ingest.stop());
// Without its client the engine drains: books in hand are finished, progress is saved, and it ends.
process.on('disconnect', () => running?.ingest.stop());
process.on('message', (message: unknown) => {
  receive(v.parse(clientRequestSchema, message));
});

function post(event: EngineEvent | EngineReply): void {
  if (process.connected) process.send?.(event, () => undefined);
}

function receive(request: ClientRequest): void {
  switch (request.type) {
    case 'ingest:start':
      if (!running) void start(request.options, request.secrets);
      break;
    case 'ingest:stop':
      running?.ingest.stop();
      break;
    case 'failures:list':
      void answerFailures(request.stateFolder);
      break;
    case 'destination:check':
      void answerCheck(request.options, request.secrets);
      break;
    case 'snapshot:get':
      running?.board.tellSnapshot();
      break;
    default:
      request satisfies never;
  }
}

async function answerFailures(stateFolder: string): Promise<void> {
  try {
    post({ type: 'failures', tars: await listFailures(stateFolder) });
  } catch (thrown) {
    post({ type: 'request:failed', failure: toFailure(thrown) });
  }
  if (!running && process.connected) process.disconnect();
}

async function answerCheck(options: DestinationOptions, secrets: Secrets): Promise<void> {
  const abandoned = new AbortController();
  const abandon = (): void => {
    abandoned.abort();
  };
  process.once('disconnect', abandon);
  process.once('SIGTERM', abandon);
  try {
    const message = await checkDestination(options, secrets, abandoned.signal);
    post({ type: 'destination:checked', message });
  } catch (thrown) {
    post({ type: 'request:failed', failure: toFailure(thrown) });
  }
  if (running) return;
  if (process.connected) process.disconnect();
  // A connection that obeys no signal is not to keep the process; where there is none, it ends before.
  setTimeout(() => process.exit(), endsAfterCheckMs).unref();
}

async function start(options: IngestOptions, secrets: Secrets): Promise<void> {
  const status = new StatusWriter(options.stateFolder, () => board.snapshot());
  const board = new StateBoard(options, event => {
    post(event);
    status.follow(event);
  });
  const ingest = new Ingest(options, secrets, join(import.meta.dirname, 'worker.js'), board);
  running = { ingest, board };
  await ingest.run();
  await status.end();
  // Closing the channel sends what is still under way in it, and leaves nothing that keeps the process alive.
  if (process.connected) process.disconnect();
}
