import assert from 'node:assert/strict';
import type { Supervision } from '../../../src/protocol/supervision.ts';
import type { Lease, Share, ShareOutcome, WorkerRequest } from '../../../src/protocol/workerMessages.ts';
import { History } from '../../../src/engine/supervisor/crew/history.ts';
import { leastToShare } from '../../../src/engine/supervisor/crew/sharing.ts';
import { PlayedClock } from '../../support/playedClock.ts';
import {
  PlayedCrew,
  quietLog,
  type PlayedMember,
  type PlayedProcess,
  type PlayedTar,
} from '../../support/playedWorkers.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

const steady: PlayedMember = { phase: 'upload', seconds: 60, moves: 'bytes' };

const share: Share = {
  tarSizeBytes: 10 * leastToShare,
  tarMtimeMs: 1,
  members: [
    { name: 'a.txt', headerOffset: 0, bodyOffset: 512, sizeBytes: 9, endOffset: 1024, format: 'txt' },
  ],
};
const outcomes: ShareOutcome[] = [
  { kind: 'stored', headerOffset: 0, key: { sha1: 'a'.repeat(40), sizeBytes: 9 }, outcome: 'uploaded' },
];

describe('workers that have no tar left', () => {
  const folder = useTempFolder();
  let played: PlayedCrew;

  /** Each tar takes an hour, and is worth sharing. Each of the first workers is dealt one. */
  async function begin(tars: number, workers: number, supervision: Partial<Supervision> = {}): Promise<void> {
    const clock = new PlayedClock();
    const history = await History.load(folder(), quietLog, clock);
    const made: PlayedTar[] = Array.from({ length: tars }, (_, index) => ({
      name: `${String(index + 1)}.tar`,
      members: Array.from({ length: 60 }, () => steady),
    }));
    played = new PlayedCrew(clock, history, made, workers, supervision);
    for (const { name } of made) played.board.changeTar(name, { sizeBytes: 10 * leastToShare });
    played.begin();
    await played.play(5 * second);
  }

  afterEach(async () => {
    await played.history.settled();
  });

  const now = (worker: number): PlayedProcess => {
    const process = played.now(worker);
    assert.ok(process, `worker ${String(worker)} has a process`);
    return process;
  };
  const leaseOf = (worker: number): Lease => {
    const { lease } = now(worker);
    assert.ok(lease);
    return lease;
  };
  function heard<T extends WorkerRequest['type']>(
    process: PlayedProcess,
    type: T,
  ): Extract<WorkerRequest, { type: T }>[] {
    return process.requests.filter(
      (request): request is Extract<WorkerRequest, { type: T }> => request.type === type,
    );
  }
  const told = (worker: number): number | undefined => heard(now(worker), 'share:wanted').at(-1)?.helpers;
  async function opens(worker: number): Promise<void> {
    now(worker).say({ type: 'share:possible' });
    await played.play(2 * second);
  }
  async function playToEnd(): Promise<void> {
    await played.play(48 * hour);
    assert.ok(played.isOver, 'it has ended');
  }

  it('help those that have, and what they say comes to the holder', async () => {
    await begin(1, 2);
    assert.equal(played.now(2), undefined, 'nothing to do as yet');
    await opens(1);
    const lease = leaseOf(1);
    assert.equal(told(1), 1);
    assert.equal(played.board.worker(2).currentTar, '1.tar');
    assert.equal(played.board.tar('1.tar').worker, 1);
    now(1).say({ type: 'share:offer', id: 4, share });
    assert.deepEqual(heard(now(2), 'share:process'), [
      { type: 'share:process', lease, id: 4, folder: '/tars', share },
    ]);
    now(2).say({ type: 'share:outcomes', lease, id: 4, outcomes });
    now(2).say({ type: 'share:ended', lease, id: 4 });
    // Once more, and of what was never given.
    now(2).say({ type: 'share:ended', lease, id: 4 });
    now(2).say({ type: 'share:outcomes', lease, id: 5, outcomes });
    assert.deepEqual(
      now(1).requests.filter(({ type }) => type === 'share:outcomes' || type === 'share:ended'),
      [
        { type: 'share:outcomes', lease, id: 4, outcomes },
        { type: 'share:ended', lease, id: 4, hasDied: false },
      ],
    );
    await playToEnd();
    assert.deepEqual(played.completed, ['1.tar']);
    assert.equal(played.processes.length, 2);
    assert.equal(played.board.worker(2).currentTar, null);
  });

  it('are let go where too little is left to help with', async () => {
    await begin(1, 2);
    played.board.changeTar('1.tar', { sizeBytes: leastToShare - 1 });
    await opens(1);
    assert.equal(played.processes.length, 1);
    await playToEnd();
  });

  it('go to where most is left for each, and get batches in turn', async () => {
    await begin(2, 5);
    played.board.changeTar('2.tar', { sizeBytes: 30 * leastToShare });
    now(1).say({ type: 'share:possible' });
    now(2).say({ type: 'share:possible' });
    await played.play(2 * second);
    assert.deepEqual(
      [3, 4, 5].map(worker => played.board.worker(worker).currentTar),
      ['2.tar', '2.tar', '1.tar'],
    );
    assert.deepEqual([told(1), told(2)], [1, 2]);
    for (const id of [1, 2, 3, 4]) now(2).say({ type: 'share:offer', id, share });
    const idsOf = (worker: number): number[] => heard(now(worker), 'share:process').map(({ id }) => id);
    assert.deepEqual([idsOf(3), idsOf(4), idsOf(5)], [[1, 3], [2, 4], []]);
    await playToEnd();
  });

  it('give a batch back by dying, which is nothing of the tar that they helped with', async () => {
    await begin(1, 2, { restartsPerDay: 10 });
    await opens(1);
    for (let death = 1; death <= 5; death++) {
      now(1).say({ type: 'share:offer', id: death, share });
      now(2).breaks('die');
      assert.deepEqual(heard(now(1), 'share:ended').at(-1), {
        type: 'share:ended',
        lease: leaseOf(1),
        id: death,
        hasDied: true,
      });
      assert.equal(told(1), 0);
      await played.play(minute);
      assert.equal(told(1), 1, 'it is started again, and helps again');
    }
    assert.equal(leaseOf(1).epoch, 1);
    assert.deepEqual(played.hands.orphans, []);
    await playToEnd();
    assert.deepEqual(played.completed, ['1.tar']);
  });

  it('name the member that they and the holder died of', async () => {
    await begin(1, 2);
    await opens(1);
    now(1).say({ type: 'share:offer', id: 1, share });
    const lease = leaseOf(1);
    const dying = now(2);
    dying.inHand = of => (of.tar === lease.tar && of.epoch === lease.epoch ? [5000, 6000] : []);
    dying.breaks('die');
    await played.play(minute);
    now(1).inHand = () => [5000, 9000];
    now(1).breaks('die');
    await played.play(minute);
    const [begun] = heard(now(1), 'tar:process');
    assert.deepEqual([begun?.poison, begun?.suspects], [[5000], [6000, 9000]]);
    await playToEnd();
  });

  it('leave off where the holder dies, are heard no more, and help its next process', async () => {
    await begin(1, 2);
    await opens(1);
    const lease = leaseOf(1);
    now(1).say({ type: 'share:offer', id: 1, share });
    const helping = now(2);
    now(1).breaks('die');
    assert.deepEqual(heard(helping, 'share:dropped'), [{ type: 'share:dropped', lease }]);
    helping.say({ type: 'share:outcomes', lease, id: 1, outcomes });
    helping.say({ type: 'share:ended', lease, id: 1 });
    await played.play(minute);
    assert.equal(leaseOf(1).epoch, 2);
    assert.deepEqual(heard(now(1), 'share:outcomes'), []);
    assert.deepEqual(heard(now(1), 'share:ended'), []);
    assert.equal(played.now(2), undefined, 'nothing to help with, for as long as the tar was not open');
    await opens(1);
    assert.equal(told(1), 1);
    await playToEnd();
    assert.deepEqual(played.completed, ['1.tar']);
  });

  it('get a batch of another tar only when they have none of the one before in hand', async () => {
    await begin(2, 3);
    await opens(1);
    const lease = leaseOf(1);
    now(1).say({ type: 'share:offer', id: 1, share });
    now(2).say({ type: 'share:possible' });
    now(1).breaks('die');
    await played.play(100);
    // By now it helps worker 2, and has still to finish what it had of 1.tar.
    assert.equal(told(2), 1);
    now(2).say({ type: 'share:offer', id: 1, share });
    assert.deepEqual(heard(now(2), 'share:ended').at(-1)?.id, 1, 'given back at once');
    now(3).say({ type: 'share:ended', lease, id: 1 });
    now(2).say({ type: 'share:offer', id: 2, share });
    assert.equal(heard(now(3), 'share:process').at(-1)?.lease.tar, '2.tar');
    await playToEnd();
  });

  it('are paused, started again and retired like any other, and first of all', async () => {
    await begin(2, 3);
    await opens(1);
    assert.equal(told(1), 1);
    now(1).say({ type: 'share:offer', id: 1, share });
    played.crew.pauseWorker(3);
    await played.play(5 * second);
    assert.equal(played.board.worker(3).phase, 'paused');
    assert.equal(told(1), 0);
    assert.deepEqual(
      heard(now(1), 'share:ended').map(({ id, hasDied }) => [id, hasDied]),
      [[1, false]],
    );
    played.crew.resumeWorker(3);
    await played.play(2 * second);
    assert.equal(told(1), 1);
    assert.equal(played.crew.active, 3);
    assert.ok(played.crew.retire('for a test'));
    await played.play(5 * second);
    assert.equal(played.now(3), undefined);
    assert.equal(told(1), 0);
    assert.ok(played.crew.employ('for a test'));
    await played.play(2 * second);
    assert.equal(told(1), 1);
    await playToEnd();
    assert.deepEqual(played.completed.toSorted(), ['1.tar', '2.tar']);
  });

  it('take a tar of their own as soon as there is one', async () => {
    await begin(2, 3, { restartsPerDay: 0 });
    await opens(1);
    assert.equal(played.board.worker(3).currentTar, '1.tar');
    now(2).breaks('die');
    await played.play(minute);
    assert.equal(leaseOf(3).tar, '2.tar');
    assert.equal(told(1), 0);
    await playToEnd();
    assert.deepEqual(played.completed.toSorted(), ['1.tar', '2.tar']);
  });

  it('end with a run that is stopped', async () => {
    await begin(1, 3);
    await opens(1);
    assert.equal(told(1), 2);
    played.crew.stop();
    await played.play(10 * second);
    assert.ok(played.isOver);
  });
});
