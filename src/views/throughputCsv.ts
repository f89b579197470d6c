import { amountNames, type Amounts, type ThroughputHistory } from '../protocol/throughput.ts';
import type { ThroughputRange } from '../protocol/throughputMessages.ts';

const names: Record<(typeof amountNames)[number], string> = {
  bytes: 'bytes',
  uploaded: 'new_books',
  own: 'duplicates_own',
  others: 'duplicates_others',
  destination: 'duplicates_destination',
  failed: 'failed_books',
};

/**
 * A range of a history as CSV: for each point a row of all workers, and one for each worker. What was counted is
 * that of the seconds before `until`.
 */
export function throughputCsv({ since, series }: ThroughputHistory, range: ThroughputRange): string {
  const lines = [['until', 'seconds', 'worker', ...amountNames.map(name => names[name])].join(',')];
  for (const point of series[range]) {
    const until = new Date(since + point.at * 1000).toISOString();
    const row = (worker: string, amounts: Amounts): string =>
      [until, String(Math.round(point.seconds * 1000) / 1000), worker, ...amounts.map(String)].join(',');
    lines.push(
      row('all', point.total),
      ...point.workers.map((amounts, index) => row(String(index + 1), amounts)),
    );
  }
  return `${lines.join('\r\n')}\r\n`;
}
