import { EngineClient } from '../../client/engineClient.ts';
import { isUnderWay } from '../../client/isUnderWay.ts';
import { TarshelfError } from '../../protocol/errors.ts';
import { engineLaunch } from '../launchOfEngine.ts';
import { exitCodeOfRun, exitCodes } from '../exitCodes.ts';
import { Interruption } from '../interruption.ts';
import { describeOptions, readArguments } from '../optionTable.ts';
import { RunFollower } from '../runFollower.ts';
import { loadReporter } from '../runReporter.ts';
import { readStateFolder, refusePositionals, stateFolderOption } from '../stateFolderArgument.ts';
import type { CommandLine, Verb } from './verb.ts';

const command = 'tarshelf attach';

const options = {
  'state-dir': stateFolderOption,
  json: { help: 'one JSON object a line, the last one a summary' },
  help: { short: 'h', help: 'this text' },
} as const;

const help = [
  `Usage: ${command} [options]`,
  '',
  'Watches a run that goes on in the background, in another terminal or in',
  'VS Code, to its end. Ctrl-C ends the watching and leaves the run alone.',
  '',
  'Options:',
  ...describeOptions(options),
  '',
  'Exit code: that of the run at its end, 0 after Ctrl-C, 1 when its engine cannot',
  'be asked, 2 when nothing runs.',
  '',
].join('\n');

export const attach: Verb = {
  summary: 'watch a run that goes on elsewhere',
  run: async (args, commandLine) => {
    const given = readArguments(command, options, args);
    if (given.has('help')) {
      commandLine.stdout.write(help);
      return exitCodes.allDone;
    }
    refusePositionals(given.positionals);
    return await watch(readStateFolder(given, commandLine.currentFolder), given.has('json'), commandLine);
  },
};

async function watch(stateFolder: string, json: boolean, commandLine: CommandLine): Promise<number> {
  const { stdout, stderr } = commandLine;
  // Not once it is attached: what was told meanwhile would be missed.
  const makeReporter = await loadReporter(json, commandLine);
  const client = new EngineClient(engineLaunch(commandLine));
  const letGo = new AbortController();
  const leave = (): void => {
    letGo.abort();
    client.dispose();
  };
  const interruption = new Interruption(commandLine.signals, { stop: leave, leave });
  try {
    if (!(await client.attach(stateFolder, letGo.signal)) || !isUnderWay(client.store.run)) {
      throw new TarshelfError(
        'NOTHING_RUNNING',
        `Nothing is running in ${stateFolder}. "tarshelf status" says how the last run ended, "tarshelf ingest" begins one; name another state folder with --state-dir DIR.`,
      );
    }
    const follower = new RunFollower(client.store, { comesLate: true });
    const reporter = makeReporter(client, follower, client.store.options);
    try {
      for (const happening of follower.begin()) reporter.show(happening);
      client.onEvent(event => {
        for (const happening of follower.follow(event)) reporter.show(happening);
      });
      stdout.whenBroken(leave);
      const run = await client.runEnd();
      reporter.summarize(run);
      return exitCodeOfRun(run);
    } finally {
      reporter.close();
    }
  } catch (thrown) {
    if (!letGo.signal.aborted) throw thrown;
    if (interruption.hasHappened) {
      const note =
        'Not watching any more. "tarshelf status" says how far the run is, "tarshelf stop" ends it.';
      (json ? stderr : stdout).line(note);
    }
    return exitCodes.allDone;
  } finally {
    client.dispose();
    interruption.dispose();
  }
}
