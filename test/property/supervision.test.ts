import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { History } from '../../src/engine/supervisor/crew/history.ts';
import { PlayedClock } from '../support/playedClock.ts';
import {
  PlayedCrew,
  quietLog,
  type Fault,
  type PlayedMember,
  type PlayedProcess,
  type PlayedTar,
} from '../support/playedWorkers.ts';

const hourMs = 3600_000;
const dayMs = 24 * hourMs;

/** What a healthy worker may do for long, beside what is over in seconds. */
const member: fc.Arbitrary<PlayedMember> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      phase: fc.constantFrom('scan', 'hash', 'upload'),
      seconds: fc.integer({ min: 1, max: 600 }),
      moves: fc.constantFrom('bytes', 'members'),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ phase: 'extract', seconds: 5400, moves: 'bytes' } as const) },
  { weight: 1, arbitrary: fc.constant({ phase: 'scan', seconds: 7200, moves: 'members' } as const) },
  { weight: 1, arbitrary: fc.constant({ phase: 'wait', seconds: 3 * 3600, moves: 'nothing' } as const) },
  // Nothing moves for a while, but not for as long as the phase may take.
  { weight: 1, arbitrary: fc.constant({ phase: 'upload', seconds: 13 * 60, moves: 'nothing' } as const) },
  { weight: 1, arbitrary: fc.constant({ phase: 'hash', seconds: 28 * 60, moves: 'nothing' } as const) },
);

const tars: fc.Arbitrary<PlayedTar[]> = fc
  .array(fc.tuple(fc.array(member, { minLength: 1, maxLength: 12 }), fc.option(fc.nat(11), { freq: 6 })), {
    minLength: 4,
    maxLength: 24,
  })
  .map(all =>
    all.map(([members, poison], index) => ({
      name: `${String(index)}.tar`,
      members: members.map((one, at) => ({ ...one, isPoison: poison !== null && at === poison })),
    })),
  );

/** One for each process in turn; most have none. */
const faults: fc.Arbitrary<({ fault: Fault; afterMs: number } | null)[]> = fc.array(
  fc.option(
    fc.record({
      fault: fc.constantFrom('die', 'hang', 'stuck', 'deaf', 'leak'),
      afterMs: fc.integer({ min: 0, max: 6 * hourMs }),
    }),
    { freq: 2 },
  ),
  { minLength: 20, maxLength: 20 },
);

describe('supervision over days', () => {
  it('restarts no worker too often and none that is well, and every tar ends once', async () => {
    await fc.assert(
      fc.asyncProperty(
        tars,
        faults,
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.integer({ min: 1, max: 12 * hourMs }), { maxLength: 3 }),
        async (all, faultOf, workers, engineEnds) => {
          const folder = await mkdtemp(join(tmpdir(), 'tarshelf-supervision-'));
          try {
            await playDays(folder, all, faultOf, workers, engineEnds);
          } finally {
            await rm(folder, { recursive: true, force: true, maxRetries: 5 });
          }
        },
      ),
      { numRuns: 25 },
    );
  }).timeout(120_000);

  it('keeps every tar in one hand whatever persons and the load of the machine ask for', async () => {
    const request = fc.record({
      kind: fc.constantFrom('restart', 'pause', 'resume', 'reassign', 'retire', 'employ'),
      worker: fc.integer({ min: 1, max: 4 }),
      afterMs: fc.integer({ min: 1, max: hourMs }),
    });
    const short = tars.map(all =>
      all.map(tar => ({
        ...tar,
        members: tar.members.map(one => ({ ...one, seconds: Math.min(one.seconds, 120) })),
      })),
    );
    let shared = 0;
    await fc.assert(
      fc.asyncProperty(
        short,
        faults,
        fc.array(request, { maxLength: 40 }),
        fc.boolean(),
        async (all, faultOf, requests, shares) => {
          const folder = await mkdtemp(join(tmpdir(), 'tarshelf-supervision-'));
          try {
            const clock = new PlayedClock();
            const history = await History.load(folder, quietLog, clock);
            const played = new PlayedCrew(clock, history, all, 4);
            played.shares = shares;
            if (shares) for (const { name } of all) played.board.changeTar(name, { sizeBytes: 2 ** 40 });
            let started = 0;
            played.faultOf = () => faultOf[started++] ?? null;
            played.begin();
            for (const { kind, worker, afterMs } of requests) {
              await played.play(afterMs);
              if (played.isOver) break;
              ask(played, kind, worker);
            }
            if (!played.isOver) played.crew.resumeWorker(null);
            await played.play(10 * dayMs);
            assert.ok(played.isOver, 'the run ends once nobody is paused by a person');
            everyTarHasEndedOnce(played, all);
            // Who has given a batch away hears of its end; else its tar would never have ended.
            shared += played.shared.done;
            await history.settled();
          } finally {
            await rm(folder, { recursive: true, force: true, maxRetries: 5 });
          }
        },
      ),
      { numRuns: 60 },
    );
    assert.ok(shared > 100, `batches were shared ${String(shared)} times`);
  }).timeout(120_000);
});

function ask({ crew }: PlayedCrew, kind: string, worker: number): void {
  try {
    if (kind === 'restart') crew.restartWorker(worker);
    else if (kind === 'pause') crew.pauseWorker(worker);
    else if (kind === 'resume') crew.resumeWorker(worker);
    else if (kind === 'retire') crew.retire('too little memory');
    else if (kind === 'employ') crew.employ('memory enough');
    else crew.reassign(worker, worker === 4 ? null : [worker + 1]);
  } catch (thrown) {
    // What cannot be done is refused, and nothing else is thrown.
    assert.equal((thrown as { code?: string }).code, 'REASSIGN_REFUSED', String(thrown));
  }
}

/** Thirty hours, or until all is done, with an engine that ends at some moments and comes again. */
async function playDays(
  folder: string,
  all: readonly PlayedTar[],
  faultOf: readonly ({ fault: Fault; afterMs: number } | null)[],
  workers: number,
  engineEnds: readonly number[],
): Promise<void> {
  let at = Date.UTC(2030, 0, 1);
  const done = new Map<string, Set<number>>();
  const restartsAt = new Map<number, number[]>();
  const ended = new Set<string>();
  let started = 0;
  for (const life of [...engineEnds, Infinity]) {
    // Each engine has a clock of its own, so that nothing of the one before goes on.
    const clock = new PlayedClock(at);
    const history = await History.load(folder, quietLog, clock);
    const left = all.filter(tar => !ended.has(tar.name));
    const played = new PlayedCrew(clock, history, left, workers, {}, done);
    played.faultOf = () => faultOf[started++] ?? null;
    const before = new Map<number, PlayedProcess>();
    played.onStart = process => {
      const last = before.get(process.number);
      // The next one after one with which something was wrong is a restart; after one that had nothing to do it is none.
      if (last !== undefined && last.fault !== null)
        restartsAt.set(process.number, [...(restartsAt.get(process.number) ?? []), clock.date().getTime()]);
      before.set(process.number, process);
    };
    played.begin();
    await played.play(Math.min(life, 30 * hourMs));
    for (const process of played.processes)
      assert.deepEqual(process.stopsInHealth, [], `worker ${String(process.number)} was well`);
    assert.equal(new Set(played.completed).size, played.completed.length, 'completed once');
    for (const tar of played.completed) {
      assert.ok(!ended.has(tar));
      ended.add(tar);
    }
    if (played.isOver) everyTarHasEndedOnce(played, left);
    at = clock.date().getTime();
    await history.settled();
    if (played.isOver) break;
  }
  for (const [worker, times] of restartsAt)
    for (const from of times) {
      const inDay = times.filter(time => time >= from && time < from + dayMs).length;
      assert.ok(inDay <= 3, `worker ${String(worker)} was restarted ${String(inDay)} times in a day`);
    }
}

function everyTarHasEndedOnce(played: PlayedCrew, all: readonly PlayedTar[]): void {
  assert.ok(!played.hands.hasTars);
  assert.equal(new Set(played.completed).size, played.completed.length);
  for (const { name, members } of all) {
    const { phase } = played.board.tar(name);
    assert.ok(phase === 'completed' || phase === 'failed', `${name} is ${phase}`);
    assert.equal(phase === 'completed', played.completed.includes(name));
    if (phase === 'completed') assert.equal(played.done.get(name)?.size, members.length);
    const aside = played.putAside.get(name) ?? [];
    for (const offset of aside)
      assert.ok(
        (played.endsIn.get(`${name} ${String(offset)}`) ?? 0) >= 2,
        `a member of ${name} was put aside`,
      );
  }
}
