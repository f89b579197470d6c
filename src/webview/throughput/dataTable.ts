import { t } from '../../text/localize.ts';
import { formatNumber, formatRate } from '../../protocol/format.ts';
import { element } from './element.ts';
import { timeText } from './chart.ts';
import type { SeriesPoint } from './selection.ts';

/** What the charts show, in numbers, the newest first. */
export function dataTable(
  caption: string,
  points: readonly SeriesPoint[],
  language: string,
): HTMLTableElement {
  const header = (text: string): HTMLElement => element('th', { scope: 'col' }, text);
  const head = element(
    'tr',
    {},
    header(t('Until')),
    header(t('Rate')),
    header(t('New books')),
    header(t('Known to their worker')),
    header(t('Known to others')),
    header(t('On the shelf')),
    header(t('Failed')),
  );
  const rows = points.toReversed().map(({ time, seconds, amounts }) => {
    const [bytes, ...counts] = amounts;
    return element(
      'tr',
      {},
      element('th', { scope: 'row' }, timeText(time, true, language)),
      element('td', {}, formatRate(seconds > 0 ? bytes / seconds : 0)),
      ...counts.map(count => element('td', {}, formatNumber(count))),
    );
  });
  return element(
    'table',
    {},
    element('caption', {}, caption),
    element('thead', {}, head),
    element('tbody', {}, ...rows),
  );
}
