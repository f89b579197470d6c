import { EngineClient } from '../../client/engineClient.ts';
import { isUnderWay } from '../../client/isUnderWay.ts';
import { engineLaunch } from '../launchOfEngine.ts';
import { exitCodes } from '../exitCodes.ts';
import { Interruption } from '../interruption.ts';
import { readStateFolder, refusePositionals, stateFolderOption } from '../stateFolderArgument.ts';
import { renderHeadline } from '../summaryText.ts';
import { countTars } from '../../protocol/totals.ts';
import { describeTerminal } from '../terminal.ts';
import { paintPlain } from '../terminalText.ts';
import { makeVerb } from './verb.ts';

const options = {
  'state-dir': stateFolderOption,
} as const;

export const stop = makeVerb({
  name: 'stop',
  summary: 'end a run that goes on elsewhere',
  usage: null,
  explanation: [
    'Ends the run of a state folder, wherever it was begun: the books in hand are',
    'finished and saved, and its engine ends. The next ingest goes on there.',
  ],
  options,
  notes: ['Ctrl-C ends the waiting; the run ends all the same.'],
  exitCodes: [
    'Exit code: 0 when nothing runs any more, 1 when its engine cannot be asked, 130',
    'when it was not waited for.',
  ],
  run: async (given, commandLine) => {
    const { stdout, env } = commandLine;
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
});
