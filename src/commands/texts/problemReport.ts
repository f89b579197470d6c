import type { HistoryEntry } from '../../protocol/history.ts';
import { redact, type Private } from './redaction.ts';

/** What helps whoever looks into a problem. */
export interface Problem {
  readonly version: string;
  /** Of VS Code, of the system, of Node. */
  readonly environment: Readonly<Record<string, string>>;
  /** Those that are not as they are by default. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly history: readonly HistoryEntry[];
  /** The last lines of logs, by name of the log. */
  readonly logs: Readonly<Record<string, readonly string[]>>;
}

/**
 * A report of a problem for people to send, with nothing private in it. It is in English in every window, for it is
 * read by others than the one who sends it.
 */
export function problemReport(problem: Problem, hidden: Private): string {
  const { version, environment, settings, history, logs } = problem;
  const lines = [
    '# A problem with Tarshelf',
    '',
    '<!-- Nothing is sent by itself. Read this through, take out what you do not want others to see, and send it. -->',
    '',
    '## What happened',
    '',
    'What I did, what I expected, and what came instead:',
    '',
    '## Versions',
    '',
    `- Tarshelf ${version}`,
    ...Object.entries(environment).map(([name, value]) => `- ${name} ${value}`),
    '',
    '## Settings that are not the default',
    '',
    ...fenced('json', JSON.stringify(settings, null, 2).split('\n')),
    '',
    '## What supervision did last',
    '',
    ...fenced(
      'text',
      history.map(({ at, kind, message }) => `${at} ${kind} ${message}`),
    ),
  ];
  for (const [name, tail] of Object.entries(logs)) {
    lines.push('', `## The end of ${name}`, '', ...fenced('text', tail));
  }
  return `${redact(lines.join('\n'), hidden)}\n`;
}

/** With a fence that no line of it can close. */
function fenced(language: string, lines: readonly string[]): string[] {
  const longest = Math.max(2, ...lines.flatMap(line => (line.match(/`+/g) ?? []).map(found => found.length)));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}${language}`, ...(lines.length === 0 ? ['(nothing)'] : lines), fence];
}
