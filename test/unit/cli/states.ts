import {
  newWorker,
  noCounts,
  type RunState,
  type TarState,
  type WorkerState,
} from '../../../src/protocol/snapshot.ts';

// States of an engine for tests to change what matters to them.

export function runState(change: Partial<RunState> = {}): RunState {
  return {
    phase: 'running',
    sourceFolders: ['/tars'],
    stateFolder: '/state',
    totalBytes: 4_000_000_000,
    doneBytes: 1_000_000_000,
    bytesPerSecond: 25_000_000,
    secondsLeft: 120,
    counts: noCounts(),
    summary: null,
    failure: null,
    ...change,
  };
}

export function tarState(name: string, change: Partial<TarState> = {}): TarState {
  return {
    name,
    folder: '/tars',
    phase: 'waiting',
    sizeBytes: 1_000_000_000,
    doneBytes: 0,
    worker: null,
    counts: noCounts(),
    earlier: false,
    inRun: true,
    failure: null,
    ...change,
  };
}

export function workerState(number: number, change: Partial<WorkerState> = {}): WorkerState {
  return {
    ...newWorker(number),
    phase: 'upload',
    pid: 1000 + number,
    ...change,
  };
}
