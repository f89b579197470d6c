import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Archive, ArchiveMember } from '../../../src/engine/archive/archive.ts';
import { openArchive } from '../../../src/engine/archive/openArchive.ts';
import { ClaimTable } from '../../../src/engine/dedupe/claimTable.ts';
import type { Destination } from '../../../src/engine/destinations/destination.ts';
import { handFilePath, readHand } from '../../../src/engine/progress/handFile.ts';
import { WorkerProgress } from '../../../src/engine/progress/workerProgress.ts';
import { EngineLink } from '../../../src/engine/worker/engineLink.ts';
import { readBook } from '../../../src/engine/books/metadata/readBook.ts';
import { MetadataSource } from '../../../src/engine/worker/metadataSource.ts';
import { Patience } from '../../../src/engine/worker/patience.ts';
import { PatientDestination } from '../../../src/engine/worker/patientDestination.ts';
import { processTar, type TarOffer, type TarResult } from '../../../src/engine/worker/processTar.ts';
import type { IngestOptions } from '../../../src/protocol/ingestOptions.ts';
import { makeTar } from '../../support/gnuTar.ts';
import { useTempFolder } from '../../support/tempFolder.ts';
import { workerParts } from '../../support/workerParts.ts';

const books = 8;

for (const packing of ['plain', 'gzip'] as const)
  describe(`a tar with members to be suspected (${packing})`, () => {
    const folder = useTempFolder();
    const tar = (): string => join(folder(), 'a.tar');
    const state = (): string => join(folder(), 'state');
    const hand = async (): Promise<number[]> =>
      (await readHand(handFilePath(state(), 1)))?.offsets.map(offset => memberAt.get(offset) ?? -1) ?? [];
    /** Numbers of the members, by header offset. */
    let memberAt: Map<number, number>;
    let shelf: string[];
    /** Of what is read of any member: which, and what was in hand then. */
    let reads: { member: string; inHand: number[] }[];
    /** At each time that a book is stored. */
    let inHandAtStore: number[][];
    let retry: IngestOptions['retry'];
    let failures: string[];

    beforeEach(async () => {
      shelf = [];
      failures = [];
      retry = undefined;
      await mkdir(state());
      const files: Record<string, Buffer> = {};
      for (let n = 0; n < books; n++) files[nameOf(n)] = Buffer.from(`%PDF-1.4 ${String(n)}`.padEnd(600));
      await makeTar(tar(), 'gnu', files, packing === 'gzip' ? ['--gzip'] : []);
      memberAt = new Map(Array.from({ length: books }, (_, n) => [n * 1536, n]));
    });

    const offset = (n: number): number => n * 1536;

    async function runOnce(offer: Partial<TarOffer> = {}): Promise<TarResult> {
      reads = [];
      inHandAtStore = [];
      const table = new ClaimTable();
      const link: EngineLink = new EngineLink(event => {
        if (event.type === 'claim:request') link.onAnswer(event.id, table.claim(1, event.keys));
        else if (event.type === 'book:failed') failures.push(`${event.member} ${event.failure.code}`);
      });
      const destination: Destination = {
        id: 'test:1',
        async store(book) {
          inHandAtStore.push(await hand());
          shelf.push(book.member);
          return 'uploaded';
        },
        readKeys: () => Promise.resolve(null),
        close: () => undefined,
      };
      const stop = new AbortController();
      const patience = new Patience(stop.signal, {
        onWaiting: failure => assert.fail(failure.message),
        onResumed: () => undefined,
      });
      const progress = await WorkerProgress.load(state(), 1, message => assert.fail(message));
      const result = await processTar(
        { name: 'a.tar', folder: folder() },
        {
          options: {
            sourceFolders: [folder()],
            stateFolder: state(),
            workers: 1,
            batchSize: 100,
            parallelUploads: 4,
            mode: 'in-place',
            afterCompletion: 'keep',
            metadataReader: 'builtin',
            destination: { kind: 'library', folder: folder() },
            ...(retry ? { retry } : {}),
          },
          destination: await PatientDestination.open(() => Promise.resolve(destination), patience),
          progress,
          link,
          patience,
          metadata: new MetadataSource('builtin', message => assert.fail(message), readBook),
          stop: stop.signal,
          ...workerParts(state(), 4),
          openArchive: async (...args) => new WatchedArchive(await openArchive(...args), note),
        },
        { epoch: 3, resume: null, poison: [], suspects: [], ...offer },
      );
      assert.deepEqual([...progress.record.assignedTars], ['a.tar'], 'recorded as this worker’s');
      assert.deepEqual(await hand(), []);
      await progress.close();
      return result;
    }

    async function note(member: ArchiveMember): Promise<void> {
      reads.push({ member: member.name, inHand: await hand() });
    }

    it('has each member in hand while it is looked into, several at a time', async () => {
      const { result } = await runOnce();
      assert.equal(result, 'completed');
      assert.equal(shelf.length, books);
      for (const { member, inHand } of reads) assert.ok(inHand.includes(numberOf(member)));
      assert.ok(inHandAtStore.some(inHand => inHand.length > 1));
    });

    it('has one at a time in hand up to the last suspect, and several behind it', async () => {
      await runOnce({ suspects: [offset(1), offset(3)] });
      assert.equal(shelf.length, books);
      for (const { member, inHand } of reads) {
        const n = numberOf(member);
        if (n <= 3) assert.deepEqual(inHand, [n]);
      }
      assert.deepEqual(inHandAtStore.slice(0, 4), [[0], [1], [2], [3]]);
      assert.ok(inHandAtStore.slice(4).some(inHand => inHand.length > 1));
    });

    it('fails a member that ended two processes without a look at it, and takes its neighbours', async () => {
      for (const poisoned of [2, 3]) {
        shelf = [];
        failures = [];
        const again = poisoned === 3;
        if (again) await makeTar(tar(), 'gnu', namedBooks(), packing === 'gzip' ? ['--gzip'] : []);
        const { result, counts } = await runOnce({ poison: [offset(poisoned)] });
        assert.equal(result, 'completedWithErrors');
        const name = nameOf(poisoned);
        assert.deepEqual(failures, [`${name} POISON`]);
        assert.deepEqual([counts.found, counts.uploaded, counts.failed], [books, books - 1, 1]);
        assert.ok(!shelf.includes(name));
        assert.ok(!reads.some(({ member }) => member === name));
      }
    });

    it('is not tried again for it by a later run, but where that is asked for', async () => {
      await runOnce({ poison: [offset(2)] });
      failures = [];
      const second = await runOnce();
      assert.equal(second.result, 'completedWithErrors');
      assert.deepEqual([second.counts.uploaded, second.counts.failed], [books - 1, 1]);
      assert.equal(shelf.length, books - 1);
      assert.deepEqual(reads, []);
      retry = { tars: null, books: null };
      const third = await runOnce();
      assert.equal(third.result, 'completed');
      assert.deepEqual([third.counts.uploaded, third.counts.failed], [books, 0]);
      assert.deepEqual(failures, []);
      assert.ok(shelf.includes(nameOf(2)));
    });

    it('counts a member once that is put aside again after it was tried again', async () => {
      await runOnce({ poison: [offset(2)] });
      retry = { tars: null, books: null };
      const { result, counts } = await runOnce({ poison: [offset(2)] });
      assert.equal(result, 'completedWithErrors');
      assert.deepEqual([counts.found, counts.uploaded, counts.failed], [books, books - 1, 1]);
    });
  });

/** Every second one has no name that tells what it is. */
function nameOf(n: number): string {
  return n % 2 === 0 ? `b${String(n)}.txt` : `b${String(n)}`;
}

function numberOf(name: string): number {
  return Number.parseInt(name.slice(1), 10);
}

/** Other bytes and another time, so that it is another tar. */
function namedBooks(): Record<string, Buffer> {
  const files: Record<string, Buffer> = {};
  for (let n = 0; n < books; n++) files[nameOf(n)] = Buffer.from(`%PDF-1.4 other ${String(n)}`.padEnd(600));
  return files;
}

/** Tells of each read of a body. */
class WatchedArchive implements Archive {
  readonly #inner: Archive;
  readonly #onRead: (member: ArchiveMember) => Promise<void>;

  constructor(inner: Archive, onRead: (member: ArchiveMember) => Promise<void>) {
    this.#inner = inner;
    this.#onRead = onRead;
  }

  get identity(): Archive['identity'] {
    return this.#inner.identity;
  }

  get readsInPlace(): boolean {
    return this.#inner.readsInPlace;
  }

  async *members(options?: Parameters<Archive['members']>[0]): ReturnType<Archive['members']> {
    for await (const member of this.#inner.members(options)) yield this.#watched(member);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #watched(member: ArchiveMember): ArchiveMember {
    const { name, headerOffset, bodyOffset, sizeBytes, endOffset, kind, reason } = member;
    return {
      ...{ name, headerOffset, bodyOffset, sizeBytes, endOffset, kind, reason },
      filePosition: member.filePosition,
      fileBytes: member.fileBytes,
      read: async (position, length) => {
        await this.#onRead(member);
        return member.read(position, length);
      },
      chunks: () => member.chunks(),
      keep: async () => {
        await this.#onRead(member);
        await member.keep();
      },
      release: () => member.release(),
    };
  }
}
