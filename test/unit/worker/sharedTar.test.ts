import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClaimTable } from '../../../src/engine/dedupe/claimTable.ts';
import type { Destination } from '../../../src/engine/destinations/destination.ts';
import { handFilePath, readHand } from '../../../src/engine/progress/handFile.ts';
import { peekProgress, WorkerProgress } from '../../../src/engine/progress/workerProgress.ts';
import { EngineLink } from '../../../src/engine/worker/engineLink.ts';
import { Helper } from '../../../src/engine/worker/helper.ts';
import { readBook } from '../../../src/engine/books/metadata/readBook.ts';
import { MetadataSource } from '../../../src/engine/worker/metadataSource.ts';
import { Patience } from '../../../src/engine/worker/patience.ts';
import { PatientDestination } from '../../../src/engine/worker/patientDestination.ts';
import { processTar, type TarOffer, type TarResult } from '../../../src/engine/worker/processTar.ts';
import type { WorkerContext } from '../../../src/engine/worker/workerContext.ts';
import { keyText, type BookKey } from '../../../src/protocol/bookKey.ts';
import type { IngestOptions } from '../../../src/protocol/ingestOptions.ts';
import { totalDuplicates } from '../../../src/protocol/snapshot.ts';
import type { Share, WorkerEvent } from '../../../src/protocol/workerMessages.ts';
import { makeTar } from '../../support/gnuTar.ts';
import { useTempFolder } from '../../support/tempFolder.ts';
import { settleAll, workerParts } from '../../support/workerParts.ts';

const books = 30;
const lease = { tar: 'a.tar', epoch: 7 };

type Said<T extends WorkerEvent['type']> = Extract<WorkerEvent, { type: T }>;

describe('a tar that is shared', () => {
  const folder = useTempFolder();
  const state = (): string => join(folder(), 'state');
  let shelf: Map<string, string>;
  let storedBy: { holder: string[]; helper: string[] };
  let claimedByHolder: string[][];
  let stop: AbortController;
  let table: ClaimTable;
  /** What the helper is to do before a book of it is stored. */
  let helperStores: (member: string) => Promise<void>;
  let holderStores: (member: string) => Promise<void>;
  /** What the engine does with what a helper says; to pass it on is the usual. */
  let onOutcomes: (event: Said<'share:outcomes'>) => void;
  let onEnded: (event: Said<'share:ended'>) => void;
  /** A share on its way to the helper. */
  let changed: (share: Share) => Share;
  let offered: Said<'share:offer'>[];
  let helpers: number;
  let holderLink: EngineLink;
  let failures: string[];

  beforeEach(async () => {
    shelf = new Map();
    storedBy = { holder: [], helper: [] };
    claimedByHolder = [];
    offered = [];
    failures = [];
    changed = share => share;
    helpers = 1;
    stop = new AbortController();
    helperStores = () => Promise.resolve();
    holderStores = () => sleep(5);
    onOutcomes = event => holderLink.holder?.onOutcomes(event.id, event.outcomes);
    onEnded = event => holderLink.holder?.onEnded(event.id, false);
    await mkdir(state());
    await tarOf(n => `book ${String(n)}`);
  });

  const nameOf = (n: number): string => `${String(n).padStart(2, '0')}.txt`;

  async function tarOf(text: (n: number) => string): Promise<void> {
    const files: Record<string, Buffer> = {};
    for (let n = 0; n < books; n++) files[nameOf(n)] = Buffer.from(text(n).padEnd(700, '.'));
    await makeTar(join(folder(), lease.tar), 'gnu', files);
  }

  async function context(number: number, link: EngineLink): Promise<WorkerContext> {
    const who = number === 1 ? 'holder' : 'helper';
    const destination: Destination = {
      id: 'test:1',
      async store(book) {
        const { key, member } = book;
        await (number === 1 ? holderStores : helperStores)(member);
        const digest = createHash('sha1');
        for await (const chunk of book.body()) digest.update(chunk);
        assert.equal(digest.digest('hex'), key.sha1);
        if (shelf.has(keyText(key))) return 'already_exists';
        shelf.set(keyText(key), member);
        storedBy[who].push(member);
        return 'uploaded';
      },
      readKeys: () => Promise.resolve(null),
      close: () => undefined,
    };
    const options: IngestOptions = {
      sourceFolders: [folder()],
      stateFolder: state(),
      workers: 2,
      batchSize: 3,
      parallelUploads: 1,
      mode: 'in-place',
      afterCompletion: 'keep',
      metadataReader: 'builtin',
      destination: { kind: 'library', folder: folder() },
    };
    const patience = new Patience(stop.signal, {
      onWaiting: failure => assert.fail(failure.message),
      onResumed: () => undefined,
    });
    return {
      options,
      destination: await PatientDestination.open(() => Promise.resolve(destination), patience),
      progress: await WorkerProgress.load(state(), number, message => assert.fail(message)),
      link,
      patience,
      metadata: new MetadataSource('builtin', message => assert.fail(message), readBook),
      stop: stop.signal,
      ...workerParts(state(), 1, number),
    };
  }

  function settle(worker: number, event: Said<'claim:outcomes'>): void {
    for (const settled of settleAll(table, worker, event))
      (settled.worker === 1 ? holderLink : helperLink).onSettled(settled.key, settled.verdict);
  }

  let helperLink: EngineLink;
  let helper: Helper;

  /** One run of the holder, with a helper beside it and what the engine does between them. */
  async function runOnce(offer: Partial<TarOffer> = {}): Promise<TarResult> {
    table = new ClaimTable();
    for (const text of shelf.keys()) table.addFromDestination(keyOf(text));
    // As over a channel, nothing is heard before its sender is through.
    const later = (hear: () => void): void => {
      setImmediate(hear);
    };
    holderLink = new EngineLink(event => {
      later(() => {
        if (event.type === 'claim:request') {
          claimedByHolder.push(event.keys.map(keyText));
          holderLink.onAnswer(event.id, table.claim(1, event.keys));
        } else if (event.type === 'claim:outcomes') settle(1, event);
        else if (event.type === 'share:possible') holderLink.holder?.onHelpers(helpers);
        else if (event.type === 'book:failed') failures.push(`${event.member} ${event.failure.code}`);
        else if (event.type === 'share:offer') {
          offered.push(event);
          const { id, share } = event;
          helper.take({ type: 'share:process', lease, id, folder: folder(), share: changed(share) });
        }
      });
    });
    helperLink = new EngineLink(event => {
      later(() => {
        if (event.type === 'claim:request') helperLink.onAnswer(event.id, table.claim(2, event.keys));
        else if (event.type === 'claim:outcomes') settle(2, event);
        else if (event.type === 'share:outcomes') onOutcomes(event);
        else if (event.type === 'share:ended') onEnded(event);
      });
    });
    const helping = await context(2, helperLink);
    helper = new Helper(helping);
    const holding = await context(1, holderLink);
    const result = await processTar({ name: lease.tar, folder: folder() }, holding, {
      epoch: lease.epoch,
      resume: null,
      poison: [],
      suspects: [],
      ...offer,
    });
    await helper.idle();
    await holding.progress.close();
    await helping.progress.close();
    return result;
  }

  const keyOf = (text: string): BookKey => ({ sha1: text.slice(0, 40), sizeBytes: Number(text.slice(41)) });
  const inHandOfHelper = async (): Promise<number[]> =>
    (await readHand(handFilePath(state(), 2)))?.offsets ?? [];
  const allNames = (): string[] => Array.from({ length: books }, (_, n) => nameOf(n));
  const isOnShelfOnce = (): void => {
    assert.deepEqual([...shelf.values()].sort(), allNames());
  };

  it('is done by both, and recorded by its holder alone', async () => {
    const { result, counts } = await runOnce();
    assert.equal(result, 'completed');
    isOnShelfOnce();
    assert.ok(storedBy.helper.length >= 6, `the helper stored ${String(storedBy.helper.length)}`);
    assert.ok(storedBy.holder.length >= 6, `the holder stored ${String(storedBy.holder.length)}`);
    assert.deepEqual([counts.found, counts.uploaded, totalDuplicates(counts)], [books, books, 0]);
    const record = await peekProgress(state(), 1);
    assert.deepEqual(record?.completedTars, [lease.tar]);
    assert.equal((await peekProgress(state(), 2))?.tar(lease.tar), undefined);
    assert.deepEqual(await inHandOfHelper(), []);
  });

  it('tells the holder what is no book, failed, or was there', async () => {
    await tarOf(n =>
      n % 5 === 0 ? '\u0000\u0001\u0002 \u00ff' : n % 5 === 1 ? 'the same' : `book ${String(n)}`,
    );
    helperStores = member =>
      member.endsWith('3.txt') ? Promise.reject(new Error('not now')) : Promise.resolve();
    holderStores = helperStores;
    const alone = await (async () => {
      helpers = 0;
      const { counts } = await runOnce();
      return counts;
    })();
    shelf.clear();
    // Anew: what the first run recorded is of a tar of another time.
    await utimes(join(folder(), lease.tar), new Date(), new Date(2001, 1));
    helpers = 1;
    holderStores = async member => {
      await sleep(5);
      await helperStores(member);
    };
    const { counts } = await runOnce();
    assert.ok(offered.length > 0);
    assert.deepEqual(
      [counts.found, counts.uploaded, totalDuplicates(counts), counts.failed, counts.skipped],
      [alone.found, alone.uploaded, totalDuplicates(alone), alone.failed, alone.skipped],
    );
  });

  it('is done by its holder where the helper dies, one book of that batch at a time, and nothing counts twice', async () => {
    let heard = 0;
    let isDead = false;
    // Each outcome is told by itself.
    helperStores = () => sleep(30);
    onOutcomes = event => {
      if (isDead) return;
      for (const outcome of event.outcomes) {
        // Twice, as never happens.
        holderLink.holder?.onOutcomes(event.id, [outcome]);
        holderLink.holder?.onOutcomes(event.id, [outcome]);
        heard++;
      }
      if (heard < 4) return;
      isDead = true;
      claimedByHolder = [];
      helper.drop();
      table.release(2);
      holderLink.holder?.onHelpers(0);
      for (const { id } of offered) holderLink.holder?.onEnded(id, true);
      // A late word.
      holderLink.holder?.onOutcomes(event.id, event.outcomes);
    };
    onEnded = event => {
      if (!isDead) holderLink.holder?.onEnded(event.id, false);
    };
    const { result, counts } = await runOnce();
    assert.equal(result, 'completed');
    assert.ok(isDead);
    isOnShelfOnce();
    assert.equal(counts.found, books);
    assert.equal(counts.uploaded + totalDuplicates(counts), books);
    assert.ok(claimedByHolder.some(keys => keys.length === 1));
  });

  it('is done by its holder where the helper finds that the tar has changed', async () => {
    let gaveBack = 0;
    changed = share => ({ ...share, tarMtimeMs: 1 });
    onEnded = event => {
      gaveBack++;
      holderLink.holder?.onEnded(event.id, false);
    };
    const { result, counts } = await runOnce();
    assert.equal(result, 'completed');
    assert.equal(counts.uploaded, books);
    assert.ok(gaveBack > 0);
    assert.deepEqual(storedBy.helper, []);
  });

  it('notes in the hand of the helper what it has in hand, under the lease of the holder', async () => {
    const seen: { tar: string; epoch: number; offsets: number[] }[] = [];
    helperStores = async () => {
      const hand = await readHand(handFilePath(state(), 2));
      assert.ok(hand);
      seen.push(hand);
    };
    await runOnce();
    assert.ok(seen.length > 0);
    for (const { tar, epoch, offsets } of seen) {
      assert.deepEqual([tar, epoch], [lease.tar, lease.epoch]);
      assert.ok(offsets.length > 0);
    }
  });

  it('shares nothing up to the last suspect', async () => {
    const suspect = 8 * 1536;
    await runOnce({ suspects: [suspect] });
    assert.ok(offered.length > 0);
    for (const { share } of offered)
      for (const { headerOffset } of share.members) assert.ok(headerOffset > suspect);
    isOnShelfOnce();
  });

  it('leaves off when it is dropped, but for the book in hand', async () => {
    let dropped = false;
    helperStores = async () => {
      if (!dropped) {
        holderLink.holder?.onHelpers(0);
        helper.drop();
      }
      dropped = true;
      await sleep(1);
    };
    const { result } = await runOnce();
    assert.equal(result, 'completed');
    assert.equal(storedBy.helper.length, 1);
    isOnShelfOnce();
  });

  it('goes on after a stop where it was, with what the helper had done', async () => {
    let stored = 0;
    helperStores = async () => {
      stored++;
      if (stored === 5) stop.abort();
      await sleep(1);
    };
    const stopped = await runOnce();
    assert.equal(stopped.result, 'stopped');
    assert.equal(stopped.counts.uploaded, shelf.size, 'also those that were in hand at the stop');
    helperStores = () => Promise.resolve();
    stop = new AbortController();
    claimedByHolder = [];
    const before = shelf.size;
    const { result, counts } = await runOnce();
    assert.equal(result, 'completed');
    isOnShelfOnce();
    assert.deepEqual([counts.found, counts.uploaded, totalDuplicates(counts)], [books, books, 0]);
    assert.ok(claimedByHolder.flat().length <= books - before);
  });
});
