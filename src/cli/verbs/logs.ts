import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LogReader } from '../../client/logReader.ts';
import { namesIn } from '../../client/runStatus.ts';
import { TarshelfError } from '../../protocol/errors.ts';
import { launcherLogName, monitorLogName, workerLogName, workerOfLog } from '../../protocol/logFiles.ts';
import { exitCodes } from '../exitCodes.ts';
import { Interruption } from '../interruption.ts';
import type { GivenArguments } from '../optionTable.ts';
import { readStateFolder, readWorkerNumber, stateFolderOption } from '../stateFolderArgument.ts';
import { printable } from '../../protocol/printable.ts';
import { wholeNumber } from '../wholeNumber.ts';
import { makeVerb, type CommandLine } from './verb.ts';

const command = 'tarshelf logs';
const lineBounds = { min: 0, max: 1_000_000, default: 50 };
const lookEveryMs = 250;

export const logsOptionTable = {
  follow: { short: 'f', help: 'go on with new lines until Ctrl-C' },
  lines: { value: 'K', help: `so many of the last lines (default: ${String(lineBounds.default)})` },
  'state-dir': stateFolderOption,
} as const;

/** What `tarshelf logs` is asked to show. */
interface LogsRequest {
  /** Null for the launcher's log. */
  readonly worker: number | 'monitor' | null;
  readonly follow: boolean;
  readonly lines: number;
  readonly stateFolder: string;
}

/** @throws TarshelfError `USAGE` */
export function readLogsRequest(
  given: GivenArguments<typeof logsOptionTable>,
  currentFolder: string,
): LogsRequest {
  const [number, ...others] = given.positionals;
  if (others.length > 0) {
    throw new TarshelfError('USAGE', `One log at a time: "${others.join(' ')}" is too much.`);
  }
  return {
    worker: number === undefined ? null : number === 'monitor' ? number : readWorkerNumber(command, number),
    follow: given.has('follow'),
    lines: wholeNumber('--lines', given.value('lines'), lineBounds),
    stateFolder: readStateFolder(given, currentFolder),
  };
}

export const logs = makeVerb({
  name: 'logs',
  summary: 'show the log of a worker or of the engine, and follow it',
  usage: '[worker number | monitor]',
  explanation: [
    'Shows the log of a worker, or without a number that of the engine. "monitor"',
    'is the log of what was done about workers that died, and about troubles.',
  ],
  options: logsOptionTable,
  exitCodes: ['Exit code: 0, 1 when the log cannot be read, 2 when there is no such log.'],
  run: async (given, commandLine) => {
    const { worker, stateFolder, lines, follow } = readLogsRequest(given, commandLine.currentFolder);
    const name = logName(worker);
    const reader = new LogReader(stateFolder, name);
    const last = await reader.last(lines);
    const { stdout, stderr } = commandLine;
    if (last) print(last, commandLine);
    else if (!follow) throw new TarshelfError('USAGE', await missingText(worker, stateFolder));
    else stderr.line(`Waiting for ${printable(join(stateFolder, name))} … Ctrl-C ends this.`);
    if (follow && !stdout.isBroken) await followLog(reader, commandLine);
    return exitCodes.allDone;
  },
});

/** Prints what is new until a signal comes or the reader of the output goes. */
async function followLog(reader: LogReader, commandLine: CommandLine): Promise<void> {
  const ended = new AbortController();
  const end = (): void => {
    ended.abort();
  };
  const interruption = new Interruption(commandLine.signals, { stop: end, leave: end });
  commandLine.stdout.whenBroken(end);
  try {
    for (;;) {
      // Looked at, not watched: watching misses changes on network drives and in containers.
      await sleep(lookEveryMs, undefined, { signal: ended.signal }).catch(() => undefined);
      if (ended.signal.aborted) return;
      print(await reader.next(), commandLine);
    }
  } finally {
    interruption.dispose();
  }
}

function print(lines: readonly string[], { stdout }: CommandLine): void {
  if (lines.length === 0) return;
  stdout.line(lines.map(line => printable(line.replaceAll('\t', '    '))).join('\n'));
}

function logName(worker: number | 'monitor' | null): string {
  if (worker === null) return launcherLogName;
  return worker === 'monitor' ? monitorLogName : workerLogName(worker);
}

async function missingText(worker: number | 'monitor' | null, stateFolder: string): Promise<string> {
  const workers = (await namesIn(stateFolder)).map(workerOfLog).filter(number => number !== undefined);
  workers.sort((a, b) => a - b);
  if (worker === 'monitor')
    return `Nothing had to be mended in ${stateFolder}, so there is no log of that. Other state folders: --state-dir DIR.`;
  const what = worker === null ? 'The engine' : `Worker ${String(worker)}`;
  const others =
    workers.length === 0
      ? 'No worker has one either: name another state folder with --state-dir DIR.'
      : `Workers with a log: ${workers.join(', ')}.`;
  return `${what} has no log in ${stateFolder}. ${others}`;
}
