import { EngineClient } from '../../client/engineClient.ts';
import { isUnderWay } from '../../client/isUnderWay.ts';
import { engineLaunch } from '../launchOfEngine.ts';
import { exitCodes } from '../exitCodes.ts';
import { Interruption } from '../interruption.ts';
import { describeOptions, readArguments } from '../optionTable.ts';
import { readStateFolder, refusePositionals, stateFolderOption } from '../stateFolderArgument.ts';
import { renderHeadline } from '../summaryText.ts';
import { countTars } from '../tarTotals.ts';
import { describeTerminal } from '../terminal.ts';
import { paintPlain } from '../terminalText.ts';
import type { Verb } from './verb.ts';

const command = 'tarshelf stop';

const options = {
  'state-dir': stateFolderOption,
  help: { short: 'h', help: 'this text' },
} as const;

const help = [
  `Usage: ${command} [options]`,
  '',
  'Ends the run of a state folder, wherever it was begun: the books in hand are',
  'finished and saved, and its engine ends. The next ingest goes on there.',
  '',
  'Options:',
  ...describeOptions(options),
  '',
  'Ctrl-C ends the waiting; the run ends all the same.',
  'Exit code: 0 when nothing runs any more, 1 when its engine cannot be asked, 130',
  'when it was not waited for.',
  '',
].join('\n');

export const stop: Verb = {
  summary: 'end a run that goes on elsewhere',
  run: async (args, commandLine) => {
    const { stdout, env } = commandLine;
    const given = readArguments(command, options, args);
    if (given.has('help')) {
      stdout.write(help);
      return exitCodes.allDone;
    }
    refusePositionals(given.positionals);
    const client = new EngineClient(engineLaunch(commandLine));
    const left = new AbortController();
    const leave = (): void => {
      left.abort();
      client.dispose();
    };
    const interruption = new Interruption(commandLine.signals, { stop: leave, leave });
    try {
      const stateFolder = readStateFolder(given, commandLine.currentFolder);
      const isThere = await client.attach(stateFolder, left.signal);
      const wasRunning = isThere && isUnderWay(client.store.run);
      if (wasRunning) stdout.line('Finishing the books in hand …');
      await client.end({ drain: true });
      if (left.signal.aborted) return leftBehind();
      if (!wasRunning) {
        stdout.line('Nothing is running.');
        return exitCodes.allDone;
      }
      const run = await client.runEnd();
      const paint = describeTerminal(stdout.stream, env, process.platform)?.paint ?? paintPlain;
      stdout.line(renderHeadline(run, countTars(client.store.tars), paint));
      return exitCodes.allDone;
    } catch (thrown) {
      if (left.signal.aborted) return leftBehind();
      throw thrown;
    } finally {
      client.dispose();
      interruption.dispose();
    }

    function leftBehind(): number {
      stdout.line('Not waited for: the run ends when the books in hand are finished.');
      return exitCodes.interrupted;
    }
  },
};
