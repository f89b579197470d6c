import type { Chart } from './chart.ts';
import type { Theme } from './theme.ts';

const marginPx = 16;
const linePx = 20;

/** All charts below each other with their titles and legends, as a PNG in base64. */
export function pictureOf(charts: readonly Chart[], theme: Theme, subtitle: string): string {
  const scale = devicePixelRatio;
  const shown = charts.flatMap(chart => (chart.canvas ? [{ chart, canvas: chart.canvas }] : []));
  const width = Math.max(...shown.map(({ canvas }) => canvas.width / scale)) + 2 * marginPx;
  const heightOf = (canvas: HTMLCanvasElement): number => canvas.height / scale + 2 * linePx + marginPx;
  const height = shown.reduce((sum, { canvas }) => sum + heightOf(canvas), 2 * marginPx + linePx);
  const picture = document.createElement('canvas');
  picture.width = Math.ceil(width * scale);
  picture.height = Math.ceil(height * scale);
  const context = picture.getContext('2d');
  if (!context) return '';
  context.scale(scale, scale);
  context.fillStyle = theme.background;
  context.fillRect(0, 0, width, height);
  context.font = theme.font;
  context.textBaseline = 'top';
  let y = marginPx;
  const write = (text: string, x: number, color: string): void => {
    context.fillStyle = color;
    context.fillText(text, x, y);
  };
  write(subtitle, marginPx, theme.muted);
  y += linePx + marginPx / 2;
  for (const { chart, canvas } of shown) {
    write(chart.title, marginPx, theme.text);
    y += linePx;
    context.drawImage(canvas, marginPx, y, canvas.width / scale, canvas.height / scale);
    y += canvas.height / scale;
    let x = marginPx;
    for (const { label, color, dash } of chart.legend) {
      context.strokeStyle = theme[color];
      context.lineWidth = 2;
      context.setLineDash([...dash]);
      context.beginPath();
      context.moveTo(x, y + 7);
      context.lineTo(x + 20, y + 7);
      context.stroke();
      write(label, x + 26, theme.muted);
      x += 44 + context.measureText(label).width;
    }
    y += linePx + marginPx;
  }
  return picture.toDataURL('image/png').replace(/^data:image\/png;base64,/, '');
}
