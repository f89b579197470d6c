import type { Subscription } from '../client/emitter.ts';
import type { SnapshotReader } from '../client/snapshotStore.ts';
import type { RunState } from '../protocol/snapshot.ts';

/** What views may know of the engine: what it said last, and whether it is still there. */
export interface EngineReader {
  readonly store: SnapshotReader;
  readonly connection: 'none' | 'starting' | 'attached' | 'ended' | 'lost';
  readonly isRunning: boolean;
  onDidChangeConnection(listener: () => void): Subscription;
}

/** Whether the engine still speaks. */
export interface SilenceReader {
  /** For how many seconds an engine that should speak has said nothing; null while it does. */
  readonly silentSeconds: number | null;
  /** Tells each second how long the silence is, and when it has ended. */
  onDidFallSilent(listener: () => void): Subscription;
}

/** What there is to show of a run. Only `running` and `stopping` say that work goes on at this moment. */
export type RunView =
  | { kind: 'none' }
  | { kind: 'starting' }
  | { kind: 'running' | 'stopping' | 'finished' | 'stopped'; run: RunState }
  | { kind: 'lost' };

/** What the engine said last, read in the light of whether it is still there. */
export function runView(engine: EngineReader): RunView {
  const run = engine.store.run;
  switch (engine.connection) {
    case 'none':
      return { kind: 'none' };
    case 'starting':
      return { kind: 'starting' };
    case 'lost':
      return { kind: 'lost' };
    case 'attached':
    case 'ended':
      break;
    default:
      engine.connection satisfies never;
  }
  if (!run) return { kind: engine.isRunning ? 'starting' : 'none' };
  switch (run.phase) {
    case 'starting':
      return { kind: 'starting' };
    case 'refused':
      return { kind: 'none' };
    case 'running':
    case 'stopping':
    case 'finished':
    case 'stopped':
      return { kind: run.phase, run };
    default:
      return run.phase satisfies never;
  }
}
