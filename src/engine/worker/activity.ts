import type { WorkerPhase } from '../../protocol/snapshot.ts';

/** What the work itself sets; the others come over it. */
export type WorkPhase = Exclude<WorkerPhase, 'stopping' | 'stopped' | 'paused' | 'died'>;

/** What goes on beside the reading of headers, and of which there may be several at a time. */
type SideWork = 'hash' | 'upload' | 'othersUpload';

/**
 * What the process is about, for its heartbeat. Counters grow over its whole life: that they do is what tells a worker
 * that gets on from one that is stuck. They are changed for every chunk and member, so a change is an addition and
 * nothing more.
 *
 * Several things go on at a time: while headers are read, books before them are digested, and those before these are
 * uploaded. The phase is the first of these that holds:
 *
 *   stopping ─ wait (not ours to mend) ─ hash ─ upload ─ wait (all that is left are others' uploads) ─ what is done beside
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
  /** What is done where nothing is digested, uploaded or waited for. */
  doing: WorkPhase = 'starting';
  isStopping = false;
  #waits = 0;
  readonly #underWay: Record<SideWork, number> = { hash: 0, upload: 0, othersUpload: 0 };

  get phase(): WorkerPhase {
    if (this.isStopping) return 'stopping';
    if (this.#waits > 0) return 'wait';
    const { hash, upload, othersUpload } = this.#underWay;
    if (hash > 0) return 'hash';
    if (upload > 0) return 'upload';
    return othersUpload > 0 ? 'wait' : this.doing;
  }

  readonly addBytes = (bytes: number): void => {
    this.bytes += bytes;
  };

  /** To be followed by {@link end} of the same. */
  begin(work: SideWork): void {
    this.#underWay[work]++;
  }

  end(work: SideWork): void {
    this.#underWay[work]--;
  }

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
