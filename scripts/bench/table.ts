import type { Bar, Measurement } from './scenario.ts';
import { isMet } from './scenario.ts';

const titles = ['what', 'ours', 'theirs', 'ratio', 'bar', 'met'] as const;

/** A table for a terminal that is one in Markdown as well. */
export function tableText(measurements: readonly Measurement[]): string {
  const rows = measurements.map(cells);
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...rows.map(row => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map(width => '-'.repeat(width + 2)).join('|')}|`;
  const notes = measurements
    .filter(({ note }) => note !== undefined)
    .map(({ what, note }) => `${what}: ${note ?? ''}.`);
  return [line(titles), rule, ...rows.map(line), ...(notes.length > 0 ? ['', ...notes] : [])].join('\n');
}

function cells(measurement: Measurement): string[] {
  const { what, unit, ours, theirs, ratio, bar } = measurement;
  const met = isMet(measurement);
  return [
    what,
    `${numberText(ours)} ${unit}`,
    theirs === null ? '' : `${numberText(theirs.value)} ${unit}, ${theirs.name}`,
    ratio === null ? '' : ratio.toFixed(2),
    bar === null ? '' : barText(bar, unit),
    met === null ? '' : met ? 'yes' : 'NO',
  ];
}

function barText({ kind, value, of }: Bar, unit: string): string {
  return `${kind} ${numberText(value)}${of === 'ours' ? ` ${unit}` : ''}`;
}

/** As many digits as say something. */
function numberText(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}
