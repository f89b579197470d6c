import { escapeXml } from '../../src/samples/sampleBook.ts';

/** A plot; all of a drawing share their x axis. */
export interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly {
    readonly label: string;
    readonly points: readonly (readonly [number, number])[];
  }[];
}

const width = 800;
const plotHeight = 180;
const left = 70;
const right = 20;
const top = 50;
/** Between plots: the axis of the one, and the title of the next. */
const gap = 60;
// Told apart by those who see no red or green, too, and on white.
const colours = ['#0b62a4', '#c8590b'];

/** Plots one below the other, as an SVG with its own background. */
export function drawPlots(title: string, xLabel: string, panels: readonly Panel[]): string {
  const height = top + panels.length * (plotHeight + gap) + 10;
  const largestX = Math.max(...panels.flatMap(({ lines }) => lines.flatMap(xs)));
  const drawn = panels.map((panel, index) =>
    drawPanel(panel, top + 20 + index * (plotHeight + gap), largestX, xLabel),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${String(width)}" height="${String(height)}" viewBox="0 0 ${String(width)} ${String(height)}" font-family="sans-serif" font-size="12" fill="#222">
<title>${escapeXml(title)}</title>
<rect width="100%" height="100%" fill="#fff"/>
<text x="${String(left)}" y="24" font-size="15" font-weight="bold">${escapeXml(title)}</text>
${drawn.join('\n')}
</svg>
`;
}

function xs(line: Panel['lines'][number]): number[] {
  return line.points.map(([x]) => x);
}

function drawPanel({ title, unit, lines }: Panel, y0: number, largestX: number, xLabel: string): string {
  const largestY = Math.max(...lines.flatMap(line => line.points.map(([, y]) => y)));
  const yTicks = ticks(largestY);
  const topY = yTicks.at(-1) ?? 1;
  const x = (value: number): number => left + ((width - left - right) * value) / largestX;
  const y = (value: number): number => y0 + plotHeight * (1 - value / topY);
  const parts = [
    `<text x="${String(left)}" y="${String(y0 - 8)}" font-weight="bold">${escapeXml(`${title} (${unit})`)}</text>`,
  ];
  for (const tick of yTicks) {
    parts.push(
      `<line x1="${String(left)}" x2="${String(width - right)}" y1="${at(y(tick))}" y2="${at(y(tick))}" stroke="#ddd"/>`,
      `<text x="${String(left - 6)}" y="${at(y(tick) + 4)}" text-anchor="end">${tick.toLocaleString('en')}</text>`,
    );
  }
  for (const tick of ticks(largestX).filter(value => value <= largestX)) {
    parts.push(
      `<line x1="${at(x(tick))}" x2="${at(x(tick))}" y1="${String(y0 + plotHeight)}" y2="${String(y0 + plotHeight + 5)}" stroke="#222"/>`,
      `<text x="${at(x(tick))}" y="${String(y0 + plotHeight + 18)}" text-anchor="middle">${tick.toLocaleString('en')}</text>`,
    );
  }
  parts.push(
    `<line x1="${String(left)}" x2="${String(width - right)}" y1="${String(y0 + plotHeight)}" y2="${String(y0 + plotHeight)}" stroke="#222"/>`,
    `<text x="${String(width - right)}" y="${String(y0 + plotHeight + 33)}" text-anchor="end">${escapeXml(xLabel)}</text>`,
  );
  for (const [index, { label, points }] of lines.entries()) {
    const colour = colours[index % colours.length] ?? '#222';
    const path = points.map(([px, py]) => `${at(x(px))},${at(y(py))}`).join(' ');
    const legend = width - right - 150 * (lines.length - index);
    parts.push(
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      `<line x1="${String(legend)}" x2="${String(legend + 24)}" y1="${String(y0 - 12)}" y2="${String(y0 - 12)}" stroke="${colour}" stroke-width="2"/>`,
      `<text x="${String(legend + 30)}" y="${String(y0 - 8)}">${escapeXml(label)}</text>`,
    );
  }
  return `<g>\n${parts.join('\n')}\n</g>`;
}

/** Round numbers from 0 to the largest value or beyond it, some five of them. */
export function ticks(largest: number): number[] {
  if (!(largest > 0)) return [0, 1];
  const rough = largest / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(factor => factor * power).find(size => size >= rough) ?? 10 * power;
  const count = Math.ceil(largest / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

function at(value: number): string {
  return value.toFixed(1);
}
