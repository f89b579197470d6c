import assert from 'node:assert/strict';
import type { Supervision } from '../../../src/protocol/supervision.ts';
import { History } from '../../../src/engine/supervisor/crew/history.ts';
import { PlayedClock } from '../../support/playedClock.ts';
import { PlayedCrew, quietLog, type PlayedMember, type PlayedTar } from '../../support/playedWorkers.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

const steady: PlayedMember = { phase: 'upload', seconds: 60, moves: 'bytes' };

/** Tars of so many steady minutes each. */
function tarsOf(...minutes: number[]): PlayedTar[] {
  return minutes.map((many, index) => ({
    name: `${String(index + 1)}.tar`,
    members: Array.from({ length: many }, () => steady),
  }));
}

describe('crew', () => {
  const folder = useTempFolder();
  let played: PlayedCrew;

  async function begin(
    tars: readonly PlayedTar[],
    workers: number,
    supervision: Partial<Supervision> = {},
    dealt?: readonly (readonly string[])[],
  ): Promise<PlayedCrew> {
    const clock = new PlayedClock();
    const history = await History.load(folder(), quietLog, clock);
    played = new PlayedCrew(clock, history, tars, workers, supervision, undefined, dealt);
    return played;
  }

  afterEach(async () => {
    await played.history.settled();
  });

  const kinds = (): string[] => played.history.entries.map(entry => entry.kind);
  const messages = (kind: string): string[] =>
    played.history.entries.filter(entry => entry.kind === kind).map(entry => entry.message);
  const state = (worker: number) => played.board.worker(worker);
  const refuses = (act: () => unknown, code: string, words: RegExp): void => {
    assert.throws(
      act,
      (thrown: Error & { code?: string }) => thrown.code === code && words.test(thrown.message),
    );
  };

  async function playToEnd(): Promise<void> {
    await played.play(48 * hour);
    assert.ok(played.isOver, 'it has ended');
  }

  it('takes all tars to their ends and does nothing of note', async () => {
    const { completed, history } = await begin(tarsOf(3, 3, 3, 3), 2);
    played.begin();
    await playToEnd();
    assert.deepEqual(completed.toSorted(), ['1.tar', '2.tar', '3.tar', '4.tar']);
    assert.deepEqual(history.entries, []);
    assert.equal(played.processes.length, 2, 'who has finished is not started again');
  });

  it('goes on within 5 s after a death, with the same tar', async () => {
    await begin(tarsOf(10), 1);
    played.begin();
    await played.play(2 * minute);
    const [first] = played.processes;
    first!.breaks('die');
    await played.play(5 * second);
    assert.equal(played.now(1)?.lease?.tar, '1.tar');
    assert.equal(played.now(1)?.lease?.epoch, 2);
    assert.equal(state(1).restarts, 1);
    assert.deepEqual(kinds(), ['died', 'restarted']);
    assert.match(
      messages('died')[0]!,
      /^Worker 1 ended unexpectedly \(SIGSEGV\) in 1\.tar; it is started again in 0\.8 s, death 1 in a row\.$/,
    );
    assert.deepEqual(played.notices, ['Worker 1 ended unexpectedly (SIGSEGV); it is started again.']);
    await playToEnd();
  });

  it('warns of a stuck worker, stops it gently, and starts it again', async () => {
    await begin(tarsOf(60), 1);
    played.begin();
    await played.play(2 * minute);
    played.now(1)!.breaks('stuck');
    await played.play(11 * minute);
    assert.equal(state(1).health, 'slow');
    assert.match(state(1).note ?? '', /^nothing has moved for 1\d min \(phase upload\)$/);
    await played.play(5 * minute);
    assert.deepEqual(kinds(), ['slow', 'stuck', 'restarted'], 'warned once');
    assert.match(messages('stuck')[0]!, /^Worker 1 in 1\.tar is stuck: nothing has moved for 15 min/);
    const requests = played.processes[0]!.requests.map(request => request.type);
    assert.equal(requests.at(-1), 'worker:stop');
    assert.equal(state(1).health, 'well');
    await playToEnd();
  });

  it('sends a worker that does not end SIGTERM after the gentle time, and SIGKILL after half of it again', async () => {
    await begin(tarsOf(60), 1, { gentleStopSeconds: 20, checkSeconds: 1 });
    played.begin();
    await played.play(minute);
    const [process] = played.processes;
    const steps: [string, number][] = [];
    const { clock } = played;
    const send = process!.send.bind(process);
    process!.send = request => {
      if (request.type === 'worker:stop') steps.push(['stop', clock.now()]);
      send(request);
    };
    process!.terminate = () => steps.push(['SIGTERM', clock.now()]);
    const kill = process!.kill.bind(process);
    process!.kill = () => {
      steps.push(['SIGKILL', clock.now()]);
      kill();
    };
    process!.breaks('deaf');
    await played.play(17 * minute);
    assert.deepEqual(
      steps.map(([step]) => step),
      ['stop', 'SIGTERM', 'SIGKILL'],
    );
    assert.equal(steps[1]![1] - steps[0]![1], 20 * second);
    assert.equal(steps[2]![1] - steps[1]![1], 10 * second);
    assert.equal(played.processes.length, 2);
    await playToEnd();
  });

  it('finds a silent worker by its missing heartbeat, and wastes little time on asking it', async () => {
    await begin(tarsOf(60), 1);
    played.begin();
    await played.play(minute);
    played.now(1)!.breaks('hang');
    await played.play(80 * second);
    assert.deepEqual(kinds(), ['slow', 'silent', 'restarted']);
    assert.equal(played.now(1)?.lease?.tar, '1.tar');
    await playToEnd();
  });

  it('stops nobody after the machine slept', async () => {
    await begin(tarsOf(60, 60), 2);
    played.begin();
    await played.play(5 * minute);
    for (let night = 0; night < 3; night++) {
      played.clock.sleep(9 * hour);
      await played.play(3 * minute);
    }
    assert.deepEqual(kinds(), []);
    await playToEnd();
  });

  it('starts a worker again that holds too much memory', async () => {
    await begin(tarsOf(60), 1, { workerMemoryMb: 512 });
    played.begin();
    await played.play(minute);
    played.now(1)!.breaks('leak');
    await played.play(2 * minute);
    assert.deepEqual(kinds(), ['memory', 'restarted']);
    assert.match(messages('memory')[0]!, /is too large: it holds \d+ MB of memory, and may hold 537 MB/);
    assert.deepEqual(played.hands.membersOf('1.tar'), { poison: [], suspects: [] });
    await playToEnd();
  });

  it('pauses a worker after three restarts in a day, tells a person once, and its tars go on at once', async () => {
    await begin(tarsOf(1, 120, 1, 1, 1), 2, {}, [
      ['1.tar', '3.tar', '4.tar'],
      ['2.tar', '5.tar'],
    ]);
    played.faultOf = ({ number }) => (number === 1 ? { fault: 'die', afterMs: 5 * second } : null);
    played.begin();
    await played.play(10 * minute);
    assert.equal(played.of(1).length, 4);
    assert.equal(state(1).phase, 'paused');
    assert.match(state(1).note ?? '', /^paused after 3 restarts in 24 hours/);
    assert.equal(messages('paused').length, 1);
    assert.match(messages('paused')[0]!, /its tars go to the other workers: /);
    assert.equal(played.notices.filter(notice => notice.includes('paused')).length, 1);
    assert.deepEqual(played.hands.handOf(1), []);
    await playToEnd();
    assert.equal(played.completed.length, 5);
  });

  it('fails what is left when all are paused by the limit', async () => {
    await begin(tarsOf(5, 5, 5), 2, { restartsPerDay: 1 });
    played.faultOf = () => ({ fault: 'die', afterMs: 5 * second });
    played.begin();
    await playToEnd();
    for (const name of ['1.tar', '2.tar', '3.tar'])
      assert.equal(played.board.tar(name).failure?.code, 'WORKER_DIED');
    assert.match(played.board.tar('3.tar').failure?.message ?? '', /No worker is left/);
  });

  it('lets a person resume a worker that the limit has paused, and pauses it again at its next death', async () => {
    await begin(tarsOf(60, 120), 2, { restartsPerDay: 0 });
    played.begin();
    await played.play(minute);
    played.now(1)!.breaks('die');
    await played.play(minute);
    assert.equal(state(1).phase, 'paused');
    assert.equal(played.crew.restartWorker(1), 'Worker 1 is started again.');
    await played.play(minute);
    assert.equal(played.now(1)?.lease?.tar, '1.tar');
    assert.equal(state(1).restarts, 0, 'a person may do so as often as they like');
    played.now(1)!.breaks('die');
    await played.play(minute);
    assert.equal(state(1).phase, 'paused');
    await playToEnd();
  });

  it('puts a member aside that ended two processes, and goes on with its tar', async () => {
    const tars = tarsOf(3, 1);
    const poisoned = { ...tars[0]!, members: [steady, { ...steady, isPoison: true }, steady] };
    await begin([poisoned], 1);
    played.begin();
    await playToEnd();
    assert.deepEqual(played.completed, ['1.tar']);
    assert.deepEqual(played.putAside.get('1.tar'), [1000]);
    assert.deepEqual(
      played.processes.map(({ requests }) =>
        requests.flatMap(request =>
          request.type === 'tar:process' ? [[request.poison, request.suspects]] : [],
        ),
      ),
      [[[[], []]], [[[], [1000]]], [[[1000], []]]],
    );
    assert.match(messages('poison')[0]!, /^The member at byte 1000 of 1\.tar /);
  });

  it('suspects nobody after a stop that a person asked for, not even if it took a kill', async () => {
    await begin(tarsOf(60), 1);
    played.begin();
    for (let n = 0; n < 3; n++) {
      await played.play(2 * minute);
      played.now(1)!.breaks('deaf');
      played.crew.restartWorker(1);
      await played.play(minute);
    }
    assert.equal(played.processes.length, 4);
    assert.deepEqual(played.hands.membersOf('1.tar'), { poison: [], suspects: [] });
    assert.equal(state(1).restarts, 0);
    await playToEnd();
  });

  it('lets an idle worker take what was never begun from the longest queue, and both record it first', async () => {
    await begin(tarsOf(1, 120, 5, 5, 5), 2, {}, [['1.tar'], ['2.tar', '3.tar', '4.tar', '5.tar']]);
    played.begin();
    await played.play(3 * minute);
    assert.equal(played.now(1)?.lease?.tar, '5.tar');
    assert.deepEqual(played.now(1)?.assignedTars, ['1.tar', '5.tar']);
    assert.deepEqual(played.now(2)?.assignedTars, ['2.tar', '3.tar', '4.tar']);
    assert.deepEqual(state(2).assignedTars, ['2.tar', '3.tar', '4.tar']);
    assert.equal(played.board.tar('5.tar').worker, 1);
    assert.deepEqual(kinds(), [], 'what is usual at the end of a run is no history');
    await playToEnd();
    assert.equal(played.completed.length, 5);
    assert.equal(played.of(1).length, 1);
  });

  it('starts workers that were dealt nothing where others have more than one tar', async () => {
    await begin(tarsOf(5, 5, 5), 3, {}, [['1.tar', '2.tar', '3.tar'], [], []]);
    played.begin();
    await played.play(minute);
    assert.deepEqual([1, 2, 3].map(n => played.now(n)?.lease?.tar).toSorted(), ['1.tar', '2.tar', '3.tar']);
    await playToEnd();
  });

  it('pauses and resumes a worker as a person asks, which keeps the tar that it has begun', async () => {
    await begin(tarsOf(10, 10, 10), 2);
    played.begin();
    await played.play(2 * minute);
    assert.match(played.crew.pauseWorker(1), /^Worker 1 finishes the book in hand and is paused then/);
    assert.equal(played.crew.pauseWorker(1), 'Worker 1 is paused already.');
    await played.play(5 * hour);
    assert.ok(!played.isOver, 'the run waits for it');
    assert.equal(state(1).phase, 'paused');
    assert.deepEqual(played.hands.handOf(1), ['1.tar']);
    assert.deepEqual(played.completed.toSorted(), ['2.tar', '3.tar'], 'what it had not begun went on');
    assert.equal(played.crew.resumeWorker(1), 'Worker 1 is started again.');
    assert.equal(played.crew.resumeWorker(1), 'Worker 1 is not paused.');
    await playToEnd();
    assert.deepEqual(kinds(), ['paused', 'resumed']);
  });

  it('ends a paused run when it is stopped', async () => {
    await begin(tarsOf(10, 10), 2);
    played.begin();
    await played.play(minute);
    played.crew.pauseWorker(null);
    await played.play(minute);
    assert.ok(!played.isOver);
    played.crew.stop();
    await played.play(second);
    assert.ok(played.isOver);
  });

  it('ends a stop of the run even if a worker hears nothing', async () => {
    await begin(tarsOf(10, 10), 2);
    played.begin();
    await played.play(minute);
    played.now(1)!.breaks('hang');
    played.crew.stop();
    await played.play(2 * minute);
    assert.ok(played.isOver);
    assert.equal(played.processes.length, 2);
  });

  it('gives the tars of a paused worker to those that are named', async () => {
    await begin(tarsOf(20, 20, 20, 20, 20, 20, 20), 3);
    played.begin();
    await played.play(minute);
    const { crew } = played;
    refuses(() => crew.reassign(9, null), 'NO_SUCH_WORKER', /workers 1 to 3/);
    refuses(() => crew.reassign(1, [9]), 'NO_SUCH_WORKER', /no worker 9/);
    refuses(() => crew.reassign(1, [1]), 'REASSIGN_REFUSED', /to itself/);
    assert.equal(crew.reassign(1, [2]), '2 tars of worker 1 went to worker 2: 4.tar, 7.tar.');
    refuses(() => crew.reassign(1, null), 'REASSIGN_REFUSED', /at work in 1\.tar .* Pause it first/);
    assert.deepEqual(played.now(1)?.assignedTars, ['1.tar']);
    assert.deepEqual(played.now(2)?.assignedTars, ['2.tar', '5.tar', '4.tar', '7.tar']);
    crew.pauseWorker(1);
    await played.play(minute);
    refuses(() => crew.reassign(2, [1]), 'REASSIGN_REFUSED', /Worker 1 is paused\. Resume it first/);
    assert.equal(crew.reassign(1, [2, 3]), '1 tar of worker 1 went to workers 2, 3: 1.tar.');
    assert.deepEqual(played.hands.handOf(2), ['2.tar', '5.tar', '4.tar', '7.tar', '1.tar']);
    refuses(() => crew.reassign(1, null), 'REASSIGN_REFUSED', /has no tar/);
    await playToEnd();
    assert.equal(played.completed.length, 7);
  });

  it('names no more than three of the tars that it gives to others', async () => {
    await begin(tarsOf(...Array.from({ length: 2400 }, () => 20)), 2);
    played.begin();
    await played.play(minute);
    assert.equal(
      played.crew.reassign(1, [2]),
      '1,199 tars of worker 1 went to worker 2: 3.tar, 5.tar, 7.tar and 1,196 more.',
    );
  });

  it('wakes workers that have finished for tars that come free', async () => {
    await begin(tarsOf(1, 60), 2);
    played.begin();
    await played.play(10 * minute);
    assert.equal(state(1).phase, 'stopped');
    assert.match(played.crew.restartWorker(1), /has no tar left/);
    played.crew.pauseWorker(2);
    await played.play(minute);
    played.crew.reassign(2, null);
    await played.play(10 * second);
    assert.equal(played.now(1)?.lease?.tar, '2.tar');
    await playToEnd();
  });

  it('lets the worker go whose tar is least advanced when the machine has too much to do, and not the last one', async () => {
    await begin(tarsOf(10, 60, 40, 30), 3);
    played.begin();
    await played.play(2 * minute);
    played.board.advanceTar('1.tar', 1, 2000, {});
    played.board.advanceTar('2.tar', 2, 1000, {});
    played.board.advanceTar('3.tar', 3, 30_000, {});
    const { crew } = played;
    assert.equal(crew.active, 3);
    assert.ok(crew.retire('memory is short'));
    await played.play(minute);
    assert.equal(crew.active, 2);
    assert.equal(state(2).phase, 'stopped');
    assert.equal(state(2).note, 'rests: memory is short');
    assert.ok(crew.retire('memory is short'));
    assert.ok(!crew.retire('memory is short'), 'one is left');
    await played.play(minute);
    assert.equal(crew.active, 1);
    assert.ok(crew.employ('memory is there again'));
    assert.equal(crew.active, 2);
    await playToEnd();
    assert.equal(played.completed.length, 4);
    assert.deepEqual(new Set(kinds()), new Set(['scaled']));
  });

  it('employs a retired worker when nobody else is left', async () => {
    await begin(tarsOf(30, 30), 2, { restartsPerDay: 0 });
    played.begin();
    await played.play(minute);
    played.crew.retire('memory is short');
    await played.play(minute);
    assert.equal(played.crew.active, 1);
    const left = [1, 2].find(n => played.now(n))!;
    played.now(left)!.breaks('die');
    await playToEnd();
    assert.equal(played.completed.length, 2);
  });

  it('shows memory, uploads and phase as they are reported, and takes a warning back', async () => {
    const slow: PlayedMember = { phase: 'upload', seconds: 12 * 60, moves: 'nothing' };
    await begin([{ name: '1.tar', members: [slow, steady] }], 1);
    played.begin();
    await played.play(11 * minute);
    assert.equal(state(1).health, 'slow');
    assert.equal(state(1).phase, 'upload');
    assert.equal(state(1).memoryBytes, 200 * 1024 * 1024);
    await played.play(2 * minute);
    assert.equal(state(1).health, 'well');
    assert.equal(state(1).note, null);
    await playToEnd();
    assert.deepEqual(kinds(), ['slow']);
  });
});
