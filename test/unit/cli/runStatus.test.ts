import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { jsonStatus, renderStatus } from '../../../src/cli/statusText.ts';
import { paintPlain } from '../../../src/cli/terminalText.ts';
import { readRunStatus, type RunStatus } from '../../../src/client/runStatus.ts';
import type { HistoryEntry } from '../../../src/protocol/history.ts';
import { noCounts, type RunSnapshot } from '../../../src/protocol/snapshot.ts';
import type { StatusFile } from '../../../src/protocol/statusFile.ts';
import { useTempFolder } from '../../support/tempFolder.ts';
import { runState, tarState, workerState } from './states.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
/** Above what any system gives out. */
const deadPid = 2 ** 30;
const failure = { code: 'TAR_DAMAGED', message: 'b.tar: cut off at byte 512.' } as const;

const snapshot: RunSnapshot = {
  sequence: 1,
  run: runState({ counts: { ...noCounts(), found: 30, uploaded: 20, failed: 4 } }),
  tars: [
    tarState('a.tar', { phase: 'completed' }),
    tarState('b.tar', { phase: 'failed', failure, worker: 2 }),
    tarState('c.tar', { phase: 'completedWithErrors', worker: 2, counts: { ...noCounts(), failed: 4 } }),
    tarState('d.tar', { phase: 'running', doneBytes: 420_000_000, worker: 1 }),
  ],
  workers: [
    workerState(1, { currentTar: 'd.tar', bytesPerSecond: 12_000_000 }),
    workerState(2, { phase: 'idle' }),
  ],
  options: null,
  history: [],
};

describe('status of a state folder', () => {
  const folder = useTempFolder();

  async function left(change: Partial<StatusFile>): Promise<RunStatus> {
    const file: StatusFile = {
      version: 1,
      pid: process.pid,
      host: hostname(),
      startedAt: '2026-03-01T11:00:00.000Z',
      savedAt: '2026-03-01T11:59:57.000Z',
      snapshot,
      ...change,
    };
    await writeFile(join(folder(), 'status.json'), JSON.stringify(file));
    return await readRunStatus(folder(), now);
  }
  const text = (status: RunStatus): string[] => {
    assert.ok(status.kind !== 'nothing');
    return renderStatus(status, '/state', paintPlain, now);
  };

  it('says of a running engine how far it is, what each worker does, and what failed', async () => {
    assert.deepEqual(text(await left({})), [
      `Running, pid ${String(process.pid)}, saved 3 s ago.`,
      '  Tars      1 of 4 completed, 2 failed; 25 % of 4 GB',
      '  Books     30 found: 20 uploaded, 0 already there, 4 failed',
      '  Rate      25 MB/s, 2 min left',
      '  From      /tars',
      '  Worker 1  upload d.tar, 42 %, 12 MB/s',
      '  Worker 2  idle',
      '',
      '2 failed tars:',
      '  b.tar: cut off at byte 512.',
      '  c.tar: 4 books failed; "tarshelf logs 2" has the reasons',
    ]);
  });

  it('says why workers stand still, and what supervision did last', async () => {
    const entry = (minutes: number, kind: HistoryEntry['kind'], message: string): HistoryEntry => ({
      ...{ at: new Date(now - minutes * 60_000).toISOString(), worker: 1, tar: null },
      ...{ kind, message },
    });
    const status = await left({
      snapshot: {
        ...snapshot,
        workers: [
          workerState(1, { currentTar: 'd.tar', health: 'stuck', note: 'nothing moves', restarts: 1 }),
          workerState(2, { currentTar: 'd.tar', health: 'slow', bytesPerSecond: 1000 }),
          workerState(3, { phase: 'paused', note: 'it died too often' }),
          workerState(4, { phase: 'wait', note: 'the disk is full' }),
        ],
        history: [
          entry(90, 'died', 'too old to be listed'),
          ...[1, 2, 3].map(n => entry(60 + n, 'restarted', `${String(n)} of 3`)),
          entry(12, 'paused', 'Worker 3 is paused: it died too often.\u001b[2J'),
          entry(5, 'stuck', 'Worker 1 is stuck.'),
          entry(1, 'engine', 'The engine began.'),
        ],
      },
    });
    const lines = text(status);
    assert.deepEqual(
      lines.filter(line => line.startsWith('  Worker')),
      [
        '  Worker 1  stuck d.tar, 42 % (started again 1 time): nothing moves',
        '  Worker 2  upload d.tar, 42 %, 1 kB/s, slow',
        '  Worker 3  paused: it died too often',
        '  Worker 4  waiting: the disk is full',
      ],
    );
    assert.deepEqual(lines.slice(lines.indexOf('Supervision:')), [
      'Supervision:',
      '  1 h 1 min ago  1 of 3',
      '  1 h 2 min ago  2 of 3',
      '  1 h 3 min ago  3 of 3',
      '  12 min ago     Worker 3 is paused: it died too often.\ufffd[2J',
      '  5 min ago      Worker 1 is stuck.',
    ]);
    assert.equal((jsonStatus(status as never, '/state') as { history: unknown[] }).history.length, 7);
  });

  it('says that an engine died whose pid is gone, and shows no rate of it', async () => {
    const status = await left({ pid: deadPid });
    assert.equal(status.kind, 'died');
    const lines = text(status);
    assert.match(lines[0]!, /^The engine died: pid \d+ is gone, saved 3 s ago\..* run the same ingest again/);
    assert.ok(lines.includes('  Worker 1  was at d.tar, 42 %'));
    assert.doesNotMatch(lines.join('\n'), /MB\/s/);
    assert.equal((jsonStatus(status as never, '/state') as { bytesPerSecond: number }).bytesPerSecond, 0);
  });

  it('goes by the last save where the pid is of another machine', async () => {
    assert.equal((await left({ host: 'elsewhere', pid: deadPid })).kind, 'running');
    const savedAt = '2026-03-01T11:50:00.000Z';
    assert.equal((await left({ host: 'elsewhere', savedAt })).kind, 'died');
  });

  it('does not call an engine well that has been silent for long', async () => {
    const status = await left({ savedAt: '2026-03-01T11:50:00.000Z' });
    assert.match(text(status)[0]!, /^Running, but silent: saved 10 min ago/);
  });

  it('says how a run ended, though its pid is another process now', async () => {
    const status = await left({
      endedAt: '2026-03-01T11:59:57.000Z',
      snapshot: { ...snapshot, run: runState({ phase: 'stopped' }) },
    });
    assert.equal(status.kind, 'ended');
    assert.deepEqual(text(status).slice(0, 2), [
      'Ended 3 s ago.',
      'Stopped: 1 of 4 tars completed, 1 with failed books, 1 failed, 1 not finished.',
    ]);
  });

  it('sums up progress files of the Python system where no engine left its state', async () => {
    const progress = (worker: number, file: object): Promise<void> =>
      writeFile(join(folder(), `migration_progress_worker${String(worker)}.json`), JSON.stringify(file));
    await progress(1, { completed_tars: ['a.tar', 'c.tar'], completed_files: { aa: {}, bb: {} } });
    await progress(10, {
      completed_tars: ['b.tar'],
      current_tar: 'e.tar',
      completed_files: { bb: {}, cc: {} },
      tar_progress: {
        'd.tar': { status: 'failed', error_message: 'timeout' },
        'a.tar': { status: 'failed' },
      },
    });
    await writeFile(join(folder(), 'migration_progress_worker2.json'), '{"completed');
    await writeFile(join(folder(), 'migration_journal_worker1.jsonl'), '{}\n{}\n');
    await writeFile(join(folder(), 'status.json'), '{"version":9}');
    assert.deepEqual(text(await readRunStatus(folder(), now)), [
      'No engine has left its state in /state; this is what the progress files record.',
      '  In all    3 tars completed, 3 books on the shelf',
      '  Worker 1  2 tars completed',
      '  Worker 10 1 tar completed; at e.tar',
      '  migration_progress_worker2.json could not be read.',
      '',
      '1 failed tar:',
      '  d.tar: timeout',
    ]);
  });

  it('is nothing for an empty folder and for none', async () => {
    assert.equal((await readRunStatus(folder(), now)).kind, 'nothing');
    assert.equal((await readRunStatus(join(folder(), 'none'), now)).kind, 'nothing');
  });
});
