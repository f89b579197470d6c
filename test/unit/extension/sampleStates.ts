import {
  newWorker,
  noCounts,
  type RunState,
  type TarState,
  type WorkerState,
} from '../../../src/protocol/snapshot.ts';

/** A tar as an engine would describe it, with what a test says of it. */
export function tarState(change: Partial<TarState> = {}): TarState {
  return {
    name: 'books-1.tar',
    folder: '/tars',
    phase: 'waiting',
    sizeBytes: 1_000_000_000,
    doneBytes: 0,
    worker: 1,
    counts: noCounts(),
    earlier: false,
    inRun: true,
    failure: null,
    ...change,
  };
}

export function workerState(change: Partial<WorkerState> = {}): WorkerState {
  return {
    ...newWorker(1),
    phase: 'idle',
    pid: 4711,
    assignedTars: ['books-1.tar'],
    ...change,
  };
}

export function runState(change: Partial<RunState> = {}): RunState {
  return {
    phase: 'running',
    sourceFolders: ['/tars'],
    stateFolder: '/state',
    totalBytes: 3_000_000_000,
    doneBytes: 0,
    bytesPerSecond: 0,
    secondsLeft: null,
    counts: noCounts(),
    summary: null,
    failure: null,
    ...change,
  };
}
