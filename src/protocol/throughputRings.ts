import { noAmounts, type Amounts, type ThroughputPoint, type ThroughputSeries } from './throughput.ts';

const minutesKept = 300;
const hourStepSeconds = 10;
const hourKept = 360;
const runKept = 720;

/**
 * A run's throughput at three resolutions, kept by the engine that measures and by whoever draws. It never grows
 * beyond 1,380 points: about 8 MB with 64 workers, under 1 MB with four.
 *
 *   minutes  the last 5 minutes, as measured
 *   hour     the last hour, 10 seconds a point
 *   run      all of it; when it is full, each two neighbours become one
 *
 * What was counted is added up, so that a rate is a mean, and the points of `run` add up to the run.
 */
export class ThroughputRings {
  #minutes: ThroughputPoint[] = [];
  #hour: ThroughputPoint[] = [];
  #run: ThroughputPoint[] = [];
  #runStepSeconds = 1;

  /** @param series what another one had kept */
  constructor(series?: ThroughputSeries) {
    if (!series) return;
    this.#minutes = [...series.minutes];
    this.#hour = [...series.hour];
    this.#run = [...series.run];
    this.#runStepSeconds = series.runStepSeconds;
  }

  get series(): ThroughputSeries {
    return {
      minutes: [...this.#minutes],
      hour: [...this.#hour],
      run: [...this.#run],
      runStepSeconds: this.#runStepSeconds,
    };
  }

  /** Of the last point, in seconds since the series began; 0 before the first. */
  get lastAt(): number {
    return this.#minutes.at(-1)?.at ?? 0;
  }

  /** Takes the next point. One that is not later than the last was taken before. */
  add(point: ThroughputPoint): void {
    if (this.#minutes.length > 0 && point.at <= this.lastAt) return;
    this.#minutes.push(point);
    // By time and not by number: points can be long, after a sleep of the machine.
    const oldest = point.at - minutesKept;
    while (this.#minutes[0] && (this.#minutes.length > minutesKept || this.#minutes[0].at <= oldest))
      this.#minutes.shift();
    addTo(this.#hour, point, hourStepSeconds);
    const oldestOfHour = point.at - hourKept * hourStepSeconds;
    while (this.#hour[0] && (this.#hour.length > hourKept || this.#hour[0].at <= oldestOfHour))
      this.#hour.shift();
    addTo(this.#run, point, this.#runStepSeconds);
    while (this.#run.length > runKept) {
      this.#runStepSeconds *= 2;
      const finer = this.#run;
      this.#run = [];
      for (const each of finer) addTo(this.#run, each, this.#runStepSeconds);
    }
  }
}

/** Adds a point to the last one where both end in the same step, else behind it. */
function addTo(points: ThroughputPoint[], point: ThroughputPoint, stepSeconds: number): void {
  const last = points.at(-1);
  if (last && stepOf(last, stepSeconds) === stepOf(point, stepSeconds))
    points[points.length - 1] = sum(last, point);
  else points.push(point);
}

function stepOf({ at }: ThroughputPoint, stepSeconds: number): number {
  // What ends with a step is of that step. Measured seconds are never quite whole.
  return Math.ceil((at - 0.25) / stepSeconds);
}

function sum(a: ThroughputPoint, b: ThroughputPoint): ThroughputPoint {
  const workers = Math.max(a.workers.length, b.workers.length);
  return {
    at: b.at,
    seconds: a.seconds + b.seconds,
    total: addAmounts(a.total, b.total),
    workers: Array.from({ length: workers }, (_, index) =>
      addAmounts(a.workers[index] ?? noAmounts, b.workers[index] ?? noAmounts),
    ),
  };
}

export function addAmounts(a: Readonly<Amounts>, b: Readonly<Amounts>): Amounts {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4], a[5] + b[5]];
}
