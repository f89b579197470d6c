import { join } from 'node:path';
import { EngineClient } from '../../client/engineClient.ts';
import { destinationText } from '../../protocol/destinationText.ts';
import type { IngestOptions } from '../../protocol/ingestOptions.ts';
import type { RunState } from '../../protocol/snapshot.ts';
import { ingestOptionTable, parseIngestArguments, type IngestRequest } from '../arguments.ts';
import { findEngineNode } from '../engineNode.ts';
import { exitCodeOfRun, exitCodes } from '../exitCodes.ts';
import { Interruption } from '../interruption.ts';
import { describeOptions } from '../optionTable.ts';
import { JsonReporter } from '../reporters/jsonReporter.ts';
import { LiveReporter } from '../reporters/liveReporter.ts';
import { PlainReporter } from '../reporters/plainReporter.ts';
import { readSecrets, withoutSecrets } from '../secrets.ts';
import type { Reporter } from '../reporters/reporter.ts';
import { RunFollower } from '../runFollower.ts';
import { listedFailures, renderSummary } from '../summaryText.ts';
import { describeTerminal } from '../terminal.ts';
import { paintPlain, type Paint } from '../terminalText.ts';
import type { CommandLine, Verb } from './verb.ts';

const summary = 'read a folder of tars and put every book in them on the shelf';

const help = [
  'Usage: tarshelf ingest <source folder> [options]',
  '',
  'Reads all .tar files of the source folder and puts every book in them on the',
  'shelf, once. The tars are only read; "--after-completion move" moves those that',
  'are done to "processed" in the source folder. A run that was stopped or broke',
  'off goes on where it was when the same command is given again.',
  '',
  'Options:',
  ...describeOptions(ingestOptionTable),
  '',
  'Ctrl-C finishes the book in hand, saves and ends; a second Ctrl-C ends at once.',
  'Exit code: 0 all done, 1 something failed, 2 wrong usage, 130 interrupted.',
  '',
].join('\n');

export const ingest: Verb = {
  summary,
  run: async (args, commandLine) => {
    const request = parseIngestArguments(args, commandLine.currentFolder);
    if (request.kind === 'help') {
      commandLine.stdout.write(help);
      return exitCodes.allDone;
    }
    return await runIngest(request, commandLine);
  },
};

/** Runs an ingest in front of a person, or for a program that reads lines of JSON. */
export async function runIngest(
  { options, passwordFile, json }: Extract<IngestRequest, { kind: 'ingest' }>,
  commandLine: CommandLine,
): Promise<number> {
  const { stdout, stderr } = commandLine;
  const secrets = await readSecrets(commandLine.env, passwordFile);
  const engineLines = new LineSplitter(line => {
    reporter.engineWrote(line);
  });
  const client = new EngineClient({
    enginePath: join(commandLine.programFolder, 'engine.js'),
    execPath: findEngineNode(commandLine.programFolder),
    env: withoutSecrets(commandLine.env),
    onStderr: text => {
      engineLines.push(text);
    },
  });
  const follower = new RunFollower(client.store);
  const reporter = makeReporter(client, follower, options, json, commandLine);
  client.onEvent(event => {
    for (const happening of follower.follow(event)) reporter.show(happening);
  });
  const interruption = new Interruption(commandLine.signals, {
    stop: () => {
      if (!stdout.isBroken) reporter.stopping();
      void client.stop();
    },
    leave: () => {
      client.kill();
      reporter.close();
      stderr.line('tarshelf: Left at once. Run the same command again to go on where this run was.');
      commandLine.leave(exitCodes.interrupted);
    },
  });
  // Nobody reads any more, so nobody waits for the rest either.
  stdout.whenBroken(() => {
    interruption.stop();
  });
  try {
    const run = await client.ingest(options, secrets);
    engineLines.end();
    reporter.summarize(run);
    return interruption.hasHappened ? exitCodes.interrupted : exitCodeOfRun(run);
  } finally {
    engineLines.end();
    reporter.close();
    interruption.dispose();
  }
}

function makeReporter(
  client: EngineClient,
  follower: RunFollower,
  options: IngestOptions,
  json: boolean,
  { stdout, stderr, env }: CommandLine,
): Reporter {
  const { store } = client;
  if (json) return new JsonReporter(stdout, stderr, store, options);
  const summarize =
    (paint: Paint) =>
    (run: RunState): string[] =>
      renderSummary(
        {
          run,
          tars: store.tars,
          failures: follower.failures(listedFailures),
          destination: destinationText(options.destination),
        },
        paint,
      );
  const terminal = describeTerminal(stdout.stream, env, process.platform);
  if (!terminal) return new PlainReporter(stdout, stderr, store, summarize(paintPlain));
  return new LiveReporter(terminal, store, summarize(terminal.paint));
}

/** Makes lines out of the pieces in which a child's output arrives. */
class LineSplitter {
  readonly #onLine: (line: string) => void;
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(text: string): void {
    const lines = (this.#rest + text).split(/\r?\n/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') this.#onLine(line);
  }

  end(): void {
    if (this.#rest !== '') this.#onLine(this.#rest);
    this.#rest = '';
  }
}
