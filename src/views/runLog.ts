import type { Subscription } from '../client/emitter.ts';
import type { EngineEvent } from '../protocol/clientMessages.ts';
import { formatBytes, formatCount, formatDuration } from '../protocol/format.ts';
import type { RunPhase, RunState, TarPhase, TarState } from '../protocol/snapshot.ts';
import { foldersText } from '../protocol/sourceFolders.ts';
import { booksText, tarDescription } from './tarText.ts';

/** Where log lines go: VS Code's `LogOutputChannel`, or a list in a test. */
export interface LogLines {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/**
 * Writes the course of a run as log lines: its start and end, every tar that ends, every failed book, every
 * notice. Events carry whole states, and may come twice; a line is written when a phase is another than before.
 */
export class RunLog {
  readonly #log: LogLines;
  readonly #listening: Subscription;
  readonly #tarPhases = new Map<string, TarPhase>();
  #runPhase: RunPhase | undefined;
  #unfinishedLine = '';

  constructor(onEvent: (listener: (event: EngineEvent) => void) => Subscription, log: LogLines) {
    this.#log = log;
    this.#listening = onEvent(event => {
      this.#write(event);
    });
  }

  /** Takes what the engine wrote to standard error, in pieces that need not end where lines end. */
  stderr(text: string): void {
    const lines = (this.#unfinishedLine + text).split('\n');
    this.#unfinishedLine = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') this.#log.error(`engine: ${line.trimEnd()}`);
  }

  dispose(): void {
    this.#listening.dispose();
  }

  #write(event: EngineEvent): void {
    switch (event.type) {
      case 'snapshot':
        if (event.snapshot.run) this.#writeRun(event.snapshot.run);
        // Also what ended in events that were missed.
        for (const tar of event.snapshot.tars) this.#writeTar(tar);
        break;
      case 'run:changed':
        this.#writeRun(event.run);
        break;
      case 'tar:changed':
        this.#writeTar(event.tar);
        break;
      case 'worker:changed':
        break;
      case 'book:failed':
        this.#log.warn(`${event.tar}: ${event.member}: ${event.failure.message} [${event.failure.code}]`);
        break;
      case 'notice':
        this.#log.warn(event.message);
        break;
      case 'history:added':
      case 'throughput:added':
        break;
      default:
        event satisfies never;
    }
  }

  #writeRun(run: RunState): void {
    if (run.phase === this.#runPhase) return;
    this.#runPhase = run.phase;
    switch (run.phase) {
      case 'starting':
        break;
      case 'running':
        this.#log.info(
          `Reading ${formatBytes(run.totalBytes)} of tars in ${foldersText(run.sourceFolders)}; state is kept in ${run.stateFolder}.`,
        );
        break;
      case 'stopping':
        this.#log.info('Stopping: the books in hand are finished first.');
        break;
      case 'stopped':
      case 'finished':
        this.#log.info(`${run.phase === 'finished' ? 'Finished' : 'Stopped'}${endText(run)}`);
        break;
      case 'refused':
        if (run.failure) this.#log.error(`${run.failure.message} [${run.failure.code}]`);
        break;
      default:
        run.phase satisfies never;
    }
  }

  #writeTar(tar: TarState): void {
    const before = this.#tarPhases.get(tar.name);
    this.#tarPhases.set(tar.name, tar.phase);
    if (before === tar.phase || tar.earlier || !tar.inRun) return;
    if (tar.phase === 'failed') {
      const code = tar.failure ? ` [${tar.failure.code}]` : '';
      this.#log.error(
        `${tar.name}: ${tarDescription(tar, undefined, true)}${code} (${booksText(tar.counts)})`,
      );
    } else if (tar.phase === 'completedWithErrors') {
      this.#log.warn(`${tar.name}: ${tarDescription(tar, undefined, true)}`);
    } else if (tar.phase === 'completed') {
      this.#log.info(`${tar.name}: ${tarDescription(tar, undefined, true)}`);
    }
  }
}

function endText(run: RunState): string {
  const { summary } = run;
  if (!summary) return '.';
  const { tars, books } = summary;
  return (
    ` after ${formatDuration(summary.seconds)}: ${String(tars.completed)} of ${formatCount(tars.total, 'tar')} done,` +
    ` ${String(tars.failed)} incomplete${tars.notInRun === undefined ? '' : `, ${String(tars.notInRun)} not in this run`};` +
    ` ${formatCount(books.uploaded, 'new book')},` +
    ` ${formatCount(books.duplicates, 'duplicate')}, ${String(books.failed)} failed;` +
    ` ${formatCount(summary.skipped, 'other file')} skipped.`
  );
}
