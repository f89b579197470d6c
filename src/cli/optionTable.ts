import { parseArgs } from 'node:util';
import { TarshelfError } from '../protocol/errors.ts';

/** One option of a verb. The same table parses a command line and writes the help, so that they agree. */
export interface OptionSpec {
  /** What stands for the value in the help; an option without it is a switch. */
  readonly value?: string;
  readonly short?: string;
  readonly help: string;
}

export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** Of every verb. */
export const helpOption = { help: { short: 'h', help: 'this text' } } as const;

/** What stands on a command line. */
export interface GivenArguments<Table extends OptionTable> {
  readonly positionals: readonly string[];
  /** The value of an option, the last one when it was given more than once. */
  value(name: keyof Table & string): string | undefined;
  /** All values of an option, in their order. */
  values(name: keyof Table & string): readonly string[];
  has(name: keyof Table & string): boolean;
}

/**
 * Reads a command line by a table of options.
 *
 * @param command how the command is called, for the messages: `tarshelf ingest`
 * @throws TarshelfError `USAGE` for an option that is unknown, lacks its value or has one too many.
 */
export function readArguments<Table extends OptionTable>(
  command: string,
  table: Table,
  args: readonly string[],
): GivenArguments<Table> {
  const seeHelp = `"${command} --help" lists the options.`;
  // Not strict, with tokens: parseArgs' own errors run over several lines and speak to programmers.
  const { tokens, positionals } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(table).map(([name, spec]) => [
        name,
        {
          type: spec.value === undefined ? ('boolean' as const) : ('string' as const),
          ...(spec.short === undefined ? {} : { short: spec.short }),
        },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const given = new Map<string, (string | undefined)[]>();
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const spec = Object.hasOwn(table, token.name) ? table[token.name] : undefined;
    if (!spec) throw new TarshelfError('USAGE', `Unknown option ${token.rawName}. ${seeHelp}`);
    if (spec.value === undefined) {
      if (token.value !== undefined) {
        throw new TarshelfError('USAGE', `${token.rawName} takes no value. ${seeHelp}`);
      }
    } else if (!token.value || (!token.inlineValue && token.value.startsWith('--'))) {
      throw new TarshelfError('USAGE', `${token.rawName} needs a value: ${token.rawName} ${spec.value}.`);
    }
    given.set(token.name, [...(given.get(token.name) ?? []), token.value]);
  }
  const values = (name: string): string[] => (given.get(name) ?? []).filter(value => value !== undefined);
  return {
    positionals,
    value: name => values(name).at(-1),
    values,
    has: name => given.has(name),
  };
}

/** The options as lines of a help text. */
export function describeOptions(table: OptionTable): string[] {
  const rows = Object.entries(table).map(([name, spec]) => {
    const short = spec.short === undefined ? '    ' : `-${spec.short}, `;
    return { name: `${short}--${name}${spec.value === undefined ? '' : ` ${spec.value}`}`, help: spec.help };
  });
  const width = Math.max(...rows.map(row => row.name.length));
  return rows.map(row => `  ${row.name.padEnd(width)}  ${row.help}`);
}
