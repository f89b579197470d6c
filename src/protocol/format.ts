/**
 * Numbers as people read them, the same in every view and on the command line. Plain English forms with decimal
 * units; a number that makes no sense (negative, not finite) counts as 0, for it comes from a measurement.
 */

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

// Not by Intl.NumberFormat, which takes each process 12 ms when it is first made.
const groupsOfThree = /\B(?=(?:\d{3})+$)/g;

function sane(value: number): number {
  return Number.isFinite(value) && value > 0 ? value : 0;
}

/** Bytes in decimal units: `512 B`, `1.5 GB`, `340 MB`. One digit after the point below 10, none above. */
export function formatBytes(bytes: number): string {
  let value = sane(bytes);
  let unit = 0;
  // 999.5 and not 1000: what would be rounded up to 1000 belongs to the next unit.
  while (value >= 999.5 && unit < byteUnits.length - 1) {
    value /= 1000;
    unit++;
  }
  const rounded = unit > 0 && value < 9.95 ? Math.round(value * 10) / 10 : Math.round(value);
  return `${String(rounded)} ${byteUnits[unit] ?? 'B'}`;
}

/** A rate: `12 MB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** A duration by its two largest units: `45 s`, `5 min`, `2 h 10 min`, `3 d 4 h`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(sane(seconds));
  if (whole < 60) return `${String(whole)} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return `${String(minutes)} min`;
  if (minutes < 24 * 60) return twoUnits(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(minutes / 60);
  return twoUnits(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function twoUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  const text = `${String(large)} ${largeUnit}`;
  return small === 0 ? text : `${text} ${String(small)} ${smallUnit}`;
}

/** A share in whole percent: `42 %`. Rounded down, so that `100 %` means done; nothing of nothing is done. */
export function formatPercent(done: number, total: number): string {
  const whole = sane(total);
  const share = whole === 0 ? 1 : Math.min(1, sane(done) / whole);
  return `${String(Math.floor(share * 100))} %`;
}

/** A number with its noun: `1 book`, `12,345 books`. `plural` is the noun with an `s` unless given. */
export function formatCount(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatNumber(count)} ${count === 1 ? noun : plural}`;
}

/** A whole number with its thousands apart: `12,345`. */
export function formatNumber(count: number): string {
  return String(Math.round(sane(count))).replace(groupsOfThree, ',');
}
