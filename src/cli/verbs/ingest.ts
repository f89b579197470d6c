import { EngineClient } from '../../client/engineClient.ts';
import { LineSplitter } from '../../client/lineSplitter.ts';
import { TarshelfError, toFailure } from '../../protocol/errors.ts';
import type { Secrets } from '../../protocol/secrets.ts';
import { ingestOptionTable, parseIngestArguments, type IngestRequest } from '../arguments.ts';
import { engineLaunch } from '../launchOfEngine.ts';
import { exitCodeOfRun, exitCodes } from '../exitCodes.ts';
import { Interruption } from '../interruption.ts';
import { describeOptions } from '../optionTable.ts';
import { RunFollower } from '../runFollower.ts';
import { loadReporter } from '../runReporter.ts';
import { readSecrets } from '../secrets.ts';
import { stoppingText } from '../stoppingText.ts';
import type { CommandLine, Verb } from './verb.ts';

const summary = 'read folders of tars and put every book in them on the shelf';

const help = [
  'Usage: tarshelf ingest <source folder>... [options]',
  '',
  'Reads all .tar files of the source folders and puts every book in them on the',
  'shelf, once. The folders may be on several disks; no two tars in them may have',
  'one name. The tars are only read; "--after-completion move" moves those that',
  'are done to "processed" in their folder. A run that was stopped or broke off',
  'goes on where it was when the same command is given again. Put the name of a',
  'folder in quotes where it has blanks.',
  '',
  'Options:',
  ...describeOptions(ingestOptionTable),
  '',
  'TIME is a number of seconds, or such as 90s, 15m, 2h.',
  '',
  'Ctrl-C finishes the book in hand, saves and ends; a second Ctrl-C ends at once.',
  'With --detach the run goes on when this terminal is closed: "tarshelf status"',
  'says how far it is, "tarshelf attach" watches it, "tarshelf stop" ends it.',
  'Exit code: 0 all done, 1 something failed, 2 wrong usage, 130 interrupted; with',
  '--detach 0 as soon as the run has begun.',
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

type RunRequest = Extract<IngestRequest, { kind: 'ingest' }>;

/** Runs an ingest: in front of a person, for a program that reads lines of JSON, or in the background. */
export async function runIngest(request: RunRequest, commandLine: CommandLine): Promise<number> {
  const secrets = await readSecrets(commandLine.env, request.passwordFile);
  const { stdout, stderr } = commandLine;
  stdout.whenLost(why => {
    stderr.line(
      `tarshelf: The output cannot be written (${why}). The run goes on without it: "tarshelf status" says how far it is, or how it ended.`,
    );
  });
  return request.detach
    ? await runDetached(request, secrets, commandLine)
    : await runAttached(request, secrets, commandLine);
}

async function runDetached(
  { options, json }: RunRequest,
  secrets: Secrets,
  commandLine: CommandLine,
): Promise<number> {
  const { stdout } = commandLine;
  const client = new EngineClient({ ...engineLaunch(commandLine), whenLeft: 'keepRunning' });
  const interruption = new Interruption(commandLine.signals, {
    stop: () => {
      void client.stop().catch(() => undefined);
    },
    leave: () => {
      client.kill();
      commandLine.leave(exitCodes.interrupted);
    },
  });
  try {
    await client.start(options, secrets);
    if (interruption.hasHappened) {
      await client.end({ drain: true });
      return exitCodes.interrupted;
    }
    const pid = client.enginePid;
    stdout.line(
      json
        ? JSON.stringify({ type: 'detached', pid })
        : `Runs in the background, pid ${String(pid)}. "tarshelf status" says how far it is, "tarshelf attach" watches it, "tarshelf stop" ends it.`,
    );
    return exitCodes.allDone;
  } catch (thrown) {
    await client.end({ drain: false });
    if (interruption.hasHappened && !(thrown instanceof TarshelfError)) return exitCodes.interrupted;
    throw thrown;
  } finally {
    client.dispose();
    interruption.dispose();
  }
}

async function runAttached(
  { options, json }: RunRequest,
  secrets: Secrets,
  commandLine: CommandLine,
): Promise<number> {
  const { stdout, stderr } = commandLine;
  // Before there is anything to stop: from here to the first wait for the engine nothing comes in between.
  const makeReporter = await loadReporter(json, commandLine);
  const engineLines = new LineSplitter(line => {
    reporter.engineWrote(line);
  });
  const client = new EngineClient({
    ...engineLaunch(commandLine),
    onStderr: text => {
      engineLines.push(text);
    },
    whenLeft: 'stop',
  });
  const follower = new RunFollower(client.store);
  const reporter = makeReporter(client, follower, options);
  client.onEvent(event => {
    for (const happening of follower.follow(event)) reporter.show(happening);
  });
  const interruption = new Interruption(commandLine.signals, {
    stop: () => {
      if (stdout.isLost) stderr.line(stoppingText);
      else if (!stdout.isBroken) reporter.stopping();
      client.stop().catch((thrown: unknown) => {
        reporter.engineWrote(toFailure(thrown).message);
      });
    },
    leave: () => {
      client.kill();
      reporter.close();
      stderr.line('tarshelf: Left at once. Run the same command again to go on where this run was.');
      commandLine.leave(exitCodes.interrupted);
    },
  });
  // Where nobody reads any more, nobody waits for the rest either. A full disk is no such word.
  stdout.whenBroken(() => {
    if (!stdout.isLost) interruption.stop();
  });
  try {
    const run = await client.ingest(options, secrets);
    engineLines.end();
    reporter.summarize(run);
    return interruption.hasHappened ? exitCodes.interrupted : exitCodeOfRun(run);
  } catch (thrown) {
    // What was interrupted while it waited for an engine never began.
    if (interruption.hasHappened && !(thrown instanceof TarshelfError)) return exitCodes.interrupted;
    throw thrown;
  } finally {
    engineLines.end();
    reporter.close();
    // Nothing is left behind, but for what others hold: the engine stays where a window is attached to it.
    await client.end({ drain: false });
    client.dispose();
    interruption.dispose();
  }
}
