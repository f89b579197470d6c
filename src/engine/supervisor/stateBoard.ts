import type { Failure } from '../../protocol/errors.ts';
import type { IngestOptions } from '../../protocol/ingestOptions.ts';
import {
  noCounts,
  type Extraction,
  type RunState,
  type RunSnapshot,
  type Summary,
  type TarState,
  type WorkerPhase,
  type WorkerState,
} from '../../protocol/snapshot.ts';
import { noAmounts, type Amounts } from '../../protocol/throughput.ts';
import { addAmounts } from '../../protocol/throughputRings.ts';
import { summaryOf, totalsOf, type DoneBefore } from '../../protocol/totals.ts';
import type { ToldEvent } from './clients/eventStream.ts';
import { RateMeter } from './rateMeter.ts';

const publishEveryMs = 250;
/** Rates fall while nothing is heard; that is told, too. */
const refreshEveryMs = 1000;

/**
 * The state of a run as clients see it, and the only place that tells them: what changed since the last
 * telling goes out a few times a second, each thing whole and at most once.
 */
export class StateBoard {
  readonly #options: IngestOptions;
  readonly #post: (event: ToldEvent) => void;
  readonly #now: () => number;
  readonly #tars = new Map<string, TarState>();
  readonly #before = new Map<string, DoneBefore>();
  readonly #workers = new Map<number, WorkerState>();
  readonly #rates = new Map<number, RateMeter>();
  readonly #done = new Map<number, Readonly<Amounts>>();
  readonly #total = new RateMeter();
  readonly #startedAt: number;
  /** What of the tars this run has dealt with, and whether some of its time went into extracting. */
  #advancedBytes = 0;
  #hasExtracted = false;
  #run: RunState;
  readonly #changedTars = new Set<string>();
  readonly #changedWorkers = new Set<number>();
  #timer: NodeJS.Timeout | undefined;
  #publishAt = 0;

  /** @param now a steady clock, in milliseconds */
  constructor(options: IngestOptions, post: (event: ToldEvent) => void, now = () => performance.now()) {
    this.#options = options;
    this.#post = post;
    this.#now = now;
    this.#startedAt = now();
    this.#run = {
      phase: 'starting',
      sourceFolders: options.sourceFolders,
      stateFolder: options.stateFolder,
      totalBytes: 0,
      doneBytes: 0,
      bytesPerSecond: 0,
      secondsLeft: null,
      counts: noCounts(),
      summary: null,
      failure: null,
    };
  }

  get run(): RunState {
    return this.#run;
  }

  get tars(): Iterable<TarState> {
    return this.#tars.values();
  }

  /** What each worker has done in this run, for whoever measures. */
  get done(): ReadonlyMap<number, Readonly<Amounts>> {
    return this.#done;
  }

  /** What each worker is doing. */
  get phases(): Iterable<readonly [worker: number, phase: WorkerPhase]> {
    return [...this.#workers.values()].map(({ number, phase }) => [number, phase] as const);
  }

  tar(name: string): TarState {
    const tar = this.#tars.get(name);
    if (!tar) throw new Error(`no tar ${name} on the board`);
    return tar;
  }

  worker(number: number): WorkerState {
    const worker = this.#workers.get(number);
    if (!worker) throw new Error(`no worker ${String(number)} on the board`);
    return worker;
  }

  setTar(tar: TarState): void {
    this.#tars.set(tar.name, tar);
    this.#changedTars.add(tar.name);
    this.#publishSoon();
  }

  /** A tar of which earlier runs have done this much, so that it does not count as done by this one. */
  setBegunTar(tar: TarState, before: DoneBefore): void {
    this.#before.set(tar.name, before);
    this.setTar(tar);
  }

  changeTar(name: string, change: Partial<TarState>): void {
    this.setTar({ ...this.tar(name), ...change });
  }

  /** How far a worker has come in a tar; the difference to before is what its rate is made of. */
  advanceTar(name: string, worker: number, doneBytes: number, change: Partial<TarState>): void {
    const before = this.tar(name);
    const ahead = doneBytes - before.doneBytes;
    // Begun anew after all: what is counted from here on is of this run.
    if (doneBytes < (this.#before.get(name)?.bytes ?? 0)) this.#before.delete(name);
    const amounts = amountsAhead(before, { ...before, ...change, doneBytes });
    this.#done.set(worker, addAmounts(this.#done.get(worker) ?? noAmounts, amounts));
    if (ahead > 0) {
      const now = this.#now();
      this.#rates.get(worker)?.add(ahead, now);
      this.#total.add(ahead, now);
      this.#advancedBytes += ahead;
      this.#changedWorkers.add(worker);
    }
    this.changeTar(name, { ...change, doneBytes });
  }

  /** How far a worker has extracted its tar; null when it does not. Its rate is that of the extraction meanwhile. */
  advanceExtraction(number: number, extraction: Extraction | null): void {
    const before = this.worker(number).extraction;
    if (!before && !extraction) return;
    if (!before || !extraction) this.#rates.set(number, new RateMeter());
    const ahead = before && extraction ? extraction.bytes - before.bytes : 0;
    if (ahead > 0) this.#rates.get(number)?.add(ahead, this.#now());
    this.#hasExtracted = true;
    this.changeWorker(number, { extraction });
  }

  setWorker(worker: WorkerState): void {
    if (!this.#rates.has(worker.number)) this.#rates.set(worker.number, new RateMeter());
    this.#workers.set(worker.number, worker);
    this.#changedWorkers.add(worker.number);
    this.#publishSoon();
  }

  changeWorker(number: number, change: Partial<WorkerState>): void {
    this.setWorker({ ...this.worker(number), ...change });
  }

  changeRun(change: Partial<RunState>): void {
    this.#run = { ...this.#run, ...change };
    this.publish();
  }

  tell(event: ToldEvent): void {
    this.#post(event);
  }

  /** What a snapshot says of this run at this moment. */
  snapshot(): Pick<RunSnapshot, 'run' | 'options' | 'tars' | 'workers'> {
    this.#refresh();
    return {
      run: this.#run,
      options: this.#options,
      tars: [...this.#tars.values()],
      workers: [...this.#workers.values()],
    };
  }

  /** What this run did, and how all tars are, by their states. */
  summary(): Summary {
    return summaryOf([...this.#tars.values()], this.#now() - this.#startedAt, this.#before);
  }

  /** Ends a run with the failure that kept it from beginning. */
  refuse(failure: Failure): void {
    this.changeRun({ phase: 'refused', failure });
  }

  /** Tells at once what changed. */
  publish(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#refresh();
    for (const name of this.#changedTars) this.tell({ type: 'tar:changed', tar: this.tar(name) });
    for (const number of this.#changedWorkers)
      this.tell({ type: 'worker:changed', worker: this.worker(number) });
    this.#changedTars.clear();
    this.#changedWorkers.clear();
    this.tell({ type: 'run:changed', run: this.#run });
    if (this.#run.bytesPerSecond > 0) this.#publishSoon(refreshEveryMs);
  }

  #publishSoon(delayMs = publishEveryMs): void {
    const at = performance.now() + delayMs;
    if (this.#timer && at >= this.#publishAt) return;
    clearTimeout(this.#timer);
    this.#publishAt = at;
    this.#timer = setTimeout(() => {
      this.publish();
    }, delayMs);
  }

  /** Brings what follows from the tars and the clock up to date. */
  #refresh(): void {
    const now = this.#now();
    for (const [number, meter] of this.#rates) {
      const worker = this.worker(number);
      const bytesPerSecond = worker.currentTar === null ? 0 : meter.bytesPerSecond(now);
      const secondsLeft = meter.isSteady(now) ? secondsLeftOf(worker, this.#tars, bytesPerSecond) : null;
      if (bytesPerSecond === worker.bytesPerSecond && secondsLeft === worker.secondsLeft) continue;
      this.#workers.set(number, { ...worker, bytesPerSecond, secondsLeft });
      this.#changedWorkers.add(number);
    }
    const totals = totalsOf([...this.#tars.values()], this.#before);
    const bytesPerSecond = this.#run.phase === 'running' ? this.#total.bytesPerSecond(now) : 0;
    this.#run = {
      ...this.#run,
      ...totals,
      bytesPerSecond,
      secondsLeft: this.#secondsLeft(totals.totalBytes - totals.doneBytes, bytesPerSecond, now),
    };
  }

  #secondsLeft(bytesLeft: number, bytesPerSecond: number, now: number): number | null {
    if (this.#run.phase !== 'running') return null;
    if (!this.#hasExtracted && !this.#total.isSteady(now)) return null;
    // Extracting takes time in which nothing is dealt with, so that the rate of some seconds says nothing of all.
    const rate = this.#hasExtracted ? (this.#advancedBytes * 1000) / (now - this.#startedAt) : bytesPerSecond;
    return rate > 0 ? bytesLeft / rate : null;
  }
}

function secondsLeftOf(
  { currentTar, extraction }: WorkerState,
  tars: ReadonlyMap<string, TarState>,
  bytesPerSecond: number,
): number | null {
  const tar = currentTar === null ? undefined : tars.get(currentTar);
  if (!tar || bytesPerSecond <= 0) return null;
  return (tar.sizeBytes - (extraction ? extraction.bytes : tar.doneBytes)) / bytesPerSecond;
}

/** What of a tar was done between two states of it. A worker that begins it anew has nothing to give back. */
function amountsAhead(
  { doneBytes, counts }: TarState,
  { doneBytes: doneBytesNow, counts: countsNow }: TarState,
): Amounts {
  const ahead = (before: number, now: number): number => Math.max(0, now - before);
  return [
    ahead(doneBytes, doneBytesNow),
    ahead(counts.uploaded, countsNow.uploaded),
    ahead(counts.duplicates.own, countsNow.duplicates.own),
    ahead(counts.duplicates.others, countsNow.duplicates.others),
    ahead(counts.duplicates.destination, countsNow.duplicates.destination),
    ahead(counts.failed, countsNow.failed),
  ];
}
