import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Archive, ArchiveMember } from '../../../src/engine/archive/archive.ts';
import { openArchive } from '../../../src/engine/archive/openArchive.ts';
import { ClaimTable } from '../../../src/engine/dedupe/claimTable.ts';
import type { Destination } from '../../../src/engine/destinations/destination.ts';
import { WorkerProgress } from '../../../src/engine/progress/workerProgress.ts';
import { EngineLink } from '../../../src/engine/worker/engineLink.ts';
import { readMetadata } from '../../../src/engine/books/metadata/readMetadata.ts';
import { MetadataSource } from '../../../src/engine/worker/metadataSource.ts';
import { Patience } from '../../../src/engine/worker/patience.ts';
import { PatientDestination } from '../../../src/engine/worker/patientDestination.ts';
import { processTar, type TarResult } from '../../../src/engine/worker/processTar.ts';
import { keyText, type BookKey } from '../../../src/protocol/bookKey.ts';
import type { IngestOptions } from '../../../src/protocol/ingestOptions.ts';
import type { BookCounts } from '../../../src/protocol/snapshot.ts';
import type { WorkerEvent } from '../../../src/protocol/workerMessages.ts';
import { makeTar } from '../../support/gnuTar.ts';
import { useTempFolder } from '../../support/tempFolder.ts';
import { settleAll, workerParts } from '../../support/workerParts.ts';

const books = 10;
/** Too large to be kept: it is read a second time while it is stored. */
const largeBytes = 33 * 1024 * 1024;

type Step = Extract<WorkerEvent, { type: 'tar:progress' }>;
type Fault = (at: 'header' | 'read' | 'chunks' | 'keep', member: string) => Promise<void>;

/** A tar whose disk may fail at any of its reads. */
class FaultyArchive implements Archive {
  readonly #inner: Archive;
  readonly #fault: Fault;

  constructor(inner: Archive, fault: Fault) {
    this.#inner = inner;
    this.#fault = fault;
  }

  get identity(): Archive['identity'] {
    return this.#inner.identity;
  }

  get readsInPlace(): boolean {
    return this.#inner.readsInPlace;
  }

  async *members(options?: Parameters<Archive['members']>[0]): ReturnType<Archive['members']> {
    for await (const member of this.#inner.members(options)) {
      await this.#fault('header', member.name);
      yield this.#faulty(member);
    }
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #faulty(member: ArchiveMember): ArchiveMember {
    const fault = this.#fault;
    const { name, headerOffset, bodyOffset, sizeBytes, endOffset, kind, reason } = member;
    return {
      ...{ name, headerOffset, bodyOffset, sizeBytes, endOffset, kind, reason },
      filePosition: member.filePosition,
      fileBytes: member.fileBytes,
      async read(position, length) {
        await fault('read', name);
        return member.read(position, length);
      },
      async *chunks() {
        await fault('chunks', name);
        yield* member.chunks();
      },
      async keep() {
        await fault('keep', name);
        await member.keep();
      },
      release: () => member.release(),
    };
  }
}

function ioError(): Error {
  return Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
}

describe('a tar whose disk fails while it is read', () => {
  const folder = useTempFolder();
  const source = (): string => join(folder(), 'tars');
  const tar = (): string => join(source(), 'a.tar');
  const extractions = (): string => join(folder(), 'state', 'tar_extraction_temp');
  const shelf = new Set<string>();
  let table: ClaimTable;
  let stop: AbortController;
  let fault: Fault;
  let whileWaiting: () => Promise<void>;
  let told: string[];
  let waits: number;
  let failedBooks: string[];
  let opened: number;
  let closed: number;
  let mode: IngestOptions['mode'];
  let steps: Step[];

  beforeEach(async () => {
    shelf.clear();
    table = new ClaimTable();
    stop = new AbortController();
    fault = () => Promise.resolve();
    whileWaiting = () => Promise.resolve();
    told = [];
    failedBooks = [];
    waits = opened = closed = 0;
    mode = 'in-place';
    steps = [];
    await mkdir(join(folder(), 'state'));
    await mkdir(source());
    await makeTar(tar(), 'gnu', tenBooks());
  });

  async function run(): Promise<TarResult> {
    const link: EngineLink = new EngineLink(event => {
      if (event.type === 'claim:request') link.onAnswer(event.id, table.claim(1, event.keys));
      else if (event.type === 'claim:outcomes') {
        for (const settled of settleAll(table, 1, event)) link.onSettled(settled.key, settled.verdict);
      } else if (event.type === 'tar:progress') steps.push(event);
      else if (event.type === 'book:failed') failedBooks.push(`${event.member} ${event.failure.code}`);
    });
    const destination: Destination = {
      id: 'test:1',
      async store(book) {
        const digest = createHash('sha1');
        for await (const chunk of book.body()) digest.update(chunk);
        assert.equal(digest.digest('hex'), book.key.sha1);
        assert.ok(!shelf.has(keyText(book.key)), 'stored once');
        shelf.add(keyText(book.key));
        return 'uploaded';
      },
      readKeys: () => Promise.resolve(null),
      close: () => undefined,
    };
    const progress = await WorkerProgress.load(join(folder(), 'state'), 1, message => assert.fail(message));
    let waited: Promise<void> = Promise.resolve();
    const patience = new Patience(stop.signal, {
      onWaiting: failure => {
        waits++;
        told.push(failure.message);
        waited = whileWaiting();
      },
      onResumed: () => told.push('resumed'),
    });
    const result = await processTar(
      { name: 'a.tar', folder: source() },
      {
        options: {
          sourceFolders: [source()],
          stateFolder: join(folder(), 'state'),
          workers: 1,
          batchSize: 3,
          parallelUploads: 2,
          mode,
          afterCompletion: 'keep',
          metadataReader: 'builtin',
          destination: { kind: 'library', folder: folder() },
        },
        destination: await PatientDestination.open(() => Promise.resolve(destination), patience),
        progress,
        link,
        patience,
        metadata: new MetadataSource('builtin', message => assert.fail(message), readMetadata),
        stop: stop.signal,
        ...workerParts(join(folder(), 'state'), 2),
        openArchive: async (path, spoolFolder) => {
          const inner = await openArchive(path, spoolFolder);
          opened++;
          const archive = new FaultyArchive(inner, (at, member) => fault(at, member));
          archive.close = async () => {
            closed++;
            await inner.close();
          };
          return archive;
        },
      },
    );
    await waited;
    await progress.close();
    assert.equal(closed, opened, 'every tar that was opened is closed');
    return result;
  }

  const unplug = (): Promise<void> => rename(source(), join(folder(), 'unplugged'));
  const plugIn = (): Promise<void> => rename(join(folder(), 'unplugged'), source());

  /** The disk is unplugged at the `nth` read of this kind, and comes back as soon as that was told. */
  function unplugAt(at: Parameters<Fault>[0], member: string, nth = 1): void {
    let reads = 0;
    fault = async (where, name) => {
      if (where !== at || name !== member || ++reads !== nth) return;
      await unplug();
      throw ioError();
    };
    whileWaiting = plugIn;
  }

  function assertEveryBookOnce({ result, counts }: TarResult, expected: Partial<BookCounts> = {}): void {
    assert.equal(result, 'completed');
    assert.equal(shelf.size, books);
    const duplicates = { own: 0, others: 0, destination: 0 };
    assert.deepEqual(counts, {
      ...{ found: books, uploaded: books, duplicates, failed: 0, skipped: 0 },
      ...expected,
    });
    assert.deepEqual(failedBooks, []);
    // For each extraction once more.
    assert.equal(opened, mode === 'extract' ? 4 : 2);
    assert.equal(waits, 1);
    assert.match(told[0] ?? '', /cannot be read for now/);
    assert.equal(told[1], 'resumed');
  }

  it('is waited for when it is unplugged while headers are read, and gone on with', async () => {
    unplugAt('header', '7.txt');
    assertEveryBookOnce(await run());
  });

  it('is waited for when it is unplugged inside a body, and gone on with', async () => {
    unplugAt('read', '4.txt');
    assertEveryBookOnce(await run());
  });

  it('is not asked for all other books when it was found gone, each of which may take a minute to fail', async () => {
    let isGone = false;
    let failedReads = 0;
    fault = async at => {
      if (at !== 'read') return;
      if (!isGone && failedReads === 0) {
        isGone = true;
        await unplug();
      }
      if (!isGone) return;
      failedReads++;
      throw ioError();
    };
    whileWaiting = async () => {
      isGone = false;
      await plugIn();
    };
    assertEveryBookOnce(await run());
    assert.ok(failedReads <= 3, `${String(failedReads)} reads`);
  });

  describe('and is compressed', () => {
    beforeEach(async () => {
      await makeTar(tar(), 'gnu', tenBooks(), ['--gzip']);
    });

    it('is waited for when it is unplugged while a body passes by, and gone on with', async () => {
      unplugAt('keep', '7.txt');
      assertEveryBookOnce(await run());
    });

    it('is waited for when it is unplugged while it is extracted, and gone on with', async () => {
      mode = 'extract';
      unplugAt('chunks', '7.txt');
      assertEveryBookOnce(await run());
      assert.deepEqual(await readdir(extractions()), []);
    });
  });

  describe('and is extracted', () => {
    beforeEach(() => {
      mode = 'extract';
    });

    for (const [at, member] of [
      ['header', '0.txt'],
      ['header', '7.txt'],
      ['chunks', '4.txt'],
    ] as const)
      it(`is waited for when it is unplugged at the ${at} of ${member}, and extracted further`, async () => {
        unplugAt(at, member);
        assertEveryBookOnce(await run());
        assert.deepEqual(await readdir(extractions()), []);
      });

    it('tells how far it is extracted, and counts as done only what has its outcome', async () => {
      // Longer than between two reports.
      fault = at => (at === 'header' ? sleep(150) : Promise.resolve());
      const { doneBytes } = await run();
      const extracting = steps.filter(step => step.phase === 'extract');
      assert.ok(extracting.length >= 2);
      assert.ok(extracting.every(step => step.doneBytes === 0 && step.extraction !== null));
      const files = extracting.map(step => step.extraction?.files ?? -1);
      assert.deepEqual(
        files,
        files.toSorted((a, b) => a - b),
      );
      const reading = steps.slice(steps.findIndex(step => step.doneBytes > 0));
      assert.ok(reading.length >= 2);
      assert.ok(reading.every(step => step.extraction === null));
      const done = [...steps.map(step => step.doneBytes), doneBytes];
      assert.deepEqual(
        done,
        done.toSorted((a, b) => a - b),
      );
    }).timeout(10_000);

    it('is extracted anew when another tar has its name by then', async () => {
      unplugAt('chunks', '7.txt');
      whileWaiting = async () => {
        await plugIn();
        await utimes(tar(), new Date(), new Date(2001, 1));
      };
      assertEveryBookOnce(await run());
    });

    it('is left for the next run, with what is extracted, when the stop comes while it is waited for', async () => {
      unplugAt('chunks', '7.txt');
      whileWaiting = () => {
        stop.abort();
        return Promise.resolve();
      };
      const { result, counts } = await run();
      assert.equal(result, 'stopped');
      assert.equal(counts.found, 0);
      assert.equal((await readdir(extractions())).length, 1);
      await plugIn();
      stop = new AbortController();
      fault = () => Promise.resolve();
      assert.equal((await run()).result, 'completed');
      assert.equal(shelf.size, books);
    });

    it('fails where it cannot be read while the disk is there', async () => {
      fault = (at, member) =>
        at === 'chunks' && member === '4.txt' ? Promise.reject(ioError()) : Promise.resolve();
      const { result, failure } = await run();
      assert.equal(result, 'failed');
      assert.equal(failure?.code, 'TAR_NOT_READABLE');
      assert.equal(waits, 0);
    });
  });

  it('is waited for when it is unplugged while a large book is stored, whose claim is given back', async () => {
    const large = Buffer.alloc(largeBytes, 'a large book. ');
    const files: Record<string, Buffer> = { 'large.txt': large };
    for (let n = 1; n < books; n++) files[`${String(n)}.txt`] = bookBytes(n);
    await makeTar(tar(), 'gnu', files);
    unplugAt('chunks', 'large.txt', 2);
    const key: BookKey = { sha1: createHash('sha1').update(large).digest('hex'), sizeBytes: largeBytes };
    whileWaiting = async () => {
      assert.deepEqual(table.claim(2, [key]), [{ kind: 'claimed' }]);
      table.settle(2, key, 'failed');
      await plugIn();
    };
    const result = await run();
    const { own } = result.counts.duplicates;
    // What of the batch was stored before is met again.
    assertEveryBookOnce(result, {
      uploaded: books - own,
      duplicates: { own, others: 0, destination: 0 },
    });
    assert.ok(own <= 2);
  }).timeout(20_000);

  it('is begun anew when another tar has its name by then', async () => {
    unplugAt('header', '7.txt');
    whileWaiting = async () => {
      await plugIn();
      await utimes(tar(), new Date(), new Date(2001, 1));
    };
    const six = { own: 6, others: 0, destination: 0 };
    assertEveryBookOnce(await run(), { uploaded: books - 6, duplicates: six });
  });

  it('is left for the next run when the stop comes while it is waited for', async () => {
    unplugAt('header', '7.txt');
    whileWaiting = () => {
      stop.abort();
      return Promise.resolve();
    };
    const { result, counts } = await run();
    assert.equal(result, 'stopped');
    assert.deepEqual([counts.found, counts.uploaded, counts.failed], [6, 6, 0]);
    await plugIn();
    stop = new AbortController();
    fault = () => Promise.resolve();
    const next = await run();
    assert.equal(next.result, 'completed');
    assert.deepEqual([next.counts.found, next.counts.uploaded], [books, books]);
  });

  it('fails just the book that cannot be read while the disk is there', async () => {
    fault = (at, member) =>
      at === 'read' && member === '4.txt' ? Promise.reject(ioError()) : Promise.resolve();
    const { result, counts } = await run();
    assert.equal(result, 'completedWithErrors');
    assert.deepEqual([counts.found, counts.uploaded, counts.failed], [books, books - 1, 1]);
    assert.deepEqual(failedBooks, ['4.txt BOOK_NOT_READABLE']);
    assert.equal(waits, 0);
  });

  it('fails where its headers cannot be read, once the books before that are stored', async () => {
    fault = (at, member) =>
      at === 'header' && member === '8.txt' ? Promise.reject(ioError()) : Promise.resolve();
    const { result, counts, failure } = await run();
    assert.equal(result, 'failed');
    assert.equal(failure?.code, 'TAR_NOT_READABLE');
    assert.deepEqual([counts.found, counts.uploaded, counts.failed], [8, 8, 0]);
    assert.equal(shelf.size, 8);
    assert.equal(waits, 0);
  });
});

function tenBooks(): Record<string, Buffer> {
  return Object.fromEntries(Array.from({ length: books }, (_, n) => [`${String(n)}.txt`, bookBytes(n)]));
}

function bookBytes(n: number): Buffer {
  return Buffer.from(`book ${String(n)}`.padEnd(700, '.'));
}
