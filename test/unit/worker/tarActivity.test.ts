import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Destination } from '../../../src/engine/destinations/destination.ts';
import { WorkerProgress } from '../../../src/engine/progress/workerProgress.ts';
import { Activity } from '../../../src/engine/worker/activity.ts';
import { EngineLink } from '../../../src/engine/worker/engineLink.ts';
import { readBook } from '../../../src/engine/books/metadata/readBook.ts';
import { MetadataSource } from '../../../src/engine/worker/metadataSource.ts';
import { Patience } from '../../../src/engine/worker/patience.ts';
import { PatientDestination } from '../../../src/engine/worker/patientDestination.ts';
import { processTar, type TarResult } from '../../../src/engine/worker/processTar.ts';
import type { BookKey } from '../../../src/protocol/bookKey.ts';
import type { Verdict } from '../../../src/protocol/workerMessages.ts';
import { makeTar } from '../../support/gnuTar.ts';
import { useTempFolder } from '../../support/tempFolder.ts';
import { workerParts } from '../../support/workerParts.ts';

const books = 20;
const bodyBytes = 5000;

describe('what a worker is about with a tar', () => {
  const folder = useTempFolder();
  let activity: Activity;
  let link: EngineLink;
  let verdict: Verdict;
  let onAnswered: () => void;
  let store: Destination['store'];
  let abandon: AbortController;

  beforeEach(async () => {
    activity = new Activity();
    abandon = new AbortController();
    verdict = { kind: 'claimed' };
    onAnswered = () => undefined;
    store = async book => {
      for await (const piece of book.body()) {
        assert.ok(piece.length > 0);
        assert.equal(activity.phase, 'upload');
      }
      return 'uploaded';
    };
    await mkdir(join(folder(), 'state'));
    const files: Record<string, Buffer> = { 'cover.jpg': Buffer.from('no book') };
    for (let n = 0; n < books; n++) files[`b${String(n)}.txt`] = body(n);
    await makeTar(join(folder(), 'a.tar'), 'gnu', files);
    link = new EngineLink(event => {
      if (event.type !== 'claim:request') return;
      const verdicts = event.keys.map(() => verdict);
      link.onAnswer(event.id, verdicts);
      if (event.keys.length > 0) setImmediate(onAnswered);
    });
  });

  async function takeTar(): Promise<{ result: TarResult }> {
    const stop = new AbortController();
    abandon.signal.addEventListener('abort', () => {
      stop.abort();
    });
    const patience = new Patience(stop.signal, {
      onWaiting: failure => assert.fail(failure.message),
      onResumed: () => undefined,
    });
    const progress = await WorkerProgress.load(join(folder(), 'state'), 1, message => assert.fail(message));
    const destination: Destination = {
      ...{ id: 'test:1', store: (book, signal) => store(book, signal) },
      readKeys: () => Promise.resolve(null),
      close: () => undefined,
    };
    const result = await processTar(
      { name: 'a.tar', folder: folder() },
      {
        options: {
          ...{ sourceFolders: [folder()], stateFolder: join(folder(), 'state'), workers: 1, batchSize: 1000 },
          ...{ parallelUploads: 1, mode: 'in-place', afterCompletion: 'keep', metadataReader: 'builtin' },
          destination: { kind: 'library', folder: folder() },
        },
        destination: await PatientDestination.open(() => Promise.resolve(destination), patience),
        ...{ progress, link, patience, stop: stop.signal },
        metadata: new MetadataSource('builtin', message => assert.fail(message), readBook),
        ...workerParts(join(folder(), 'state')),
        ...{ activity, abandon: abandon.signal },
      },
    );
    await progress.close();
    return { result };
  }

  it('is counted as it comes: bytes twice, as they are read and as they are handed over', async () => {
    const { result } = await takeTar();
    assert.equal(result.counts.uploaded, books);
    assert.equal(activity.members, books + 1);
    assert.equal(activity.books, books);
    assert.ok(activity.bytes >= 2 * books * bodyBytes);
    assert.equal(activity.doing, 'index');
  });

  it('is counted also where all of it is there already', async () => {
    verdict = { kind: 'duplicate', layer: 'others' };
    await takeTar();
    assert.equal(activity.books, books);
    assert.ok(activity.bytes >= books * bodyBytes);
  });

  it('is to wait where all that is left are uploads of other workers', async () => {
    verdict = { kind: 'pending' };
    const phases: string[] = [];
    onAnswered = () => {
      const key = (n: number): BookKey => ({
        sha1: createHash('sha1').update(body(n)).digest('hex'),
        sizeBytes: bodyBytes,
      });
      link.onSettled(key(0), { kind: 'duplicate', layer: 'others' });
      setImmediate(() => {
        phases.push(activity.phase);
        for (let n = 1; n < books; n++) link.onSettled(key(n), { kind: 'duplicate', layer: 'others' });
      });
    };
    const { result } = await takeTar();
    assert.deepEqual(phases, ['wait']);
    assert.equal(result.counts.duplicates.others, books);
  });

  it('gives the book no outcome that was cut off', async () => {
    let stored = 0;
    store = (_, signal) => {
      if (++stored < 3) return Promise.resolve('uploaded');
      return new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => {
          // Whatever a destination makes of it.
          reject(new Error('the connection was closed'));
        });
        setImmediate(() => {
          abandon.abort();
        });
      });
    };
    const { result } = await takeTar();
    assert.equal(result.result, 'stopped');
    assert.deepEqual([result.counts.uploaded, result.counts.failed], [2, 0]);
    assert.equal(activity.books, 2);
  });
});

function body(n: number): Buffer {
  return Buffer.from(`book ${String(n)}`.padEnd(bodyBytes, '.'));
}
