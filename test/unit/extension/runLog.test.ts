import assert from 'node:assert/strict';
import { Emitter } from '../../../src/client/emitter.ts';
import type { EngineEvent } from '../../../src/protocol/clientMessages.ts';
import { noCounts } from '../../../src/protocol/snapshot.ts';
import { RunLog } from '../../../src/views/runLog.ts';
import { runState, tarState } from './sampleStates.ts';

function written(): { lines: string[]; tell: (event: EngineEvent) => void; log: RunLog } {
  const lines: string[] = [];
  const write = (level: string) => (message: string) => {
    lines.push(`${level} ${message}`);
  };
  const events = new Emitter<EngineEvent>();
  const log = new RunLog(listener => events.on(listener), {
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  });
  return {
    lines,
    tell: event => {
      events.emit(event);
    },
    log,
  };
}

describe('RunLog', () => {
  it('writes the end of a tar once, though its state comes often', () => {
    const { lines, tell } = written();
    const done = tarState({ phase: 'completed', counts: { ...noCounts(), found: 2, uploaded: 2 } });
    tell({ type: 'tar:changed', sequence: 1, tar: tarState({ phase: 'running' }) });
    tell({ type: 'tar:changed', sequence: 2, tar: done });
    tell({ type: 'tar:changed', sequence: 3, tar: done });
    assert.deepEqual(lines, ['info books-1.tar: completed · 2 books']);
  });

  it('writes nothing of tars that were done before the run', () => {
    const { lines, tell } = written();
    const earlier = tarState({ phase: 'completed', earlier: true });
    tell({ type: 'tar:changed', sequence: 1, tar: earlier });
    const snapshot = {
      sequence: 1,
      run: runState({ phase: 'starting' }),
      tars: [earlier],
      workers: [],
      options: null,
      history: [],
    };
    tell({ type: 'snapshot', sequence: 1, snapshot });
    tell({ type: 'tar:changed', sequence: 2, tar: earlier });
    assert.deepEqual(lines, []);
  });

  it('writes from a snapshot what ended in events that were missed', () => {
    const { lines, tell } = written();
    tell({ type: 'tar:changed', sequence: 1, tar: tarState({ phase: 'running' }) });
    const tars = [tarState({ phase: 'completed' })];
    tell({
      type: 'snapshot',
      sequence: 9,
      snapshot: {
        sequence: 9,
        run: runState({ phase: 'starting' }),
        tars,
        workers: [],
        options: null,
        history: [],
      },
    });
    assert.deepEqual(lines, ['info books-1.tar: completed · no books']);
  });

  it('writes what failed, with its code', () => {
    const { lines, tell } = written();
    const failure = { code: 'TAR_DAMAGED', message: 'It ends at byte 512.' } as const;
    tell({ type: 'tar:changed', sequence: 1, tar: tarState({ phase: 'failed', failure }) });
    tell({
      type: 'book:failed',
      sequence: 2,
      tar: 'books-1.tar',
      member: 'a.epub',
      failure: { code: 'UPLOAD_FAILED', message: 'No answer.' },
    });
    tell({ type: 'notice', sequence: 3, message: 'A progress file was kept aside.' });
    assert.deepEqual(lines, [
      'error books-1.tar: failed: It ends at byte 512. [TAR_DAMAGED] (no books)',
      'warn books-1.tar: a.epub: No answer. [UPLOAD_FAILED]',
      'warn A progress file was kept aside.',
    ]);
  });

  it('writes the course of a run, and of the next one', () => {
    const { lines, tell } = written();
    const summary = {
      tars: { total: 12, completed: 11, failed: 1 },
      books: { found: 400, uploaded: 340, duplicates: 58, failed: 2 },
      skipped: 7,
      bytes: 3_000_000_000,
      seconds: 300,
    };
    for (let sequence = 0; sequence < 8; sequence += 4) {
      tell({ type: 'run:changed', sequence, run: runState({ phase: 'running' }) });
      tell({ type: 'run:changed', sequence: sequence + 1, run: runState({ phase: 'running' }) });
      tell({ type: 'run:changed', sequence: sequence + 2, run: runState({ phase: 'finished', summary }) });
    }
    const once = [
      'info Reading 3 GB of tars in /tars; state is kept in /state.',
      'info Finished after 5 min: 11 of 12 tars done, 1 incomplete; 340 new books, 58 duplicates, 2 failed; 7 other files skipped.',
    ];
    assert.deepEqual(lines, [...once, ...once]);
  });

  it('puts the pieces of the engine’s standard error together to lines', () => {
    const { lines, log } = written();
    log.stderr('first li');
    log.stderr('ne\nsecond line\n\nthi');
    assert.deepEqual(lines, ['error engine: first line', 'error engine: second line']);
  });
});
