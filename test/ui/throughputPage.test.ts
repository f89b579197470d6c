import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { resultsFolder } from '../../scripts/paths.ts';
import { launchChromium } from '../../scripts/vscodeHost/chromium.ts';
import type { FromPage, ToPage } from '../../src/protocol/throughputMessages.ts';
import { throughputHistory } from '../support/throughputHistory.ts';
import {
  hostScript,
  themes,
  themeScript,
  ThroughputPageServer,
  type ThemeName,
} from '../support/throughputPageServer.ts';

const history = throughputHistory();
const run = {
  totalBytes: 640_000_000_000,
  doneBytes: 90_000_000_000,
  bytesPerSecond: 14_000_000,
  secondsLeft: 39_000,
  uploaded: 38_000,
  duplicates: { own: 5800, others: 14_000, destination: 9000 },
  failed: 260,
};
const full: ToPage = {
  ...{ type: 'full', language: 'en', texts: {}, history },
  state: { kind: 'running', run, workers: 4 },
};
const empty: ToPage = { ...full, history: null, state: { kind: 'none', run: null, workers: 0 } };

describe('the throughput page in a browser', function () {
  this.timeout(60_000);

  let server: ThroughputPageServer;
  let browser: Browser;
  let page: Page;
  let problems: string[];

  before(async () => {
    server = await ThroughputPageServer.start();
    browser = await launchChromium();
  });

  after(async () => {
    await browser.close();
    server.close();
  });

  afterEach(async () => {
    await page.close();
    assert.deepEqual(problems, []);
  });

  async function open(
    message: ToPage,
    theme: ThemeName = 'dark',
    place = 'tab',
    width = 1100,
  ): Promise<void> {
    page = await browser.newPage({ viewport: { width, height: 1000 } });
    page.setDefaultTimeout(10_000);
    problems = [];
    page.on('pageerror', error => problems.push(String(error)));
    page.on('console', line => {
      if (line.type() === 'error' && !line.text().includes('favicon')) problems.push(line.text());
    });
    await page.route('**/favicon.ico', route => route.fulfill({ status: 204 }));
    await page.addInitScript(hostScript(message, theme));
    await page.goto(`${server.address}/?place=${place}`);
    await page.locator('main').waitFor();
  }

  async function violations(): Promise<string[]> {
    await page.evaluate(axe.source);
    return await page.evaluate<string[]>(
      `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
        nodes.map(node => id + ': ' + node.html + ' ' + node.failureSummary)))`,
    );
  }

  async function screenshot(name: string): Promise<void> {
    mkdirSync(resultsFolder, { recursive: true });
    await page.screenshot({ path: path.join(resultsFolder, `${name}.png`), fullPage: true });
  }

  const posted = (): Promise<FromPage[]> => page.evaluate<FromPage[]>('posted');
  const colorsOfFirstChart = (): Promise<string> =>
    page.evaluate<string>(`(() => {
      const canvas = document.querySelector('canvas');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const counts = new Map();
      for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] < 255) continue;
        const key = data[at] + ',' + data[at + 1] + ',' + data[at + 2];
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      return [...counts].sort((a, b) => b[1] - a[1]).slice(0, 5).map(([key]) => key).join(' ');
    })()`);

  for (const theme of Object.keys(themes) as ThemeName[]) {
    for (const place of ['tab', 'view']) {
      it(`has nothing that axe finds fault with, in ${theme} as a ${place}`, async () => {
        await open(full, theme, place, place === 'view' ? 320 : 1100);
        assert.equal(await page.getByRole('img').count(), 4);
        assert.deepEqual(await violations(), []);
        await screenshot(`throughputPage-${place}-${theme}`);
        await page.getByRole('button', { name: 'Show as table' }).click();
        await page.getByRole('table').waitFor();
        assert.deepEqual(await violations(), []);
        if (theme === 'light') await screenshot(`throughputPage-${place}-table`);
      });
    }
  }

  for (const theme of Object.keys(themes) as ThemeName[]) {
    for (const place of ['tab', 'view']) {
      it(`draws lines that stand out from what is behind them, in ${theme} as a ${place}`, async () => {
        await open(full, theme, place, place === 'view' ? 320 : 1100);
        const seen = await page.evaluate<SeenLine[]>(linesAndBackground);
        const names = new Set(seen.map(({ name }) => name));
        assert.deepEqual([...names].sort(), ['bytes', 'destination', 'failed', 'others', 'own', 'uploaded']);
        for (const { name, line, background, isDrawn } of seen) {
          assert.ok(contrast(line, background) >= 3, `${name}: ${String(contrast(line, background))}`);
          assert.ok(isDrawn, `the chart has ${name} in the colour of its legend`);
        }
        const colors = new Set(seen.map(({ line }) => line.join(',')));
        assert.equal(colors.size, names.size, 'each line has a colour of its own');
      });
    }
  }

  it('says what each chart shows, in words', async () => {
    await open(full);
    const label = await page.getByRole('img').first().getAttribute('aria-label');
    assert.match(
      label ?? '',
      /^Read, the last 5 minutes: Bytes now .+ MB\/s, on average .+ MB\/s, at most .+ MB\/s$/,
    );
  });

  it('says what to do while there is nothing, and launches', async () => {
    await open(empty);
    await page.getByText('There is no run yet.').waitFor();
    assert.deepEqual(await violations(), []);
    await page.getByRole('button', { name: 'Launch' }).click();
    assert.deepEqual((await posted()).at(-1), { type: 'launch' });
    await screenshot('throughputPage-empty');
  });

  it('shows an ended run with its charts, and offers the next', async () => {
    await open({ ...full, state: { kind: 'finished', run, workers: 4 } });
    await page.getByText('The run has finished.').waitFor();
    await page.getByRole('button', { name: 'Launch' }).waitFor();
    assert.equal(await page.getByText('Time left').count(), 0);
    await screenshot('throughputPage-ended');
  });

  it('is worked by keyboard alone', async () => {
    await open(full);
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    assert.equal(await page.getByRole('radio', { name: '1 hour' }).isChecked(), true);
    const outline = await page.evaluate<string>(
      `getComputedStyle(document.querySelector('input:focus-visible + span')).outlineStyle`,
    );
    assert.equal(outline, 'solid');
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowDown');
    assert.equal(await page.getByRole('combobox', { name: 'Worker' }).inputValue(), '1');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await page.getByRole('table', { name: 'Worker 1, the last hour' }).waitFor();
    assert.ok((await page.getByRole('row').count()) > 50);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    assert.deepEqual((await posted()).at(-1), { type: 'export:csv', range: 'hour' });
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForFunction(`posted.at(-1).type === 'export:png'`);
    const picture = (await posted()).at(-1);
    assert.ok(picture?.type === 'export:png');
    assert.equal(Buffer.from(picture.base64, 'base64').subarray(1, 4).toString(), 'PNG');
    assert.ok(picture.base64.length > 10_000);
  });

  it('draws its charts anew when the theme becomes another', async () => {
    await open(full, 'dark');
    const before = await colorsOfFirstChart();
    await page.evaluate(themeScript('highContrastLight'));
    await page.waitForTimeout(100);
    assert.notEqual(await colorsOfFirstChart(), before);
    assert.equal(await page.locator('canvas').count(), 4);
  });

  it('takes points as they come, and asks for everything when some are missing or another run began', async () => {
    await open(full);
    const last = history.series.minutes.at(-1)!;
    const added = {
      type: 'added',
      since: history.since,
      phases: history.phases,
      state: { kind: 'running', run, workers: 4 },
    };
    const tell = (message: object): Promise<unknown> => page.evaluate(`tell(${JSON.stringify(message)})`);
    await tell({ ...added, point: { ...last, at: last.at + 1 } });
    await tell({ ...added, point: { ...last, at: last.at + 2 } });
    assert.equal((await posted()).length, 1);
    await tell({ ...added, point: { ...last, at: last.at + 60 } });
    assert.equal((await posted()).length, 2);
    await tell({ ...added, since: history.since + 1, point: { ...last, at: 1 } });
    assert.equal((await posted()).length, 3);
    await tell({ type: 'added', nonsense: true });
    assert.equal((await posted()).length, 3);
  });

  it('does not grow by being hidden and shown 100 times, and is drawn within a second', async () => {
    await open(full);
    await page.goto(`${server.address}/frame`);
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    const slowest = { ms: 0 };
    const cycle = async (times: number): Promise<void> => {
      for (let time = 0; time < times; time++) {
        const ms = await page.evaluate<number>(`new Promise(resolve => {
          const begun = performance.now();
          const frame = document.createElement('iframe');
          frame.src = '/?place=tab';
          document.body.append(frame);
          const look = () => {
            if (frame.contentDocument?.querySelectorAll('canvas').length !== 4) return setTimeout(look, 5);
            const ms = performance.now() - begun;
            frame.remove();
            resolve(ms);
          };
          look();
        })`);
        slowest.ms = Math.max(slowest.ms, ms);
      }
    };
    const measure = async (): Promise<{ heap: number; nodes: number; listeners: number }> => {
      await session.send('HeapProfiler.enable');
      for (let times = 0; times < 3; times++) await session.send('HeapProfiler.collectGarbage');
      const { metrics } = await session.send('Performance.getMetrics');
      const of = (name: string): number => metrics.find(metric => metric.name === name)?.value ?? 0;
      return { heap: of('JSHeapUsedSize'), nodes: of('Nodes'), listeners: of('JSEventListeners') };
    };
    await cycle(10);
    const before = await measure();
    await cycle(100);
    const after = await measure();
    console.log(`      ${JSON.stringify({ before, after, slowestMs: Math.round(slowest.ms) })}`);
    assert.ok(after.heap < before.heap * 1.2 + 500_000, JSON.stringify({ before, after }));
    assert.ok(after.nodes <= before.nodes + 50);
    assert.ok(after.listeners <= before.listeners + 10);
    assert.ok(slowest.ms < 1000, String(slowest.ms));
  });
});

type Rgb = readonly [red: number, green: number, blue: number];
interface SeenLine {
  readonly name: string;
  readonly line: Rgb;
  readonly background: Rgb;
  readonly isDrawn: boolean;
}

/** A script: the colours of the lines as they are seen, with what shines through, and what is behind them. */
const linesAndBackground = `(() => {
  const context = document.createElement('canvas').getContext('2d');
  const seen = (...colors) => {
    for (const color of colors) {
      context.fillStyle = color;
      context.fillRect(0, 0, 1, 1);
    }
    return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const behind = getComputedStyle(document.body).getPropertyValue('--dashboard-background');
  const background = seen(behind);
  return [...document.querySelectorAll('.swatch')].map(swatch => {
    const line = seen(behind, getComputedStyle(swatch).borderTopColor);
    const canvas = swatch.closest('.chart').querySelector('canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let isDrawn = false;
    for (let at = 0; at < data.length && !isDrawn; at += 4) {
      isDrawn = data[at + 3] > 200 && line.every((value, index) => Math.abs(value - data[at + index]) <= 3);
    }
    const name = swatch.className.split(' ')[1];
    return { name, line, background, isDrawn };
  });
})()`;

/** The ratio of WCAG 2; for graphics it asks for 3. */
function contrast(a: Rgb, b: Rgb): number {
  const [lighter, darker] = [luminance(a), luminance(b)].sort((one, other) => other - one);
  return ((lighter ?? 0) + 0.05) / ((darker ?? 0) + 0.05);
}

function luminance(color: Rgb): number {
  const [red, green, blue] = color.map(value => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
}
