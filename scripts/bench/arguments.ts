export interface BenchArguments {
  readonly quick: boolean;
  readonly json: boolean;
  readonly help: boolean;
  /** How often each thing is run. */
  readonly rounds: number;
  /** Names of scenarios; where none was named, all but those that have to be. */
  readonly only: readonly string[];
}

interface KnownScenario {
  readonly name: string;
  readonly onlyNamed?: true;
}

/** Of a command line that makes no sense; the message says what to do. */
export class UsageError extends Error {}

/**
 * @param scenarios that there are
 * @throws UsageError
 */
export function parseArguments(
  given: readonly string[],
  scenarios: readonly KnownScenario[],
): BenchArguments {
  const known = scenarios.map(({ name }) => name);
  const found = { quick: false, json: false, help: false };
  const only: string[] = [];
  let rounds: number | undefined;
  const rest = [...given];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    const [flag, attached] = splitOnce(argument);
    switch (flag) {
      case '--quick':
      case '--json':
      case '--help':
        if (attached !== undefined) throw new UsageError(`${flag} takes no value.`);
        found[flag.slice(2) as keyof typeof found] = true;
        break;
      case '--only':
        only.push(...namesIn(attached ?? rest.shift(), known));
        break;
      case '--rounds':
        rounds = wholeNumber(attached ?? rest.shift());
        break;
      default:
        throw new UsageError(
          `Unknown argument ${argument}. There are --only, --quick, --rounds, --json and --help.`,
        );
    }
  }
  rounds ??= found.quick ? 3 : 5;
  const isChosen = ({ name, onlyNamed }: KnownScenario): boolean =>
    only.length === 0 ? !onlyNamed : only.includes(name);
  return { ...found, rounds, only: scenarios.filter(isChosen).map(({ name }) => name) };
}

function splitOnce(argument: string): [string, string | undefined] {
  const at = argument.indexOf('=');
  return at === -1 ? [argument, undefined] : [argument.slice(0, at), argument.slice(at + 1)];
}

function namesIn(list: string | undefined, known: readonly string[]): string[] {
  const names = (list ?? '').split(',').filter(name => name !== '');
  if (names.length === 0) throw new UsageError(`--only needs names, of: ${known.join(', ')}.`);
  const unknown = names.find(name => !known.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`There is no scenario ${unknown}. There are: ${known.join(', ')}.`);
  }
  return names;
}

function wholeNumber(text: string | undefined): number {
  if (text === undefined || !/^[1-9]\d{0,2}$/.test(text))
    throw new UsageError('--rounds needs a number from 1 to 999.');
  return Number(text);
}
