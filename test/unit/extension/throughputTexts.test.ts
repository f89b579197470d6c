import assert from 'node:assert/strict';
import type { Amounts, ThroughputHistory, ThroughputPoint } from '../../../src/protocol/throughput.ts';
import { throughputCsv } from '../../../src/views/throughputCsv.ts';
import { throughputHtml } from '../../../src/views/throughputHtml.ts';
import { phaseShares, slowestText, timeLeftText } from '../../../src/webview/throughput/dashboardText.ts';
import { allDone, chosenPoints, coarser } from '../../../src/webview/throughput/selection.ts';
import { timeLeft } from '../../../src/webview/throughput/timeLeft.ts';

const point = (at: number, bytes: number, seconds = 10): ThroughputPoint => {
  const amounts: Amounts = [bytes, 1, 2, 3, 4, 5];
  return { at, seconds, total: amounts, workers: [amounts] };
};
const pointsOf = (rates: readonly number[]): ThroughputPoint[] =>
  rates.map((rate, index) => point((index + 1) * 10, rate * 10));

describe('what the throughput page says', () => {
  it('is sure of the time left where the rate never varied, and says so by giving no range', () => {
    const hour = pointsOf(Array.from({ length: 60 }, () => 1000));
    assert.deepEqual(timeLeft(18_000, hour), { seconds: 18_000, plusMinus: 0 });
    assert.equal(timeLeftText(18_000, hour), '5 h');
  });

  it('is less sure the more the rate varied, and the further it has drifted', () => {
    const spread = (by: number): number =>
      timeLeft(18_000, pointsOf(Array.from({ length: 60 }, (_, at) => 1000 + (at % 2 ? by : -by))))
        .plusMinus ?? 0;
    assert.ok(spread(100) > 0 && spread(300) > 2 * spread(100));
    const drifted = timeLeft(
      18_000,
      pointsOf(Array.from({ length: 60 }, (_, at) => (at < 30 ? 2000 : 1000))),
    );
    assert.equal(drifted.plusMinus, 9000);
    assert.equal(
      timeLeftText(18_000, pointsOf(Array.from({ length: 60 }, (_, at) => (at < 30 ? 2000 : 1000)))),
      '5 h, ± 2 h 30 min',
    );
  });

  it('holds what it says: about nineteen of twenty steady runs end within the range', () => {
    let seed = 1;
    const random = (): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const rate = (): number => 1000 + 400 * (random() - 0.5) * 2;
    let within = 0;
    for (let run = 0; run < 400; run++) {
      const hour = pointsOf(Array.from({ length: 30 }, rate));
      const mean = hour.reduce((sum, each) => sum + each.total[0], 0) / 300;
      const bytesLeft = 3_000_000;
      let seconds = 0;
      for (let bytes = 0; bytes < bytesLeft; bytes += 10 * rate()) seconds += 10;
      const said = timeLeft(bytesLeft / mean, hour);
      if (Math.abs(seconds - said.seconds) <= (said.plusMinus ?? 0) + 10) within++;
    }
    assert.ok(within > 360, String(within));
  });

  it('does not claim to know more than it can', () => {
    assert.equal(timeLeftText(null, []), 'not known yet');
    assert.match(timeLeftText(300, pointsOf([1000, 1000])), /^5 min, too early/);
    const wild = pointsOf([0, 0, 0, 0, 0, 0, 0, 9000]);
    assert.match(timeLeftText(300, wild), /very unsure$/);
  });

  it('names the phase that took most of the time of all workers', () => {
    const shares = phaseShares([
      [0, 0, 10, 0, 30, 0],
      [0, 0, 20, 0, 30, 10],
    ]);
    assert.deepEqual(
      shares.map(({ phase }) => phase),
      ['upload', 'scan', 'wait'],
    );
    assert.equal(slowestText(shares), 'Uploading: 60 % of the time');
    assert.equal(slowestText([]), 'not known yet');
  });

  it('adds up a worker’s part, and loses nothing where points are made fewer', () => {
    const series = { minutes: pointsOf([1, 2, 3]), hour: [], run: pointsOf([1, 2, 3]), runStepSeconds: 10 };
    assert.deepEqual(allDone(series, 1), [60, 3, 6, 9, 12, 15]);
    assert.deepEqual(allDone(series, 2), [0, 0, 0, 0, 0, 0]);
    const points = chosenPoints(series, 'minutes', null, 1_000_000);
    assert.equal(points[0]?.time, 1010);
    const merged = coarser(points, 1);
    assert.deepEqual(
      merged.map(({ time, seconds, amounts }) => [time, seconds, amounts[0]]),
      [
        [1020, 20, 30],
        [1030, 10, 30],
      ],
    );
  });

  it('comes out as CSV: a row of all, and one of each worker', () => {
    const history: ThroughputHistory = {
      since: Date.UTC(2026, 0, 1),
      series: { minutes: [point(1, 7, 1.0004)], hour: [], run: [], runStepSeconds: 1 },
      phases: [],
    };
    assert.equal(
      throughputCsv(history, 'minutes'),
      'until,seconds,worker,bytes,new_books,duplicates_own,duplicates_others,duplicates_destination,failed_books\r\n' +
        '2026-01-01T00:00:01.000Z,1,all,7,1,2,3,4,5\r\n2026-01-01T00:00:01.000Z,1,1,7,1,2,3,4,5\r\n',
    );
  });
});

describe('the shell of the throughput page', () => {
  const html = throughputHtml({
    script: 'https://files.example/page.js?a=1&b=2',
    style: 'https://files.example/style.css',
    cspSource: 'https://files.example',
    nonce: 'n0nce',
    title: '<script>alert(1)</script>"\'',
    place: 'tab',
  });

  it('lets nothing be loaded or run but its one script and its one style sheet', () => {
    const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html) ?? [];
    const directives = Object.fromEntries(
      (policy ?? '')
        .replaceAll('&#39;', "'")
        .split(';')
        .map(directive => directive.trim().split(/\s+/))
        .map(([name, ...sources]) => [name, sources]),
    ) as Record<string, string[]>;
    assert.deepEqual(directives, {
      'default-src': ["'none'"],
      'script-src': ["'nonce-n0nce'"],
      'style-src': ['https://files.example'],
    });
  });

  it('has one script, with the nonce, and nothing inline', () => {
    const scripts = [...html.matchAll(/<script\b([^>]*)>([^<]*)<\/script>/g)];
    assert.equal(scripts.length, 1);
    assert.match(scripts[0]?.[1] ?? '', /nonce="n0nce"/);
    assert.equal(scripts[0]?.[2], '');
    assert.doesNotMatch(html, /\son\w+\s*=|<style|\sstyle\s*=|javascript:/i);
  });

  it('escapes what it is given', () => {
    assert.match(html, /<title>&lt;script&gt;alert\(1\)&lt;\/script&gt;&quot;&#39;<\/title>/);
    assert.match(html, /page\.js\?a=1&amp;b=2/);
  });
});
