import { EngineClient } from '../../client/engineClient.ts';
import { TarshelfError } from '../../protocol/errors.ts';
import { engineLaunch } from '../launchOfEngine.ts';
import { exitCodes } from '../exitCodes.ts';
import type { GivenArguments, OptionTable } from '../optionTable.ts';
import { readStateFolder, readWorkerNumber, stateFolderOption } from '../stateFolderArgument.ts';
import { printable } from '../../protocol/printable.ts';
import { makeVerb, type Verb } from './verb.ts';

/** What can be asked of the workers of a run that goes on elsewhere. */

const commonOptions = { 'state-dir': stateFolderOption } as const;

interface Order<Table extends OptionTable> {
  readonly name: string;
  readonly summary: string;
  readonly options: Table;
  /** What stands behind the name in the usage. */
  readonly usage: string;
  readonly explanation: readonly string[];
  /** What is said when the engine has nothing to say. */
  readonly done: string;
  /**
   * Reads the rest of the command line, before anything is asked.
   *
   * @throws TarshelfError `USAGE`
   */
  readonly read: (
    command: string,
    given: GivenArguments<Table>,
  ) => (client: EngineClient) => Promise<string | null>;
}

function verbOf<Table extends OptionTable & typeof commonOptions>(order: Order<Table>): Verb {
  const { done, read, ...parts } = order;
  return makeVerb({
    ...parts,
    exitCodes: [
      'Exit code: 0, 1 when the engine cannot be asked, 2 when nothing runs or it',
      'cannot be done.',
    ],
    run: async (given, commandLine) => {
      const ask = read(`tarshelf ${order.name}`, given);
      const stateFolder = readStateFolder(given, commandLine.currentFolder);
      const client = new EngineClient(engineLaunch(commandLine));
      try {
        if (!(await client.attach(stateFolder))) {
          throw new TarshelfError(
            'NOTHING_RUNNING',
            `Nothing is running in ${stateFolder}. Name another state folder with --state-dir DIR, or begin a run with tarshelf ingest.`,
          );
        }
        const message = await ask(client);
        commandLine.stdout.line(message === null || message === '' ? done : printable(message));
        return exitCodes.allDone;
      } finally {
        client.dispose();
      }
    },
  });
}

/** The number of one worker, or null for all. */
function oneOrAll(command: string, { positionals }: { positionals: readonly string[] }): number | null {
  const [number, ...others] = positionals;
  if (others.length > 0) {
    throw new TarshelfError(
      'USAGE',
      `One worker at a time, or none named for all: "${others.join(' ')}" is too much.`,
    );
  }
  return number === undefined ? null : readWorkerNumber(command, number);
}

export const pause = verbOf({
  name: 'pause',
  summary: 'halt a worker, or all, until "tarshelf resume"',
  options: commonOptions,
  usage: '[worker number]',
  explanation: [
    'Lets a worker, or without a number all of them, finish the book in hand and',
    'halts it. Its tars stay its own until "tarshelf resume" or "tarshelf reassign".',
  ],
  done: 'Paused.',
  read: (command, given) => {
    const worker = oneOrAll(command, given);
    return client => client.pauseWorker(worker);
  },
});

export const resume = verbOf({
  name: 'resume',
  summary: 'let a worker that was paused go on, or all',
  options: commonOptions,
  usage: '[worker number]',
  explanation: [
    'Lets a worker go on, or without a number all of them: those that were paused',
    'by "tarshelf pause", and those that the engine paused as they died too often.',
  ],
  done: 'Resumed.',
  read: (command, given) => {
    const worker = oneOrAll(command, given);
    return client => client.resumeWorker(worker);
  },
});

export const restart = verbOf({
  name: 'restart',
  summary: 'end the process of a worker, or all, and start it again',
  options: commonOptions,
  usage: '[worker number]',
  explanation: [
    'Lets a worker, or without a number all of them, finish the book in hand, and',
    'starts it again with a new process. It goes on where it was.',
  ],
  done: 'Being started again.',
  read: (command, given) => {
    const worker = oneOrAll(command, given);
    return client => client.restartWorker(worker);
  },
});

const reassignOptions = {
  to: { value: 'LIST', help: 'numbers of the workers that get them, such as 2,3' },
  ...commonOptions,
} as const;

export const reassign = verbOf({
  name: 'reassign',
  summary: 'give the tars of a worker to others',
  options: reassignOptions,
  usage: '<worker number>',
  explanation: [
    'Gives the tars of a worker to the others, or to those that are named: all that',
    'are left to a worker that was paused or died too often, and of one that works',
    'those that it has not begun.',
  ],
  done: 'Its tars go to others.',
  read: (command, given) => {
    const [number, ...others] = given.positionals;
    if (number === undefined || others.length > 0) {
      throw new TarshelfError('USAGE', `Name one worker whose tars are to go to others: ${command} 1.`);
    }
    const worker = readWorkerNumber(command, number);
    const to = given
      .values('to')
      .flatMap(list => list.split(','))
      .map(text => readWorkerNumber(`${command} ${number} --to`, text.trim()));
    return client => client.reassign(worker, to.length === 0 ? null : to);
  },
});
