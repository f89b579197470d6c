import type { SnapshotReader } from '../../client/snapshotStore.ts';
import type { Settings } from '../../settings/settings.ts';
import type { DestinationOptions, IngestOptions } from '../../protocol/ingestOptions.ts';
import type { Plan } from '../../protocol/plan.ts';
import type { FailedTar } from '../../protocol/progressFile.ts';
import type { Secrets } from '../../protocol/secrets.ts';
import type { RunState } from '../../protocol/snapshot.ts';
import type { Verification } from '../../protocol/verification.ts';
import type { StoredSecrets } from '../../settings/storedSecrets.ts';
import type { Messages } from './messages.ts';
import type { Prompts } from './prompts.ts';

/** The engine, as commands use it. */
export interface IngestCommands {
  readonly isRunning: boolean;
  readonly store: SnapshotReader;
  /** Looks whether a run of the state folder is under way that another client began. */
  find(stateFolder: string, secretsOf: (destination: DestinationOptions) => Promise<Secrets>): Promise<void>;
  ingest(options: IngestOptions, secrets: Secrets): Promise<RunState>;
  stop(): Promise<void>;
  /** These answer with a line for a person. Null: all workers. */
  restartWorker(worker: number | null): Promise<string | null>;
  pauseWorker(worker: number | null): Promise<string | null>;
  resumeWorker(worker: number | null): Promise<string | null>;
  /** To the workers named, or to all others. */
  reassign(worker: number, to: readonly number[] | null): Promise<string | null>;
}

/** The views whose rows are chosen for commands, several at a time. */
export type ViewOfRows = 'tars' | 'workers';

/** Puts rows in the place of those that VS Code did not know when it called a command. */
export interface RowCompleter {
  complete(args: readonly unknown[]): readonly unknown[];
}

/** What commands work with. */
export interface Services {
  readonly engine: IngestCommands;
  readonly settings: Settings;
  readonly secrets: StoredSecrets;
  readonly prompts: Prompts;
  /** Asks an engine of its own, also while an ingest is under way; see `client/askEngine.ts`. */
  readonly checkDestination: (
    options: DestinationOptions,
    secrets: Secrets,
    signal: AbortSignal,
  ) => Promise<string>;
  readonly makePlan: (options: IngestOptions, signal: AbortSignal) => Promise<Plan>;
  readonly listFailures: (stateFolder: string) => Promise<FailedTar[]>;
  readonly verifyTar: (
    options: IngestOptions,
    secrets: Secrets,
    tar: string,
    onProgress: (doneBytes: number, totalBytes: number) => void,
    signal: AbortSignal,
  ) => Promise<Verification>;
  /** What is chosen in the views, where VS Code forgets it for the moment of a redraw; see `views/rememberedRows.ts`. */
  readonly chosen: Readonly<Record<ViewOfRows, RowCompleter>>;
  /** Brings a tar into sight among the tars. */
  readonly revealTar: (tar: string) => PromiseLike<void>;
  /** Of this extension. */
  readonly version: string;
  /** The sample books, in a folder that is this extension's own. */
  readonly samples: {
    readonly folder: string;
    /** Makes the tars in a process of its own; see `client/sampleTars.ts`. */
    readonly make: (folder: string, signal: AbortSignal) => Promise<void>;
  };
  readonly messages: Messages;
  /** The dashboard. */
  readonly throughput: { showTab(): void };
  readonly log: { show(preserveFocus?: boolean): void; error(message: string): void };
}
