import type { WorkerPhase } from '../../protocol/snapshot.ts';

/** What the work itself sets; the others come over it. */
export type WorkPhase = Exclude<WorkerPhase, 'stopping' | 'stopped' | 'paused' | 'died'>;

/**
 * What the process is about, for its heartbeat. Counters grow over its whole life: that they do is what tells a worker
 * that gets on from one that is stuck. They are changed for every chunk and member, so a change is an addition and
 * nothing more.
 */
export class Activity {
  /** Read from tars or extraction folders, or handed to the destination. */
  bytes = 0;
  /** Looked at, those that are passed over too. */
  members = 0;
  /** That have an outcome. */
  books = 0;
  /** Uploads that may be under way at the same time, at the moment. */
  parallelUploads = 1;
  /** What is done where nothing is waited for. */
  doing: WorkPhase = 'starting';
  isStopping = false;
  #waits = 0;

  get phase(): WorkerPhase {
    if (this.isStopping) return 'stopping';
    return this.#waits > 0 ? 'wait' : this.doing;
  }

  readonly addBytes = (bytes: number): void => {
    this.bytes += bytes;
  };

  /** Begins to wait for what is not ours to mend. @returns what ends that, once */
  waiting(): () => void {
    this.#waits++;
    let waits = true;
    return () => {
      if (waits) this.#waits--;
      waits = false;
    };
  }
}
