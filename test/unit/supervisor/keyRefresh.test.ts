import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BookKey } from '../../../src/protocol/bookKey.ts';
import { ClaimTable } from '../../../src/engine/dedupe/claimTable.ts';
import { bookMetadataFromName } from '../../../src/engine/books/metadata/bookMetadata.ts';
import {
  DestinationUnusable,
  type Book,
  type Destination,
} from '../../../src/engine/destinations/destination.ts';
import { Library } from '../../../src/engine/destinations/library/library.ts';
import { KeyRefresh, wholeListTurn } from '../../../src/engine/supervisor/keyRefresh.ts';
import { useTempFolder } from '../../support/tempFolder.ts';
import { until } from '../../support/until.ts';

function book(text: string): Book {
  const bytes = Buffer.from(text);
  const key: BookKey = { sha1: createHash('sha1').update(bytes).digest('hex'), sizeBytes: bytes.length };
  const metadata = bookMetadataFromName(`${text}.txt`);
  return { key, format: 'txt', metadata, tar: 'a.tar', member: text, body: () => [bytes] };
}

function unexpected(problem: string): void {
  throw new Error(problem);
}

describe('the list of what the destination has', () => {
  const folder = useTempFolder();
  const always = { turnOf: () => ({ books: Infinity, seconds: 0 }), checkEveryMs: 5 };

  it('is kept up with while others add books, and only what came since is read', async () => {
    const ours = await Library.make(folder());
    const others = await Library.open(folder());
    await others.store(book('before'));
    const asked: (string | null)[] = [];
    const watched: Destination = {
      id: ours.id,
      store: one => ours.store(one),
      readKeys: (onKey, since, signal) => {
        asked.push(since);
        return ours.readKeys(onKey, since, signal);
      },
      close: () => undefined,
    };
    const claims = new ClaimTable();
    const refresh = new KeyRefresh(watched, claims, { onProblem: unexpected, ...always });
    const end = new AbortController();
    await refresh.readAll(end.signal);
    assert.equal(claims.knownCount, 1);
    const keeping = refresh.keepUp(end.signal);
    await others.store(book('meanwhile'));
    await until('both keys', () => claims.knownCount === 2);
    assert.deepEqual(claims.claim(1, [book('meanwhile').key]), [{ kind: 'duplicate', layer: 'destination' }]);
    end.abort();
    await keeping;
    assert.equal(asked[0], null);
    assert.ok(asked.slice(1).every(since => since !== null));
    ours.close();
    others.close();
  });

  it('stays as it was where it cannot be read again, which is told once, until it can', async () => {
    const state = { broken: false, reads: 0 };
    const destination: Destination = {
      id: 'x',
      store: () => Promise.resolve('uploaded'),
      readKeys: onKey => {
        state.reads++;
        if (state.broken) return Promise.reject(new DestinationUnusable('it is away'));
        onKey(book(`book ${String(state.reads)}`).key);
        return Promise.resolve(null);
      },
      close: () => undefined,
    };
    const claims = new ClaimTable();
    const problems: string[] = [];
    const refresh = new KeyRefresh(destination, claims, {
      onProblem: message => problems.push(message),
      ...always,
    });
    const end = new AbortController();
    await refresh.readAll(end.signal);
    state.broken = true;
    const keeping = refresh.keepUp(end.signal);
    await until('several reads', () => state.reads > 4);
    assert.match(problems.join('\n'), /^[^\n]*it is away[^\n]*$/);
    assert.equal(claims.knownCount, 1);
    state.broken = false;
    const before = state.reads;
    await until('another read', () => state.reads > before + 1);
    assert.notEqual(claims.knownCount, 1);
    end.abort();
    await keeping;
  });

  it('is read again after so many new books, however little time has passed', async () => {
    let reads = 0;
    const destination: Destination = {
      id: 'x',
      store: () => Promise.resolve('uploaded'),
      readKeys: () => Promise.resolve(String(++reads)),
      close: () => undefined,
    };
    const claims = new ClaimTable();
    const refresh = new KeyRefresh(destination, claims, {
      onProblem: unexpected,
      turnOf: () => ({ books: 3, seconds: Infinity }),
      checkEveryMs: 2,
    });
    const end = new AbortController();
    await refresh.readAll(end.signal);
    const keeping = refresh.keepUp(end.signal);
    await sleep(30);
    assert.equal(reads, 1);
    for (const text of ['a', 'b', 'c']) {
      claims.claim(1, [book(text).key]);
      claims.settle(1, book(text).key, 'stored');
    }
    await until('two reads', () => reads === 2);
    end.abort();
    await keeping;
  });

  it('is read the more seldom the longer it is', () => {
    assert.deepEqual(wholeListTurn(50_000), { books: 5000, seconds: 1800 });
    assert.deepEqual(wholeListTurn(50_001), { books: 7500, seconds: 2700 });
    assert.deepEqual(wholeListTurn(100_001), { books: 10_000, seconds: 3600 });
  });
});
