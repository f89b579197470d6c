import type { EngineClient } from '../client/engineClient.ts';
import type { SnapshotReader } from '../client/snapshotStore.ts';
import { destinationText } from '../protocol/destinationText.ts';
import type { IngestOptions } from '../protocol/ingestOptions.ts';
import type { RunState } from '../protocol/snapshot.ts';
import { JsonReporter } from './reporters/jsonReporter.ts';
import { PlainReporter } from './reporters/plainReporter.ts';
import type { Reporter } from './reporters/reporter.ts';
import type { RunFollower } from './runFollower.ts';
import { listedFailures, renderSummary } from './summaryText.ts';
import { describeTerminal } from './terminal.ts';
import { paintPlain, type Paint } from './terminalText.ts';
import type { CommandLine } from './verbs/verb.ts';

/**
 * @param options what the run was asked to do; null where that is not known
 */
export type MakeReporter = (
  client: EngineClient,
  follower: RunFollower,
  options: IngestOptions | null,
) => Reporter;

/**
 * What tells of the run that a client holds or watches: bars on a terminal, lines elsewhere, objects with `--json`.
 * To be had before there is anything to tell: what draws the bars takes a while to load, and only a terminal needs it.
 */
export async function loadReporter(json: boolean, commandLine: CommandLine): Promise<MakeReporter> {
  const { stdout, stderr, env } = commandLine;
  if (json) return ({ store }, _follower, options) => new JsonReporter(stdout, stderr, store, options);
  const terminal = describeTerminal(stdout.stream, env, process.platform);
  if (!terminal) {
    return ({ store }, follower, options) =>
      new PlainReporter(stdout, stderr, store, summarize(store, follower, options, paintPlain));
  }
  const { LiveReporter } = await import('./reporters/liveReporter.ts');
  return ({ store }, follower, options) =>
    new LiveReporter(terminal, store, summarize(store, follower, options, terminal.paint));
}

function summarize(
  store: SnapshotReader,
  follower: RunFollower,
  options: IngestOptions | null,
  paint: Paint,
): (run: RunState) => string[] {
  return run =>
    renderSummary(
      {
        run,
        tars: store.tars,
        failures: follower.failures(listedFailures),
        destination: options === null ? null : destinationText(options.destination),
      },
      paint,
    );
}
