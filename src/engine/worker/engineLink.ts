import { keyText, type BookKey } from '../../protocol/bookKey.ts';
import type { Lease, ShareOutcome, Verdict, WorkerEvent } from '../../protocol/workerMessages.ts';

/** What a worker learns of a key in the end. */
export type FinalVerdict = Exclude<Verdict, { kind: 'pending' }>;

/** A message costs more than what it says; so long others may have to wait for an outcome. */
const toldTogetherMs = 20;

/** The holder's side of the shares of its tar. */
export interface ShareHolder {
  onHelpers(helpers: number): void;
  onOutcomes(id: number, outcomes: readonly ShareOutcome[]): void;
  onEnded(id: number, hasDied: boolean): void;
}

interface SharedOutcomes {
  readonly lease: Lease;
  readonly id: number;
  readonly outcomes: ShareOutcome[];
}

interface Question {
  keys: readonly BookKey[];
  resolve: (verdicts: (FinalVerdict | Promise<FinalVerdict>)[]) => void;
}

/** The worker's side of claims and shares: questions out, verdicts in. */
export class EngineLink {
  readonly #post: (event: WorkerEvent) => void;
  #lastId = 0;
  readonly #questions = new Map<number, Question>();
  /** By key, those who wait for its settlement, in the order of their claims: the engine settles in that order. */
  readonly #waiting = new Map<string, ((verdict: FinalVerdict) => void)[]>();
  /** Outcomes of claims, which are told together after a moment. */
  #stored: BookKey[] = [];
  #failed: BookKey[] = [];
  #telling: NodeJS.Timeout | null = null;
  /** Outcomes of shares of others' tars, told together as well. */
  #shared: SharedOutcomes[] = [];
  #lastShare = 0;
  /** Who hears of the shares of the tar in hand. */
  holder: ShareHolder | null = null;

  constructor(post: (event: WorkerEvent) => void) {
    this.#post = post;
  }

  send(event: WorkerEvent): void {
    // What is said later must not be heard before what was settled by then.
    this.#tellOutcomes();
    this.#post(event);
  }

  /** The book is on the shelf (`stored`), or its claim is given back (`failed`), which others may wait for. */
  settle(key: BookKey, outcome: 'stored' | 'failed'): void {
    (outcome === 'stored' ? this.#stored : this.#failed).push(key);
    this.#tellSoon();
    if (outcome === 'failed') this.#tellOutcomes();
  }

  /** A book of a share has its outcome. Told before what is settled after it. */
  shared(lease: Lease, id: number, outcome: ShareOutcome): void {
    const last = this.#shared.at(-1);
    if (last?.id === id && last.lease === lease) last.outcomes.push(outcome);
    else this.#shared.push({ lease, id, outcomes: [outcome] });
    this.#tellSoon();
  }

  /** Never the same again in this process. */
  nextShareId(): number {
    return ++this.#lastShare;
  }

  /**
   * Asks for keys. Resolves with a verdict for each where the engine could tell at once, and with a promise of it
   * where another upload of the key is under way. Upload what is claimed before waiting for the rest:
   * a worker that waits must hold nothing that another may wait for.
   */
  claim(keys: readonly BookKey[]): Promise<(FinalVerdict | Promise<FinalVerdict>)[]> {
    const id = ++this.#lastId;
    return new Promise(resolve => {
      this.#questions.set(id, { keys, resolve });
      this.send({ type: 'claim:request', id, keys: [...keys] });
    });
  }

  /**
   * Hears an answer. Who waits for a settlement is entered before this returns: the settlement may be the
   * very next message, delivered before any promise has run on.
   */
  onAnswer(id: number, verdicts: readonly Verdict[]): void {
    const question = this.#questions.get(id);
    this.#questions.delete(id);
    question?.resolve(
      question.keys.map((key, index) => {
        const verdict = verdicts[index];
        if (!verdict) throw new Error('the engine answered fewer keys than were asked');
        return verdict.kind === 'pending' ? this.#settlementOf(key) : verdict;
      }),
    );
  }

  onSettled(key: BookKey, verdict: Verdict): void {
    if (verdict.kind === 'pending') return;
    const text = keyText(key);
    const waiting = this.#waiting.get(text);
    const resolve = waiting?.shift();
    if (waiting?.length === 0) this.#waiting.delete(text);
    resolve?.(verdict);
  }

  #tellSoon(): void {
    this.#telling ??= setTimeout(() => {
      this.#tellOutcomes();
    }, toldTogetherMs);
  }

  #tellOutcomes(): void {
    if (this.#telling === null) return;
    clearTimeout(this.#telling);
    this.#telling = null;
    const shared = this.#shared;
    this.#shared = [];
    // Before the claims: where this process is killed between the two, nobody takes for a duplicate what it stored.
    for (const outcomes of shared) this.#post({ type: 'share:outcomes', ...outcomes });
    if (this.#stored.length + this.#failed.length === 0) return;
    const event = { type: 'claim:outcomes', stored: this.#stored, failed: this.#failed } as const;
    this.#stored = [];
    this.#failed = [];
    this.#post(event);
  }

  #settlementOf(key: BookKey): Promise<FinalVerdict> {
    return new Promise(resolve => {
      const text = keyText(key);
      const waiting = this.#waiting.get(text);
      if (waiting) waiting.push(resolve);
      else this.#waiting.set(text, [resolve]);
    });
  }
}
