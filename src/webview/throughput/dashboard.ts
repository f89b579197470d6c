import * as v from 'valibot';
import { setTranslate, t } from '../../text/localize.ts';
import { formatBytes, formatNumber, formatPercent, formatRate } from '../../protocol/format.ts';
import {
  amountNames,
  amountOf,
  followedWorkers,
  type AmountName,
  type PhaseSeconds,
} from '../../protocol/throughput.ts';
import {
  throughputRanges,
  type FromPage,
  type ThroughputRange,
  type ThroughputState,
  type ToPage,
} from '../../protocol/throughputMessages.ts';
import { ThroughputRings } from '../../protocol/throughputRings.ts';
import { Chart, timeText, type Line } from './chart.ts';
import {
  doneText,
  duplicatesText,
  failedText,
  phaseName,
  phaseShares,
  slowestText,
  stateText,
  timeLeftText,
} from './dashboardText.ts';
import { dataTable } from './dataTable.ts';
import { element } from './element.ts';
import { pictureOf } from './picture.ts';
import { allDone, chosenPhases, chosenPoints, coarser, type SeriesPoint } from './selection.ts';
import { onThemeChange, readTheme, wantsLessMotion } from './theme.ts';

export interface DashboardOptions {
  readonly post: (message: FromPage) => void;
  /** What was chosen when the page was there before. */
  readonly chosen: unknown;
  readonly onChosen: (chosen: Chosen) => void;
}

const chosenSchema = v.object({
  range: v.picklist(throughputRanges),
  worker: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(followedWorkers))),
  isTable: v.boolean(),
});
type Chosen = v.InferOutput<typeof chosenSchema>;

/** A second without a point is no gap: they come by a timer of a busy machine. */
const gapSeconds = 3;
const calmRedrawMs = 5000;
const tableRedrawMs = 5000;
const tableRows = 60;
/** More would be drawn over each other. */
const chartPoints = 100;

/** A chart, and the values of its lines at a point. */
interface ShownChart {
  readonly chart: Chart;
  readonly valuesOf: (point: SeriesPoint) => readonly number[];
}

/** The page: totals, charts, table. It shows what it was told last, and asks for all of it when something is missing. */
export class Dashboard {
  readonly #options: DashboardOptions;
  readonly #root: HTMLElement;
  readonly #ends: (() => void)[] = [];
  #chosen: Chosen = { range: 'minutes', worker: null, isTable: false };
  #language = 'en';
  #state: ThroughputState = { kind: 'none', run: null, workers: 0 };
  #series: {
    readonly since: number;
    readonly rings: ThroughputRings;
    phases: readonly PhaseSeconds[];
  } | null = null;
  #charts: ShownChart[] = [];
  #parts: Parts | null = null;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #tabledAt = Number.NEGATIVE_INFINITY;

  constructor(root: HTMLElement, options: DashboardOptions) {
    this.#root = root;
    this.#options = options;
    const chosen = v.safeParse(chosenSchema, options.chosen);
    if (chosen.success) this.#chosen = chosen.output;
  }

  take(message: ToPage): void {
    switch (message.type) {
      case 'full': {
        const { language, texts, history } = message;
        this.#language = languageOf(language);
        setTranslate((text, ...args) =>
          (texts[text] ?? text).replaceAll(/\{(\d+)\}/g, (whole, index: string) =>
            String(args[Number(index)] ?? whole),
          ),
        );
        document.documentElement.lang = this.#language;
        this.#state = message.state;
        this.#series = history && {
          since: history.since,
          rings: new ThroughputRings(history.series),
          phases: history.phases,
        };
        if (!this.#parts) this.#build();
        this.#redraw(true);
        break;
      }
      case 'state':
        this.#state = message.state;
        this.#redraw(false);
        break;
      case 'added': {
        this.#state = message.state;
        const series = this.#series;
        const isNext =
          series?.since === message.since &&
          message.point.at - message.point.seconds - series.rings.lastAt < gapSeconds;
        if (!isNext) {
          this.#options.post({ type: 'ready' });
          break;
        }
        series.rings.add(message.point);
        series.phases = message.phases;
        this.#redraw(false);
        break;
      }
      default:
        message satisfies never;
    }
  }

  dispose(): void {
    for (const end of this.#ends) end();
    for (const { chart } of this.#charts) chart.destroy();
    this.#root.replaceChildren();
  }

  #choose(change: Partial<Chosen>): void {
    this.#chosen = { ...this.#chosen, ...change };
    this.#options.onChosen(this.#chosen);
    this.#redraw(true);
  }

  #build(): void {
    this.#charts = this.#makeCharts();
    const parts = this.#makeParts();
    this.#parts = parts;
    this.#root.replaceChildren(parts.main);
    const drawAll = (): void => {
      const theme = readTheme();
      for (const { chart } of this.#charts) chart.draw(theme);
    };
    drawAll();
    this.#ends.push(onThemeChange(drawAll));
    const sizes = new ResizeObserver(() => {
      for (const { chart } of this.#charts) chart.fit();
    });
    sizes.observe(parts.charts);
    this.#ends.push(() => {
      sizes.disconnect();
    });
  }

  #makeCharts(): ShownChart[] {
    const perSecond = (value: number): string => t('{0}/s', shortNumber(value));
    const perMinute = (value: number): string => t('{0}/min', shortNumber(value));
    const rate =
      (...names: readonly AmountName[]) =>
      ({ seconds, amounts }: SeriesPoint): number =>
        seconds > 0 ? names.reduce((sum, name) => sum + amountOf(amounts, name), 0) / seconds : 0;
    const chart = (title: string, lines: readonly Line[], format: (value: number) => string): Chart =>
      new Chart({ title, lines, format, language: this.#language });
    const books = amountNames.filter(name => name !== 'bytes');
    return [
      {
        chart: chart(t('Read'), [{ label: t('Bytes'), color: 'bytes', dash: [] }], formatRate),
        valuesOf: point => [rate('bytes')(point)],
      },
      {
        chart: chart(t('Books dealt with'), [{ label: t('Books'), color: 'uploaded', dash: [] }], perSecond),
        valuesOf: point => [rate(...books)(point)],
      },
      {
        chart: chart(
          t('New books and duplicates'),
          [
            { label: t('New'), color: 'uploaded', dash: [] },
            { label: t('Known to their worker'), color: 'own', dash: [6, 3] },
            { label: t('Known to others'), color: 'others', dash: [2, 2] },
            { label: t('On the shelf'), color: 'destination', dash: [8, 3, 2, 3] },
          ],
          perSecond,
        ),
        valuesOf: point => [
          rate('uploaded')(point),
          rate('own')(point),
          rate('others')(point),
          rate('destination')(point),
        ],
      },
      {
        chart: chart(t('Failed books'), [{ label: t('Failed'), color: 'failed', dash: [] }], perMinute),
        valuesOf: point => [60 * rate('failed')(point)],
      },
    ];
  }

  #makeParts(): Parts {
    const state = element('p', { role: 'status', class: 'state' });
    const launch = element('button', { type: 'button', class: 'primary' }, t('Launch'));
    launch.addEventListener('click', () => {
      this.#options.post({ type: 'launch' });
    });
    const ranges = element('div', { role: 'radiogroup', 'aria-label': t('Range'), class: 'ranges' });
    for (const range of throughputRanges) {
      const input = element('input', { type: 'radio', name: 'range', value: range });
      input.checked = range === this.#chosen.range;
      input.addEventListener('change', () => {
        this.#choose({ range });
      });
      ranges.append(element('label', {}, input, element('span', {}, rangeName(range))));
    }
    const workers = element('select', { 'aria-label': t('Worker') });
    workers.addEventListener('change', () => {
      this.#choose({ worker: workers.value === '' ? null : Number(workers.value) });
    });
    const tableToggle = element('button', { type: 'button', 'aria-pressed': 'false' }, t('Show as table'));
    tableToggle.addEventListener('click', () => {
      this.#choose({ isTable: !this.#chosen.isTable });
    });
    const csv = element('button', { type: 'button' }, t('Export CSV…'));
    csv.addEventListener('click', () => {
      this.#options.post({ type: 'export:csv', range: this.#chosen.range });
    });
    const png = element('button', { type: 'button' }, t('Export PNG…'));
    png.addEventListener('click', () => {
      this.#exportPicture();
    });
    const charts = element('div', { class: 'charts' }, ...this.#charts.map(({ chart }) => chart.root));
    // What is wider than the view is scrolled to, which needs the focus where there is no mouse.
    const table = element('div', { class: 'table', tabindex: '0', role: 'region', 'aria-label': t('Table') });
    const totals = element('dl', { class: 'totals' });
    const phases = element('ul', { class: 'phases' });
    const phasesBox = element(
      'section',
      { class: 'chart' },
      element('h2', {}, t('Where the time goes')),
      phases,
    );
    const since = element('p', { class: 'since' });
    const body = element(
      'div',
      { class: 'body' },
      totals,
      element('div', { class: 'controls' }, ranges, workers, tableToggle, csv, png),
      charts,
      table,
      phasesBox,
      since,
    );
    const main = element('main', {}, element('h1', {}, t('Throughput')), state, launch, body);
    return {
      main,
      state,
      launch,
      body,
      workers,
      tableToggle,
      charts,
      table,
      totals,
      phases,
      phasesBox,
      since,
    };
  }

  #redraw(isNow: boolean): void {
    const parts = this.#parts;
    if (!parts) return;
    const series = this.#series;
    const sentence = stateText(this.#state, series !== null);
    if (parts.state.textContent !== sentence) parts.state.textContent = sentence;
    parts.state.hidden = sentence === '';
    const { kind, run } = this.#state;
    parts.launch.hidden = kind === 'starting' || kind === 'running' || kind === 'stopping';
    parts.body.hidden = series === null && run === null;
    parts.body.classList.toggle('without-history', series === null);
    this.#redrawWorkers(parts);
    this.#redrawTotals(parts);
    const hasBegun = performance.now() - this.#drawnAt;
    if (series && (isNow || !wantsLessMotion() || hasBegun >= calmRedrawMs)) this.#redrawSeries(parts, isNow);
  }

  #redrawWorkers({ workers }: Parts): void {
    const count = Math.min(
      followedWorkers,
      Math.max(this.#state.workers, this.#series?.phases.length ?? 0, this.#chosen.worker ?? 0),
    );
    if (workers.options.length !== count + 1) {
      workers.replaceChildren(
        element('option', { value: '' }, t('All workers')),
        ...Array.from({ length: count }, (_, index) =>
          element('option', { value: String(index + 1) }, t('Worker {0}', index + 1)),
        ),
      );
    }
    workers.value = this.#chosen.worker === null ? '' : String(this.#chosen.worker);
  }

  #redrawTotals({ totals }: Parts): void {
    const { kind, run } = this.#state;
    const { worker } = this.#chosen;
    const series = this.#series;
    const rows: [string, string][] = [];
    if (worker !== null && series) {
      const done = allDone(series.rings.series, worker);
      rows.push(
        [t('Read'), formatBytes(amountOf(done, 'bytes'))],
        [t('New books'), formatNumber(amountOf(done, 'uploaded'))],
        [
          t('Duplicates'),
          duplicatesText(amountOf(done, 'own'), amountOf(done, 'others'), amountOf(done, 'destination')),
        ],
        [t('Failed'), failedText(amountOf(done, 'failed'))],
      );
    } else if (run) {
      const { own, others, destination } = run.duplicates;
      rows.push([t('Done'), doneText(run.doneBytes, run.totalBytes)]);
      if (kind === 'running') rows.push([t('Rate'), formatRate(run.bytesPerSecond)]);
      rows.push(
        [t('New books'), formatNumber(run.uploaded)],
        [t('Duplicates'), duplicatesText(own, others, destination)],
        [t('Failed'), failedText(run.failed)],
      );
    }
    if (run && kind === 'running')
      rows.push([t('Time left'), timeLeftText(run.secondsLeft, series?.rings.series.hour ?? [])]);
    if (series)
      rows.push([t('Slowest phase'), slowestText(phaseShares(chosenPhases(series.phases, worker)))]);
    totals.replaceChildren(
      ...rows.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))),
    );
  }

  #redrawSeries(parts: Parts, isNow: boolean): void {
    const series = this.#series;
    if (!series) return;
    this.#drawnAt = performance.now();
    const { range, worker, isTable } = this.#chosen;
    const points = chosenPoints(series.rings.series, range, worker, series.since);
    parts.charts.hidden = isTable;
    parts.table.hidden = !isTable;
    parts.tableToggle.setAttribute('aria-pressed', String(isTable));
    if (isTable) {
      if (isNow || performance.now() - this.#tabledAt >= tableRedrawMs) {
        this.#tabledAt = performance.now();
        parts.table.replaceChildren(dataTable(this.#subtitle(), coarser(points, tableRows), this.#language));
      }
    } else {
      const drawn = coarser(points, chartPoints);
      for (const { chart, valuesOf } of this.#charts) {
        const values = drawn.map(valuesOf);
        chart.show({
          times: drawn.map(point => point.time),
          values: chart.legend.map((_, line) => values.map(each => each[line] ?? 0)),
          span: spanText(range),
        });
        chart.fit();
      }
    }
    const shares = phaseShares(chosenPhases(series.phases, worker));
    parts.phasesBox.hidden = shares.length === 0;
    parts.phases.replaceChildren(
      ...shares.map(({ phase, share }) => {
        const bar = element('span', { class: 'bar', 'aria-hidden': 'true' });
        bar.style.setProperty('--share', String(share));
        return element('li', {}, element('span', {}, phaseName(phase)), bar, formatPercent(share, 1));
      }),
    );
    const since = new Date(series.since).toLocaleString(this.#language, {
      dateStyle: 'medium',
      timeStyle: 'short',
    });
    parts.since.textContent = t('Measured since {0}, when the run began or went on in this engine.', since);
  }

  #subtitle(): string {
    const { range, worker } = this.#chosen;
    const who = worker === null ? t('All workers') : t('Worker {0}', worker);
    return `${who}, ${spanText(range)}`;
  }

  #exportPicture(): void {
    // Charts behind the table were not drawn with the last points.
    const wasTable = this.#chosen.isTable;
    if (wasTable) this.#choose({ isTable: false });
    const series = this.#series;
    if (series) {
      const until = timeText(series.since / 1000 + series.rings.lastAt, true, this.#language);
      const theme = readTheme();
      const charts = this.#charts.map(({ chart }) => chart);
      requestAnimationFrame(() => {
        const base64 = pictureOf(charts, theme, t('Throughput: {0}, until {1}', this.#subtitle(), until));
        if (base64 !== '') this.#options.post({ type: 'export:png', base64 });
        if (wasTable) this.#choose({ isTable: true });
      });
    }
  }
}

interface Parts {
  readonly main: HTMLElement;
  readonly state: HTMLElement;
  readonly launch: HTMLElement;
  readonly body: HTMLElement;
  readonly workers: HTMLSelectElement;
  readonly tableToggle: HTMLElement;
  readonly charts: HTMLElement;
  readonly table: HTMLElement;
  readonly totals: HTMLElement;
  readonly phases: HTMLElement;
  readonly phasesBox: HTMLElement;
  readonly since: HTMLElement;
}

function rangeName(range: ThroughputRange): string {
  if (range === 'minutes') return t('5 minutes');
  return range === 'hour' ? t('1 hour') : t('The run');
}

function spanText(range: ThroughputRange): string {
  if (range === 'minutes') return t('the last 5 minutes');
  return range === 'hour' ? t('the last hour') : t('the whole run');
}

function shortNumber(value: number): string {
  return value > 0 && value < 9.95 ? String(Math.round(value * 10) / 10) : formatNumber(value);
}

/** A language that the browser knows: VS Code's pseudo language, for one, is none. */
function languageOf(language: string): string {
  try {
    return Intl.getCanonicalLocales(language)[0] ?? 'en';
  } catch {
    return 'en';
  }
}
