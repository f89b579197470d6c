import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import * as v from 'valibot';
import { questionSchema, type EngineStart } from '../../protocol/clientMessages.ts';
import { oneLine, toFailure } from '../../protocol/errors.ts';
import { closeChannel, sayToParent } from '../system/channel.ts';
import { systemClock } from '../system/clock.ts';
import { EngineHost } from './engineHost.ts';
import { SpareWorker } from './crew/spareWorker.ts';
import { WorkerProcess, type StartWorker } from './crew/workerProcess.ts';
import { Ingest } from './ingest.ts';
import { findTars, withoutTars } from '../archive/sourceFolder.ts';

/** The entry of the engine process: the engine of one state folder, or the answer to one question. */

const usage = 'usage: engine.js --state-folder DIR [--source-folder DIR]...\n';
/** Time for what a run may have left open; where nothing is, the process ends before. */
const endsAfterEngineMs = 5000;

// Ctrl-C reaches the whole process group; it is the client that decides what it means.
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
// Whoever reads them may be gone long before the engine is: what is said to nobody must not end it.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

const folders = folderArguments();
if (folders === null) {
  if (!process.connected) {
    process.stderr.write(usage);
    process.exit(2);
  }
  process.on('SIGTERM', () => undefined);
  // An engine answers none, and need not load what does.
  const questions = import('./questions.ts');
  process.on('message', (message: unknown) => {
    const question = v.parse(questionSchema, message);
    void questions.then(({ answerQuestion }) => answerQuestion(question));
  });
} else {
  await beEngine(folders);
}

/** Absolute paths: the state folder, and the folders of the tars of its first run where these are known. */
interface Folders {
  readonly state: string;
  readonly sources: readonly string[];
}

function folderArguments(): Folders | null {
  try {
    const { values } = parseArgs({
      options: { 'state-folder': { type: 'string' }, 'source-folder': { type: 'string', multiple: true } },
    });
    const { 'state-folder': state, 'source-folder': sources = [] } = values;
    if (state === undefined) return null;
    return { state: resolve(state), sources: sources.map(source => resolve(source)) };
  } catch (thrown) {
    process.stderr.write(`${oneLine(thrown)}\n${usage}`);
    process.exit(2);
  }
}

async function beEngine({ state, sources }: Folders): Promise<void> {
  let host: EngineHost | undefined;
  let spare: SpareWorker | undefined;
  let isNew = false;
  const startWorker: StartWorker = listener =>
    new WorkerProcess(join(import.meta.dirname, 'worker.js'), listener);
  const askedToEnd = new AbortController();
  const drain = (): void => {
    askedToEnd.abort();
    host?.drain('by a signal');
  };
  process.on('SIGTERM', drain);
  // A monitor changes nothing of how the process dies.
  process.on('uncaughtExceptionMonitor', thrown => host?.noteDeath(thrown));
  try {
    // Folders of tars that are wrong are not to leave a state folder behind. Where there is one, it may have extracted tars.
    if (sources.length > 0 && !existsSync(state)) {
      const { tars, folders } = await findTars(sources);
      if (tars.length === 0) throw withoutTars(folders);
      isNew = true;
    }
    host = await EngineHost.start(state, {
      onTaken: () => {
        // With tars, and nothing done yet, a worker will be needed for sure: it begins beside the rest of the start.
        if (isNew) spare = new SpareWorker(startWorker, systemClock);
      },
      makeRun: (options, secrets, board, hold) =>
        new Ingest(options, secrets, listener => spare?.take(listener) ?? startWorker(listener), board, hold),
    });
  } catch (thrown) {
    spare?.end();
    const failure = toFailure(thrown);
    process.exitCode = 1;
    say({ type: 'engine:refused', failure });
    if (process.send === undefined) process.stderr.write(`tarshelf engine: ${failure.message}\n`);
    return;
  }
  say({ type: 'engine:ready' });
  if (askedToEnd.signal.aborted) drain();
  await host.ended;
  // No run has come that could have taken it.
  spare?.end();
  setTimeout(() => process.exit(), endsAfterEngineMs).unref();
}

/** To whoever started the engine, if they wait for it, and once: from then on they are a client like all others. */
function say(start: EngineStart): void {
  sayToParent(start);
  void closeChannel();
}
