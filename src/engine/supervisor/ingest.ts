import { join } from 'node:path';
import { destinationText } from '../../protocol/destinationText.ts';
import { TarshelfError, toFailure } from '../../protocol/errors.ts';
import type { IngestOptions } from '../../protocol/ingestOptions.ts';
import { launcherLogName } from '../../protocol/logFiles.ts';
import type { Secrets } from '../../protocol/secrets.ts';
import { sentence } from '../../protocol/sentences.ts';
import { foldersText } from '../../protocol/sourceFolders.ts';
import type { BookCounts } from '../../protocol/snapshot.ts';
import { supervisionInForce } from '../../protocol/supervision.ts';
import { ClaimTable } from '../dedupe/claimTable.ts';
import { DestinationUnusable, type Destination } from '../destinations/destination.ts';
import { nowhereId } from '../destinations/nowhere.ts';
import { prepareDestination } from '../destinations/openDestination.ts';
import { extractionRoot } from '../extraction/extractionFolder.ts';
import { removeExtractions } from '../extraction/removeExtractions.ts';
import { systemClock, type Clock } from '../system/clock.ts';
import { EventLog } from '../system/eventLog.ts';
import type { ProgressRecord } from '../progress/progressRecord.ts';
import { Crew } from './crew/crew.ts';
import type { History } from './crew/history.ts';
import type { RunningWorker } from './crew/workerProcesses.ts';
import { KeyRefresh } from './keyRefresh.ts';
import { LoadMeter } from './load/loadMeter.ts';
import { LoadWatch } from './load/loadWatch.ts';
import { systemFacts } from './load/systemFacts.ts';
import { WorkerScaler } from './load/workerScaler.ts';
import { MovedTars } from './movedTars.ts';
import { ProcessedTars } from './processedTars.ts';
import { doneBefore, tarAtStart, tarNotInRun, tarNotUtf8 } from './recordedTars.ts';
import { ResumePoints } from './resumePoints.ts';
import { completedEarlier, dealTars, findSources, type Sources } from './sources.ts';
import { passedOverText, type FoundTar } from '../archive/sourceFolder.ts';
import type { StateBoard } from './stateBoard.ts';
import type { StateFolder } from './stateFolder.ts';
import { readSuspects } from './crew/suspects.ts';
import { TarHands } from './crew/tarHands.ts';
import type { StartWorker } from './crew/workerProcess.ts';

/*
 * What lives in this folder: the engine, which owns the workers of one state folder. It deals the tars,
 * answers the claims, starts a worker again that died, and tells its clients. It promises that each key is
 * one worker's at a time, and that no worker outlives it for longer than the book in hand.
 */

/** What a run has to do. */
interface Plan {
  /** All of the source folders, by name; which of them are in the run, the board says. */
  readonly tars: ReadonlyMap<string, FoundTar>;
  /** Each once. */
  readonly sourceFolders: readonly string[];
  readonly hands: TarHands;
  readonly claims: ClaimTable;
  readonly keys: KeyRefresh;
  readonly resumePoints: ResumePoints;
  readonly moved: MovedTars;
}

/** What an earlier run counted in a tar that it completed; null where the tar is to be read. */
type Completions = (tar: FoundTar) => BookCounts | null;

function completions(
  { folders }: Sources,
  progress: ReadonlyMap<number, ProgressRecord>,
  bookTypes: IngestOptions['bookTypes'],
): Completions {
  return tar => completedEarlier(tar, progress, bookTypes, folders.length > 1);
}

/** What the engine lends a run. */
export interface IngestHold {
  /** Held by the engine for its whole life. */
  readonly state: StateFolder;
  readonly history: History;
  /** The workers' processes that there are now; told when one begins or has ended. */
  readonly onWorkersChanged: (workers: RunningWorker[]) => void;
  readonly clock?: Clock;
}

/** One ingest from its start to its summary. */
export class Ingest {
  readonly #options: IngestOptions;
  readonly #secrets: Secrets;
  readonly #startWorker: StartWorker;
  readonly #board: StateBoard;
  readonly #hold: IngestHold;
  readonly #stop = new AbortController();
  #crew: Crew | undefined;

  constructor(
    options: IngestOptions,
    secrets: Secrets,
    startWorker: StartWorker,
    board: StateBoard,
    hold: IngestHold,
  ) {
    this.#options = options;
    this.#secrets = secrets;
    this.#startWorker = startWorker;
    this.#board = board;
    this.#hold = hold;
  }

  /** Runs to the end, or to the stop. What keeps it from beginning ends it as `refused`; nothing is thrown. */
  async run(): Promise<void> {
    const { history, state } = this.#hold;
    let destination: Destination | undefined;
    let log: EventLog;
    let plan: Plan;
    try {
      const notices: string[] = [];
      const found = await findSources(this.#options, message => {
        notices.push(message);
      });
      for (const folder of found.emptyFolders) {
        notices.push(
          `There are no .tar files in ${folder}. Where its disk is not connected, connect it and launch again.`,
        );
      }
      const passedOver = passedOverText(found.passedOver);
      if (passedOver !== undefined) notices.push(passedOver);
      log = new EventLog(join(state.path, launcherLogName));
      await state.outwaitWorkers(this.#stop.signal, () => {
        const message =
          'Workers of an earlier run still finish the book in hand; this run begins when they have left.';
        history.log.info(message);
        this.#board.tell({ type: 'notice', message });
      });
      // Not before: what keeps the run from beginning is to be said alone.
      for (const message of notices) this.#board.tell({ type: 'notice', message });
      destination = await prepareDestination(this.#options.destination, this.#secrets, this.#stop.signal);
      const { progress, claims } = await this.#readProgress(state, log);
      this.#checkDestination(progress, destination);
      const keys = new KeyRefresh(destination, claims, {
        onProblem: message => {
          log.warn(message);
          this.#board.tell({ type: 'notice', message });
        },
      });
      await keys.readAll(this.#stop.signal);
      const lost = await this.#findLost(destination, claims);
      const completed = completions(found, progress, this.#options.bookTypes);
      const tars = new Set(
        lost ? this.#chosenForLost(found, lost) : this.#chosen(found, completed, progress),
      );
      // What was recorded of tars with lost books does not count: they are read anew.
      const isRecorded = (tar: FoundTar): boolean => !lost || !tars.has(tar);
      const isCompleted: Completions = tar => (isRecorded(tar) ? completed(tar) : null);
      const resumePoints = this.#resumePoints(state, found.tars.filter(isRecorded), progress);
      this.#show(found.tars, tars, isCompleted, progress, resumePoints);
      const hands = this.#deal([...tars], progress);
      plan = {
        ...{ hands, claims, keys, resumePoints },
        tars: new Map(found.tars.map(tar => [tar.name, tar])),
        sourceFolders: found.folders,
        moved: new MovedTars(progress),
      };
    } catch (thrown) {
      destination?.close();
      if (this.#stop.signal.aborted) this.#board.changeRun({ phase: 'stopped' });
      else
        this.#board.refuse(
          toFailure(thrown, thrown instanceof DestinationUnusable ? 'DESTINATION_UNUSABLE' : 'INTERNAL'),
        );
      return;
    }
    log.info(
      `ingest of ${foldersText(plan.sourceFolders)} started with ${String(this.#options.workers)} workers`,
    );
    try {
      this.#board.changeRun({ phase: this.#stop.signal.aborted ? 'stopping' : 'running' });
      await this.#work(plan, destination.id, log);
    } finally {
      destination.close();
      await history.settled();
    }
    const phase = this.#stop.signal.aborted ? 'stopped' : 'finished';
    const summary = this.#board.summary();
    log.info(`ingest ${phase}: ${JSON.stringify(summary)}`);
    log.close();
    this.#board.changeRun({ phase, summary });
  }

  /** Lets every worker finish the book in hand, save and end. */
  stop(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    if (this.#board.run.phase === 'running') this.#board.changeRun({ phase: 'stopping' });
    this.#crew?.stop();
  }

  /**
   * Stops a worker gently and starts it again; null: all that are at work. This and what follows return one line for
   * a person that says what was done.
   *
   * @throws TarshelfError `NO_SUCH_WORKER`
   */
  restartWorker(worker: number | null): string {
    return this.#workers().restartWorker(worker);
  }

  /** @throws TarshelfError `NO_SUCH_WORKER` */
  pauseWorker(worker: number | null): string {
    return this.#workers().pauseWorker(worker);
  }

  /** @throws TarshelfError `NO_SUCH_WORKER` */
  resumeWorker(worker: number | null): string {
    return this.#workers().resumeWorker(worker);
  }

  /** @throws TarshelfError `NO_SUCH_WORKER`, `REASSIGN_REFUSED` */
  reassign(worker: number, to: readonly number[] | null): string {
    return this.#workers().reassign(worker, to);
  }

  /** The workers, for whoever scales them by the load of the machine; undefined before there are any. */
  get crew(): Crew | undefined {
    return this.#crew;
  }

  #workers(): Crew {
    if (this.#crew) return this.#crew;
    throw new TarshelfError('NO_SUCH_WORKER', sentence('noWorkersYet'));
  }

  /** For itself, so that nobody but the claims holds the keys. */
  async #readProgress(
    state: StateFolder,
    log: EventLog,
  ): Promise<{ progress: ReadonlyMap<number, ProgressRecord>; claims: ClaimTable }> {
    const { records, keys } = await state.readProgress(
      message => {
        this.#board.tell({ type: 'notice', message });
      },
      message => {
        log.warn(message);
      },
    );
    return { progress: records, claims: new ClaimTable(keys) };
  }

  #checkDestination(progress: ReadonlyMap<number, ProgressRecord>, destination: Destination): void {
    for (const record of progress.values()) {
      if (record.destination === undefined || record.destination === destination.id) continue;
      throw new TarshelfError(
        'STATE_OTHER_DESTINATION',
        sentence(
          record.destination === nowhereId ? 'stateOfNowhere' : 'stateOfOtherLibrary',
          this.#options.stateFolder,
        ),
      );
    }
  }

  /** All tars that were asked for; of these, where it is a retry, those with failures. */
  #chosen(
    found: Sources,
    completed: Completions,
    progress: ReadonlyMap<number, ProgressRecord>,
  ): readonly FoundTar[] {
    const { retry, stateFolder, tars: asked } = this.#options;
    const tars = asked ? found.tars.filter(tar => asked.includes(tar.name)) : found.tars;
    if (tars.length === 0) {
      throw new TarshelfError('SOURCE_WITHOUT_TARS', sentence('chosenTarsGone', foldersText(found.folders)));
    }
    if (!retry) return tars;
    const records = [...progress.values()];
    const chosen = tars.filter(
      tar =>
        (retry.tars?.includes(tar.name) ?? true) &&
        !completed(tar) &&
        records.some(record => record.hasFailures(tar.name)),
    );
    if (chosen.length > 0) return chosen;
    throw new TarshelfError(
      'NOTHING_TO_RETRY',
      retry.tars
        ? sentence('nothingFailedIn', retry.tars.join(', '))
        : sentence('nothingFailed', stateFolder),
    );
  }

  /** The tars that lost books came from, which are claimed like new ones from now on; null where nobody wants to know. */
  async #findLost(destination: Destination, claims: ClaimTable): Promise<ReadonlySet<string> | null> {
    if (this.#options.retry?.lost !== true) return null;
    const tars = new Set<string>();
    await destination.findLost?.(({ key, tar }) => {
      claims.lose(key);
      tars.add(tar);
    }, this.#stop.signal);
    return tars;
  }

  /** The tars that were asked for, or those that the lost books came from. */
  #chosenForLost(found: Sources, lost: ReadonlySet<string>): readonly FoundTar[] {
    if (lost.size === 0) {
      const library = destinationText(this.#options.destination);
      throw new TarshelfError('NOTHING_TO_RETRY', sentence('nothingLost', library));
    }
    const asked = this.#options.retry?.tars ?? [...lost];
    const chosen = found.tars.filter(tar => asked.includes(tar.name));
    if (chosen.length > 0) return chosen;
    throw new TarshelfError(
      'SOURCE_WITHOUT_TARS',
      sentence('lostTarsGone', foldersText(found.folders), asked.join(', ')),
    );
  }

  #resumePoints(
    state: StateFolder,
    tars: readonly FoundTar[],
    progress: ReadonlyMap<number, ProgressRecord>,
  ): ResumePoints {
    const points = new ResumePoints(async worker => {
      try {
        return await state.readRecord(worker);
      } catch (thrown) {
        // Then the tar is read from its start, and its books are known as duplicates.
        this.#board.tell({ type: 'notice', message: toFailure(thrown).message });
        return null;
      }
    }, this.#options.bookTypes);
    for (const tar of tars) for (const record of progress.values()) points.note(tar, record);
    return points;
  }

  /**
   * Puts every tar of the source folders on the board: who retries one of them, or launches a few, is still to see what
   * is amiss with the others.
   */
  #show(
    all: readonly FoundTar[],
    chosen: ReadonlySet<FoundTar>,
    completed: Completions,
    progress: ReadonlyMap<number, ProgressRecord>,
    resumePoints: ResumePoints,
  ): void {
    for (const tar of all) {
      const earlier = completed(tar);
      const resume = resumePoints.best(tar.name);
      if (tar.nameBytes) this.#board.setTar(tarNotUtf8(tar, chosen.has(tar)));
      else if (!chosen.has(tar)) this.#board.setTar(tarNotInRun(tar, earlier, resume, progress));
      else if (resume) this.#board.setBegunTar(tarAtStart(tar, earlier, resume), doneBefore(resume));
      else this.#board.setTar(tarAtStart(tar, earlier, null));
    }
  }

  #deal(tars: readonly FoundTar[], progress: ReadonlyMap<number, ProgressRecord>): TarHands {
    const dealt = dealTars(tars, this.#options.workers).tarsOf;
    return new TarHands(
      dealt.map((tarsOfWorker, index) => {
        const current = progress.get(index + 1)?.currentTar;
        const hand = tarsOfWorker.filter(tar => !this.#board.tar(tar).earlier);
        for (const tar of hand) this.#board.changeTar(tar, { worker: index + 1 });
        // An interrupted tar goes first, so that one is finished before the next is begun.
        return hand.sort((a, b) => Number(b === current) - Number(a === current));
      }),
    );
  }

  async #work(
    { tars, sourceFolders, hands, claims, keys, resumePoints, moved }: Plan,
    destinationId: string,
    log: EventLog,
  ): Promise<void> {
    if (this.#stop.signal.aborted) return;
    const { stateFolder, afterCompletion } = this.#options;
    const onNotice = (message: string): void => {
      log.warn(message);
      this.#board.tell({ type: 'notice', message });
    };
    const processed = new ProcessedTars({
      onMoved: (tar, path) => {
        log.info(`${tar} was moved to ${path}`);
        moved.add(tar, path, this.#board.tar(tar).worker);
      },
      onNotice,
    });
    const move = (name: string): void => {
      const tar = tars.get(name);
      // An extraction folder whose tar is gone is no file of a source folder.
      if (afterCompletion !== 'move' || typeof tar?.folder !== 'string') return;
      processed.move({ ...tar, folder: tar.folder });
    };
    this.#crew = new Crew(this.#options.workers, {
      startWorker: this.#startWorker,
      clock: this.#hold.clock ?? systemClock,
      random: Math.random,
      supervision: supervisionInForce(this.#options.supervision),
      board: this.#board,
      claims,
      hands,
      log,
      history: this.#hold.history,
      onCompleted: move,
      onWorkersChanged: this.#hold.onWorkersChanged,
      suspects: (worker, lease) => readSuspects(stateFolder, worker, lease),
      folderOf: name => tars.get(name)?.folder ?? null,
      resumePoint: async (worker, name) => {
        const tar = tars.get(name);
        return tar ? await resumePoints.handTo(worker, tar) : null;
      },
      init: (number, assignedTars) => ({
        type: 'worker:init',
        number,
        options: this.#options,
        secrets: this.#secrets,
        destinationId,
        assignedTars: [...assignedTars],
        assignedBytes: assignedTars.reduce((sum, name) => sum + (tars.get(name)?.sizeBytes ?? 0), 0),
      }),
    });
    const atWork = new AbortController();
    const untilStopped = AbortSignal.any([atWork.signal, this.#stop.signal]);
    const keepingUp = keys.keepUp(untilStopped);
    this.#watchLoad(this.#crew, sourceFolders, log, untilStopped);
    try {
      await Promise.all([this.#crew.work(), this.#finishEarlier(move)]);
    } finally {
      atWork.abort();
      await keepingUp;
    }
    await processed.settled();
    if (afterCompletion === 'move') {
      await moved.findLeft(sourceFolders, name => tars.has(name), onNotice);
      await moved.record(stateFolder, onNotice);
    }
    // What is kept is read from the files: a book that was told of, and not recorded, is not to be known for ever.
    claims.forget();
    await this.#hold.state.keepKeys(message => {
      log.warn(message);
    });
  }

  /** Has as many workers at work as the machine bears, between the fewest that were asked for and all of them. */
  #watchLoad(crew: Crew, sourceFolders: readonly string[], log: EventLog, signal: AbortSignal): void {
    const { stateFolder, supervision, workers } = this.#options;
    const clock = this.#hold.clock ?? systemClock;
    const { checkSeconds, minWorkers } = supervisionInForce(supervision);
    const paths = [...sourceFolders, stateFolder, extractionRoot(stateFolder)];
    new LoadWatch({
      meter: new LoadMeter({ paths, clock, facts: systemFacts }),
      scaler: new WorkerScaler(clock, { min: Math.min(minWorkers, workers), max: workers }),
      staff: crew,
      clock,
      checkSeconds,
      onOff: line => {
        log.info(line);
      },
    }).start(signal);
  }

  /** What a kill kept from being done to completed tars. Moved last: who looks for what was extracted goes by the tar. */
  async #finishEarlier(move: (tar: string) => void): Promise<void> {
    await this.#removeLeftExtractions();
    if (this.#stop.signal.aborted) return;
    for (const name of this.#completedEarlier()) move(name);
  }

  /** Of the tars in the run: the others are left alone. */
  #completedEarlier(): ReadonlySet<string> {
    const tars = [...this.#board.tars].filter(tar => tar.inRun && tar.earlier);
    return new Set(tars.map(tar => tar.name));
  }

  /** A kill may come between the last commit of a tar and the removal of what was extracted from it. */
  async #removeLeftExtractions(): Promise<void> {
    const { mode, stateFolder } = this.#options;
    if (mode === 'in-place') return;
    const earlier = this.#completedEarlier();
    await removeExtractions(
      stateFolder,
      name => earlier.has(name) && !this.#stop.signal.aborted,
      message => {
        this.#board.tell({ type: 'notice', message: `${message}.` });
      },
    );
  }
}
