import type { RunState } from '../../protocol/snapshot.ts';
import type { Happening } from '../runFollower.ts';

/** Tells a person or a program about one run: live on a terminal, in plain lines, or in lines of JSON. */
export interface Reporter {
  show(happening: Happening): void;
  /** The user has asked to stop, and the engine has been told. */
  stopping(): void;
  /** A line that the engine wrote to its standard error: what no event could say. */
  engineWrote(line: string): void;
  /** The run has ended, finished or stopped. */
  summarize(run: RunState): void;
  /** Takes away what is live. Called at every end, also of a run that never began. */
  close(): void;
}
