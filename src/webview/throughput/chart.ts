import uPlot from 'uplot';
import { t } from '../../text/localize.ts';
import { element } from './element.ts';
import type { Theme, ThemeColor } from './theme.ts';

/** A line of a chart. */
export interface Line {
  readonly label: string;
  readonly color: ThemeColor;
  /** Told apart by their dashes, too, where colours cannot be. */
  readonly dash: readonly number[];
}

export interface ChartOptions {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  readonly language: string;
}

/** What a chart shows: for each line a value at each time. */
export interface ChartData {
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly values: readonly (readonly number[])[];
  /** In words, such as `the last 5 minutes`. */
  readonly span: string;
}

const heightPx = 150;
const shortestSeconds = 10;
/** Between the times below a chart; days, where a run takes weeks. */
const timeSteps = [
  1, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 28_800, 86_400, 172_800, 604_800,
];

/** One chart with its title and its legend, which has the values under the pointer, or else the last ones. */
export class Chart {
  readonly root: HTMLElement;
  readonly title: string;
  readonly #options: ChartOptions;
  readonly #place: HTMLElement;
  readonly #values: HTMLElement[];
  #plot: uPlot | null = null;
  #data: ChartData = { times: [], values: [], span: '' };

  constructor(options: ChartOptions) {
    this.#options = options;
    this.title = options.title;
    this.#place = element('div', { class: 'plot', role: 'img' });
    this.#values = options.lines.map(() => element('span', { class: 'value' }));
    const legend = element('ul', { class: 'legend', 'aria-hidden': 'true' });
    options.lines.forEach((line, index) => {
      const swatch = element('span', { class: `swatch ${line.color} dash${String(line.dash[0] ?? 0)}` });
      legend.append(element('li', {}, swatch, line.label, ' ', this.#values[index] ?? ''));
    });
    this.root = element('section', { class: 'chart' }, element('h2', {}, options.title), this.#place, legend);
  }

  get canvas(): HTMLCanvasElement | null {
    return this.#plot?.ctx.canvas ?? null;
  }

  get legend(): readonly {
    readonly label: string;
    readonly color: ThemeColor;
    readonly dash: readonly number[];
  }[] {
    return this.#options.lines;
  }

  /** Draws anew from nothing, as it must be when the colours are others. */
  draw(theme: Theme): void {
    this.destroy();
    this.#plot = new uPlot(this.#plotOptions(theme), this.#aligned(), this.#place);
    this.#tell();
  }

  show(data: ChartData): void {
    this.#data = data;
    this.#plot?.setData(this.#aligned());
    this.#tell();
  }

  fit(): void {
    const width = this.#place.clientWidth;
    if (this.#plot && width > 0 && width !== this.#plot.width)
      this.#plot.setSize({ width, height: heightPx });
  }

  destroy(): void {
    this.#plot?.destroy();
    this.#plot = null;
  }

  #aligned(): uPlot.AlignedData {
    return [[...this.#data.times], ...this.#data.values.map(line => [...line])];
  }

  #plotOptions(theme: Theme): uPlot.Options {
    const { lines, format, language } = this.#options;
    const axis = { stroke: theme.muted, font: theme.font, ticks: { show: false } };
    return {
      width: Math.max(100, this.#place.clientWidth),
      height: heightPx,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
      padding: [8, 40, 0, 0],
      scales: {
        x: { range: (_, min, max) => [Math.min(min, max - shortestSeconds), max] },
        y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          space: 96,
          incrs: [...timeSteps],
          size: 28,
          values: (_, splits, __, ___, step) => splits.map(at => timeText(at, step < 60, language)),
        },
        {
          ...axis,
          grid: { stroke: theme.grid, width: 1 },
          size: 70,
          space: 36,
          values: (_, splits) => splits.map(format),
        },
      ],
      series: [
        {},
        ...lines.map(({ color, dash }, index): uPlot.Series => ({
          stroke: theme[color],
          width: 1.5,
          dash: [...dash],
          points: { show: false },
          ...(lines.length === 1 && index === 0 ? { fill: faint(theme[color]) } : {}),
        })),
      ],
      hooks: {
        setCursor: [
          plot => {
            this.#showValues(plot.cursor.idx ?? null);
          },
        ],
      },
    };
  }

  #tell(): void {
    const { times, values, span } = this.#data;
    const { lines, format, title } = this.#options;
    this.#showValues(this.#plot?.cursor.idx ?? null);
    if (times.length === 0) {
      this.#place.setAttribute('aria-label', t('{0}: nothing measured yet', title));
      return;
    }
    const parts = lines.map(({ label }, index) => {
      const line = values[index] ?? [];
      const mean = line.reduce((sum, value) => sum + value, 0) / Math.max(1, line.length);
      const most = line.reduce((max, value) => Math.max(max, value), 0);
      return t(
        '{0} now {1}, on average {2}, at most {3}',
        label,
        ...[line.at(-1) ?? 0, mean, most].map(format),
      );
    });
    this.#place.setAttribute('aria-label', `${title}, ${span}: ${parts.join('; ')}`);
  }

  #showValues(index: number | null): void {
    this.#values.forEach((place, line) => {
      const values = this.#data.values[line] ?? [];
      const value = index === null ? values.at(-1) : values[index];
      const text = value === undefined ? '' : this.#options.format(value);
      if (place.textContent !== text) place.textContent = text;
    });
  }
}

export function timeText(secondsSince1970: number, hasSeconds: boolean, language: string): string {
  return new Date(secondsSince1970 * 1000).toLocaleTimeString(language, {
    hour: '2-digit',
    minute: '2-digit',
    ...(hasSeconds ? { second: '2-digit' } : {}),
  });
}

/** The same colour, a little of it. */
function faint(color: string): string {
  return `color-mix(in srgb, ${color} 13%, transparent)`;
}
