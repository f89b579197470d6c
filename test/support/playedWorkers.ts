import assert from 'node:assert/strict';
import type { IngestOptions } from '../../src/protocol/ingestOptions.ts';
import { noCounts, type WorkerPhase } from '../../src/protocol/snapshot.ts';
import { supervisionInForce, type Supervision } from '../../src/protocol/supervision.ts';
import type { Lease, WorkerEvent, WorkerRequest } from '../../src/protocol/workerMessages.ts';
import { ClaimTable } from '../../src/engine/dedupe/claimTable.ts';
import { Crew } from '../../src/engine/supervisor/crew/crew.ts';
import type { History } from '../../src/engine/supervisor/crew/history.ts';
import { StateBoard } from '../../src/engine/supervisor/stateBoard.ts';
import { TarHands } from '../../src/engine/supervisor/crew/tarHands.ts';
import type { WorkerHandle, WorkerListener } from '../../src/engine/supervisor/crew/workerProcess.ts';
import type { PlayedClock } from './playedClock.ts';

/**
 * What goes wrong with a process, from some moment on:
 *
 *   die    it is gone
 *   hang   it says nothing and hears nothing; only a kill ends it
 *   stuck  it goes on with its heartbeats, and with nothing else; it ends when asked
 *   deaf   the same, but it does not end when asked
 *   leak   it grows, and works on
 */
export type Fault = 'die' | 'hang' | 'stuck' | 'deaf' | 'leak';

/** A tar as it is played: its members one after another, each for some seconds in some phase. */
export interface PlayedTar {
  readonly name: string;
  readonly members: readonly PlayedMember[];
}

export interface PlayedMember {
  readonly phase: WorkerPhase;
  readonly seconds: number;
  /** What moves each second meanwhile; nothing where it only waits. */
  readonly moves: 'bytes' | 'members' | 'nothing';
  /** It ends every process that takes it in hand. */
  readonly isPoison?: boolean;
}

export const quietLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** A tar's members stand so far apart. */
export const memberBytes = 1000;

export function playedOptions(workers: number, supervision: Partial<Supervision> = {}): IngestOptions {
  return {
    sourceFolders: ['/tars'],
    stateFolder: '/state',
    workers,
    batchSize: 10,
    parallelUploads: 1,
    mode: 'auto',
    afterCompletion: 'keep',
    metadataReader: 'auto',
    destination: { kind: 'none' },
    supervision,
  };
}

/** A crew on processes that are played, with what they did to be looked at. */
export class PlayedCrew {
  readonly crew: Crew;
  readonly hands: TarHands;
  readonly board: StateBoard;
  readonly processes: PlayedProcess[] = [];
  readonly notices: string[] = [];
  readonly completed: string[] = [];
  readonly history: History;
  /** Outcome by member offset, by tar; what a worker's record would have. */
  readonly done: Map<string, Set<number>>;
  /** Members that failed as poison, by tar. */
  readonly putAside = new Map<string, number[]>();
  /** How many processes ended unasked or by a kill with a member in hand, by tar and offset. */
  readonly endsIn = new Map<string, number>();
  readonly clock: PlayedClock;
  isOver = false;
  /** Whether workers share their tars, all of which are worth it then. */
  shares = false;
  /** How many shares were given to a helper, and how many came to their end by its word. */
  readonly shared = { given: 0, done: 0 };
  /** Asked for each process that is started. */
  faultOf: (process: PlayedProcess) => { fault: Fault; afterMs: number } | null = () => null;
  onStart: (process: PlayedProcess) => void = () => undefined;

  constructor(
    clock: PlayedClock,
    history: History,
    tars: readonly PlayedTar[],
    workers: number,
    supervision: Partial<Supervision> = {},
    done = new Map<string, Set<number>>(),
    dealt?: readonly (readonly string[])[],
  ) {
    this.clock = clock;
    this.history = history;
    this.done = done;
    const options = playedOptions(workers, supervision);
    this.board = new StateBoard(options, event => {
      if (event.type === 'notice') this.notices.push(event.message);
    });
    tars.forEach(({ name, members }, index) => {
      this.board.setTar({
        name,
        folder: '/tars',
        phase: 'waiting',
        sizeBytes: members.length * memberBytes,
        doneBytes: 0,
        worker: (index % workers) + 1,
        counts: noCounts(),
        earlier: false,
        inRun: true,
        failure: null,
      });
    });
    const names = tars.map(tar => tar.name);
    this.hands = new TarHands(
      dealt ??
        Array.from({ length: Math.min(workers, names.length) }, (_, worker) =>
          names.filter((_name, index) => index % workers === worker),
        ),
    );
    const tarOf = new Map(tars.map(tar => [tar.name, tar]));
    this.crew = new Crew(workers, {
      startWorker: listener => {
        clock.isBusy = true;
        const process = new PlayedProcess(this, tarOf, listener, this.processes.length + 1);
        this.processes.push(process);
        return process;
      },
      clock,
      random: () => 0.5,
      supervision: supervisionInForce(supervision),
      board: this.board,
      claims: new ClaimTable(),
      hands: this.hands,
      folderOf: () => '/tars',
      log: quietLog,
      history,
      onCompleted: tar => this.completed.push(tar),
      onWorkersChanged: () => undefined,
      resumePoint: () => {
        clock.isBusy = true;
        return Promise.resolve(null);
      },
      suspects: (worker, lease) => {
        clock.isBusy = true;
        const last = this.processes.findLast(process => process.number === worker);
        return Promise.resolve(last?.inHand(lease) ?? []);
      },
      init: (number, assignedTars) => ({
        type: 'worker:init',
        number,
        options,
        secrets: { password: null, databasePassword: null },
        destinationId: 'x',
        assignedTars: [...assignedTars],
        assignedBytes: 0,
      }),
    });
  }

  /** Begins the work; `isOver` says when it has ended. */
  begin(): void {
    void this.crew.work().then(() => {
      this.isOver = true;
    });
  }

  async play(ms: number): Promise<void> {
    await this.clock.play(ms, () => this.isOver);
    this.clock.isBusy = true;
    await this.clock.play(0, () => this.isOver);
  }

  /** The process that a worker has now. */
  now(worker: number): PlayedProcess | undefined {
    return this.processes.find(process => process.number === worker && process.isAlive);
  }

  of(worker: number): PlayedProcess[] {
    return this.processes.filter(process => process.number === worker);
  }
}

export class PlayedProcess implements WorkerHandle {
  readonly pid: number;
  readonly identity: Promise<{ pid: number; start: string }>;
  readonly startedAt: number;
  number = 0;
  isAlive = true;
  /** What is wrong with it by now. */
  fault: Fault | null = null;
  /** Stops that reached it while nothing was wrong with it and it was at work in a tar. */
  readonly stopsInHealth: string[] = [];
  assignedTars: readonly string[] = [];
  requests: WorkerRequest[] = [];
  lease: Lease | null = null;
  readonly #crew: PlayedCrew;
  readonly #tars: ReadonlyMap<string, PlayedTar>;
  readonly #listener: WorkerListener;
  #poison: ReadonlySet<number> = new Set();
  #member = 0;
  #secondsInMember = 0;
  #phase: WorkerPhase = 'starting';
  #bytes = 0;
  #members = 0;
  #books = 0;
  #memory = 200 * 1024 * 1024;
  #isStopping = false;
  #helpers = 0;
  #lastShare = 0;
  /** Ids of what it has given to helpers, and not heard the end of. */
  readonly #given = new Set<number>();
  /** What it has in hand of others' tars. */
  readonly #helping = new Set<Lease>();

  constructor(crew: PlayedCrew, tars: ReadonlyMap<string, PlayedTar>, listener: WorkerListener, pid: number) {
    this.#crew = crew;
    this.#tars = tars;
    this.#listener = listener;
    this.pid = pid;
    this.identity = Promise.resolve({ pid, start: String(pid) });
    this.startedAt = crew.clock.now();
    crew.clock.after(1000, () => {
      this.#second();
    });
  }

  send(request: WorkerRequest): void {
    if (!this.isAlive) return;
    this.requests.push(request);
    switch (request.type) {
      case 'worker:init': {
        this.number = request.number;
        this.assignedTars = request.assignedTars;
        const fault = this.#crew.faultOf(this);
        if (fault)
          this.#crew.clock.after(fault.afterMs, () => {
            this.breaks(fault.fault);
          });
        this.#crew.clock.after(500, () => {
          if (!this.#isDeaf) this.say({ type: 'worker:ready' });
        });
        this.#crew.onStart(this);
        break;
      }
      case 'tars:assigned':
        this.assignedTars = request.assignedTars;
        break;
      case 'tar:process': {
        const other = this.#crew.processes.find(
          process => process !== this && process.isAlive && process.lease?.tar === request.lease.tar,
        );
        assert.equal(other, undefined, `${request.lease.tar} is in two hands`);
        assert.ok(this.assignedTars.includes(request.lease.tar), 'a tar begins that was not assigned');
        this.lease = request.lease;
        this.#poison = new Set(request.poison);
        this.#member = 0;
        this.#secondsInMember = 0;
        this.#given.clear();
        this.#helpers = 0;
        if (this.#crew.shares)
          this.#crew.clock.after(400, () => {
            if (!this.#isDeaf && this.lease === request.lease) this.say({ type: 'share:possible' });
          });
        const { tar, epoch } = request.lease;
        // A late word of whoever had it before.
        if (epoch > 1)
          this.#crew.clock.after(300, () => {
            this.say(ended(tar, 0), { tar, epoch: epoch - 1 });
          });
        break;
      }
      case 'share:wanted':
        if (this.#isMine(request.lease)) this.#helpers = request.helpers;
        break;
      case 'share:ended':
        if (this.#crew.shares && this.#isMine(request.lease))
          assert.ok(this.#given.delete(request.id), 'a share ends once');
        break;
      case 'share:process':
        if (this.#crew.shares) this.#help(request.lease, request.id);
        break;
      case 'worker:stop':
        this.#noteStop('worker:stop');
        this.#isStopping = true;
        if (!this.#isDeaf)
          this.#crew.clock.after(this.lease ? 3000 : 200, () => {
            this.#leave();
          });
        break;
      default:
    }
  }

  terminate(): void {
    this.#noteStop('SIGTERM');
  }

  kill(): void {
    this.#noteStop('SIGKILL');
    this.#end('SIGKILL', false);
  }

  #isMine({ tar, epoch }: Lease): boolean {
    return this.lease?.tar === tar && this.lease.epoch === epoch;
  }

  #help(lease: Lease, id: number): void {
    for (const { tar, epoch } of this.#helping)
      assert.deepEqual({ tar, epoch }, lease, 'it has books of one tar in hand at a time');
    this.#helping.add(lease);
    this.#crew.shared.given++;
    this.#crew.clock.after(2500, () => {
      if (!this.isAlive || this.#isDeaf || this.fault === 'stuck') return;
      this.#helping.delete(lease);
      this.#crew.shared.done++;
      this.say({ type: 'share:ended', lease, id });
    });
  }

  #offer(): void {
    if (!this.#crew.shares || this.#given.size >= 2 * this.#helpers) return;
    const id = ++this.#lastShare;
    this.#given.add(id);
    this.say({ type: 'share:offer', id, share: { tarSizeBytes: 1, tarMtimeMs: 1, members: [] } });
  }

  breaks(fault: Fault): void {
    if (!this.isAlive) return;
    this.fault = fault;
    // Who waits cannot be stuck: it is with something of its own.
    if (this.lease && ['starting', 'idle', 'wait'].includes(this.#phase)) this.#phase = 'hash';
    if (!this.lease && fault !== 'die' && fault !== 'hang') this.fault = null;
    if (fault === 'die') this.#end('SIGSEGV', false);
  }

  /** The members that its hand file names, under a lease. */
  inHand(lease: Lease): number[] {
    if (this.#lastHand?.lease.tar !== lease.tar || this.#lastHand.lease.epoch !== lease.epoch) return [];
    return [this.#lastHand.offset];
  }

  #lastHand: { lease: Lease; offset: number } | null = null;

  say(event: WorkerEvent, lease: Lease | null = this.lease): void {
    if (this.isAlive) this.#listener.onMessage({ lease, event });
  }

  get #isDeaf(): boolean {
    return this.fault === 'hang' || this.fault === 'deaf';
  }

  #noteStop(what: string): void {
    if (this.fault === null && this.lease) this.stopsInHealth.push(what);
  }

  #leave(): void {
    if (!this.isAlive || this.#isDeaf) return;
    if (this.lease)
      this.say({
        type: 'tar:ended',
        name: this.lease.tar,
        result: 'stopped',
        doneBytes: 0,
        counts: noCounts(),
        failure: null,
      });
    this.#end('exit code 0', true);
  }

  #end(how: string, isClean: boolean): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    if (isClean) this.#lastHand = null;
    if (this.lease && this.#lastHand) {
      const member = `${this.lease.tar} ${String(this.#lastHand.offset)}`;
      this.#crew.endsIn.set(member, (this.#crew.endsIn.get(member) ?? 0) + 1);
    }
    this.lease = null;
    this.#crew.clock.isBusy = true;
    // What a process was doing when it ended is told by the system a moment later.
    this.#listener.onEnd({ how, isClean });
  }

  #second(): void {
    if (!this.isAlive) return;
    if (this.fault !== 'hang') {
      if (this.fault === 'leak') this.#memory += 50 * 1024 * 1024;
      if (this.fault === null || this.fault === 'leak') this.#work();
      this.say(
        {
          type: 'worker:health',
          phase: this.#isStopping ? 'stopping' : this.#phase,
          bytes: this.#bytes,
          members: this.#members,
          books: this.#books,
          memoryBytes: this.#memory,
          parallelUploads: 1,
        },
        this.lease,
      );
    }
    // It may have ended by what it said.
    this.#crew.clock.after(1000, () => {
      this.#second();
    });
  }

  #work(): void {
    const { lease } = this;
    if (!lease) {
      if (this.#phase !== 'starting') this.#phase = 'idle';
      return;
    }
    const tar = this.#tars.get(lease.tar)!;
    const done = this.#crew.done.get(lease.tar) ?? new Set();
    this.#crew.done.set(lease.tar, done);
    while (this.#member < tar.members.length && done.has(this.#member)) this.#member++;
    const member = tar.members[this.#member];
    if (!member) {
      this.#phase = 'wait';
      if (this.#given.size === 0) this.#tarEnds(lease, tar);
      return;
    }
    this.#offer();
    const offset = this.#member * memberBytes;
    if (this.#poison.has(offset)) {
      const aside = this.#crew.putAside.get(lease.tar) ?? [];
      this.#crew.putAside.set(lease.tar, [...aside, offset]);
      done.add(this.#member);
      this.#members++;
      return;
    }
    this.#lastHand = { lease, offset };
    this.#phase = member.phase;
    if (member.isPoison) {
      this.fault = 'die';
      this.#end('SIGSEGV', false);
      return;
    }
    if (member.moves === 'bytes') this.#bytes += 100;
    if (member.moves === 'members') this.#members++;
    this.#secondsInMember++;
    if (this.#secondsInMember < member.seconds) return;
    this.#secondsInMember = 0;
    this.#members++;
    this.#books++;
    done.add(this.#member);
  }

  #tarEnds(lease: Lease, tar: PlayedTar): void {
    this.lease = null;
    this.#lastHand = null;
    this.#phase = 'idle';
    const event = ended(tar.name, tar.members.length * memberBytes);
    this.say(event, lease);
    // Once more, under a lease that is over by now: a late word that must count nothing.
    this.say(event, lease);
  }
}

function ended(name: string, doneBytes: number): WorkerEvent {
  return { type: 'tar:ended', name, result: 'completed', doneBytes, counts: noCounts(), failure: null };
}
