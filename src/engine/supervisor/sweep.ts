import type { EngineFile } from '../../protocol/engineFile.ts';
import type { Clock } from '../system/clock.ts';
import type { ProcessIdentity } from '../system/processes.ts';

/** A worker without an engine leaves within 10 s; what is there for longer is stuck, or halted. */
const patienceMs = 15_000;
/** Time for a killed process to be gone; the kernel ends a read of a disk that hangs first. */
const patienceForKilledMs = 5000;
/** The first look comes soon, the later ones less often: where there is no `/proc`, each is a process of its own. */
const looksMs = { first: 100, longest: 1000 };

export type NotedWorker = EngineFile['workers'][number];

export interface SweepOptions {
  readonly clock: Clock;
  /** Ends the waiting; who was not gone by then stays, and is told to nobody. */
  readonly signal: AbortSignal;
  /** What can be told and done of processes; `processes.ts`, but in tests. */
  readonly processes: {
    isSame(identity: ProcessIdentity): Promise<boolean>;
    killTree(identity: ProcessIdentity): Promise<number>;
  };
  /** It is not there any more, or is not ours to look after. */
  readonly onGone: (worker: NotedWorker) => void;
  /** It had to be ended, with so many processes in all. Comes before `onGone`. */
  readonly onSwept: (worker: NotedWorker, processes: number) => void;
  /** It could not be ended, so that the next run may have to wait for it. */
  readonly onLeft: (worker: NotedWorker) => void;
}

/**
 * Ends what the engine before this one left: workers that should have ended with it and did not. To be called with
 * the state folder held, or they might be a living engine's.
 *
 * One whose start is not known may by now be any process of the machine, and is let be: the lock that every worker
 * holds says whether it is there, and the run waits for that (`StateFolder.outwaitWorkers`). Never rejects.
 */
export async function sweepWorkers(workers: readonly NotedWorker[], options: SweepOptions): Promise<void> {
  await Promise.all(workers.map(worker => sweepWorker(worker, options)));
}

async function sweepWorker(worker: NotedWorker, options: SweepOptions): Promise<void> {
  const { processes, signal, onGone, onLeft, onSwept } = options;
  const identity: ProcessIdentity = { pid: worker.pid, start: worker.processStart };
  if (identity.start === null || (await isGone(identity, patienceMs, options, signal))) {
    onGone(worker);
    return;
  }
  if (signal.aborted) return;
  const ended = await processes.killTree(identity).catch(() => 0);
  if (!(await isGone(identity, patienceForKilledMs, options))) {
    onLeft(worker);
    return;
  }
  if (ended > 0) onSwept(worker, ended);
  onGone(worker);
}

/** Looks at once and then again, until the process is gone, the time is over or the signal comes. */
async function isGone(
  identity: ProcessIdentity,
  withinMs: number,
  { clock, processes }: SweepOptions,
  signal?: AbortSignal,
): Promise<boolean> {
  const deadline = clock.now() + withinMs;
  for (let waitMs = looksMs.first; ; waitMs = Math.min(2 * waitMs, looksMs.longest)) {
    // What cannot be looked at is taken for there, and is looked at again.
    const isThere = await processes.isSame(identity).catch(() => true);
    if (!isThere) return true;
    if (signal?.aborted || clock.now() >= deadline) return false;
    await pause(clock, waitMs, signal);
  }
}

function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const end = (): void => {
      cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(delayMs, end);
    signal?.addEventListener('abort', end);
  });
}
