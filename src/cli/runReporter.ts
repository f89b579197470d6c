import type { EngineClient } from '../client/engineClient.ts';
import { destinationText } from '../protocol/destinationText.ts';
import type { IngestOptions } from '../protocol/ingestOptions.ts';
import type { RunState } from '../protocol/snapshot.ts';
import { JsonReporter } from './reporters/jsonReporter.ts';
import { LiveReporter } from './reporters/liveReporter.ts';
import { PlainReporter } from './reporters/plainReporter.ts';
import type { Reporter } from './reporters/reporter.ts';
import type { RunFollower } from './runFollower.ts';
import { listedFailures, renderSummary } from './summaryText.ts';
import { describeTerminal } from './terminal.ts';
import { paintPlain, type Paint } from './terminalText.ts';
import type { CommandLine } from './verbs/verb.ts';

/**
 * Tells of the run that a client holds or watches: bars on a terminal, lines elsewhere, objects with `--json`.
 *
 * @param options what the run was asked to do; null where that is not known
 */
export function makeReporter(
  { store }: EngineClient,
  follower: RunFollower,
  options: IngestOptions | null,
  json: boolean,
  { stdout, stderr, env }: CommandLine,
): Reporter {
  if (json) return new JsonReporter(stdout, stderr, store, options);
  const summarize =
    (paint: Paint) =>
    (run: RunState): string[] =>
      renderSummary(
        {
          run,
          tars: store.tars,
          failures: follower.failures(listedFailures),
          destination: options === null ? null : destinationText(options.destination),
        },
        paint,
      );
  const terminal = describeTerminal(stdout.stream, env, process.platform);
  if (!terminal) return new PlainReporter(stdout, stderr, store, summarize(paintPlain));
  return new LiveReporter(terminal, store, summarize(terminal.paint));
}
