import { keyText, type BookKey } from '../../protocol/bookKey.ts';
import type { DuplicateLayer } from '../../protocol/snapshot.ts';
import type { Verdict } from '../../protocol/workerMessages.ts';
import type { KnownKey } from '../destinations/destination.ts';
import { KeyTable } from './keyTable.ts';

/*
 * What lives in this folder: who knows a book, and who may upload it. The table holds every known key once
 * for all workers and promises that no two workers hold the same key at a time, in any interleaving, for it
 * answers each claim in one step of one process.
 */

/** A later word on a key that was `pending` for a worker. */
export interface Settlement {
  worker: number;
  key: BookKey;
  verdict: Verdict;
}

interface Hold {
  owner: number;
  /** Workers waiting for the outcome, in the order they asked; one may wait twice, for two copies. */
  waiters: number[];
}

// There are as many verdicts as books, and few that differ.
const claimed: Verdict = { kind: 'claimed' };
const pending: Verdict = { kind: 'pending' };
const duplicateOf: Readonly<Record<DuplicateLayer, Verdict>> = {
  own: { kind: 'duplicate', layer: 'own' },
  others: { kind: 'duplicate', layer: 'others' },
  destination: { kind: 'duplicate', layer: 'destination' },
};

/** Stands for the destination where a worker's number would. Workers are numbered from 1. */
const destinationOwner = 0;

/**
 * Known keys and the claims on new ones.
 *
 *   unknown ──claim──▶ held ──stored──▶ known
 *      ▲                 │
 *      └─failed, death───┘   the first waiter, if any, holds it next
 */
export class ClaimTable {
  /** Keys by the worker whose progress knows them, or `destinationOwner`. */
  #known: KeyTable;
  readonly #held = new Map<string, Hold>();
  /** Known, but not there any more: each is claimed once as if it were new. */
  readonly #lost = new Set<string>();

  /**
   * @param known by the workers' progress, to begin with; it is this table's from now on. Books recorded without a size,
   *   as the Python system does, are known by SHA-1 alone.
   */
  constructor(known = new KeyTable()) {
    this.#known = known;
  }

  /** A worker's word goes before the destination's. */
  addFromDestination({ sha1, sizeBytes }: KnownKey): void {
    const isKnown =
      sizeBytes === undefined ? this.#known.hasSha1(sha1) : this.#known.get(sha1, sizeBytes) !== undefined;
    if (!isKnown) this.#known.set(sha1, sizeBytes, destinationOwner);
  }

  /** A known book is gone from the destination, and may be uploaded again. */
  lose(key: BookKey): void {
    this.#lost.add(keyText(key));
  }

  get knownCount(): number {
    return this.#known.count;
  }

  /** One verdict for each key, in their order. The claims that it grants are the worker's until settled. */
  claim(worker: number, keys: readonly BookKey[]): Verdict[] {
    return keys.map(key => {
      const knownTo = this.#known.get(key.sha1, key.sizeBytes);
      if (knownTo !== undefined && !this.#isLost(key)) return duplicateOf[layerFor(worker, knownTo)];
      const text = keyText(key);
      const hold = this.#held.get(text);
      if (hold) {
        hold.waiters.push(worker);
        return pending;
      }
      this.#held.set(text, { owner: worker, waiters: [] });
      return claimed;
    });
  }

  /** The outcome of a claim: on the shelf, or given back. Words about keys not held by the worker count nothing. */
  settle(worker: number, key: BookKey, outcome: 'stored' | 'failed'): Settlement[] {
    const text = keyText(key);
    const hold = this.#held.get(text);
    if (hold?.owner !== worker) return [];
    if (outcome === 'failed') return this.#passOn(text, key, hold);
    this.#held.delete(text);
    this.#lost.delete(text);
    this.#known.set(key.sha1, key.sizeBytes, worker);
    return hold.waiters.map(waiter => ({
      worker: waiter,
      key,
      verdict: { kind: 'duplicate', layer: layerFor(waiter, worker) },
    }));
  }

  /** Frees all that a worker held or waited for, when it has ended. */
  release(worker: number): Settlement[] {
    const settlements: Settlement[] = [];
    for (const hold of this.#held.values()) hold.waiters = hold.waiters.filter(waiter => waiter !== worker);
    for (const [text, hold] of [...this.#held]) {
      if (hold.owner === worker) settlements.push(...this.#passOn(text, parseKey(text), hold));
    }
    return settlements;
  }

  /** Gives the memory of all keys back, when nobody is left to ask. */
  forget(): void {
    this.#known = new KeyTable();
    this.#held.clear();
    this.#lost.clear();
  }

  #isLost(key: BookKey): boolean {
    return this.#lost.size > 0 && this.#lost.has(keyText(key));
  }

  #passOn(text: string, key: BookKey, hold: Hold): Settlement[] {
    const next = hold.waiters.shift();
    if (next === undefined) {
      this.#held.delete(text);
      return [];
    }
    hold.owner = next;
    return [{ worker: next, key, verdict: { kind: 'claimed' } }];
  }
}

function layerFor(asking: number, knownTo: number): DuplicateLayer {
  if (knownTo === destinationOwner) return 'destination';
  return knownTo === asking ? 'own' : 'others';
}

function parseKey(text: string): BookKey {
  const dash = text.indexOf('-');
  return { sha1: text.slice(0, dash), sizeBytes: Number(text.slice(dash + 1)) };
}
