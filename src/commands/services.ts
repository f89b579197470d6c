import type { Settings } from '../settings.ts';
import type { IngestOptions } from '../protocol/ingestOptions.ts';
import type { Secrets } from '../protocol/secrets.ts';
import type { RunState } from '../protocol/snapshot.ts';
import type { Messages } from './messages.ts';

/** The engine, as commands use it. */
export interface IngestCommands {
  readonly isRunning: boolean;
  ingest(options: IngestOptions, secrets: Secrets): Promise<RunState>;
  stop(): Promise<void>;
}

/** What commands work with. */
export interface Services {
  readonly engine: IngestCommands;
  readonly settings: Settings;
  readonly messages: Messages;
  readonly log: { show(preserveFocus?: boolean): void; error(message: string): void };
}
