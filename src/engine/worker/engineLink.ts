import { keyText, type BookKey } from '../../protocol/bookKey.ts';
import type { Verdict, WorkerEvent } from '../../protocol/workerMessages.ts';

/** What a worker learns of a key in the end. */
export type FinalVerdict = Exclude<Verdict, { kind: 'pending' }>;

/** A message costs more than what it says; so long others may have to wait for an outcome. */
const toldTogetherMs = 20;

interface Question {
  keys: readonly BookKey[];
  resolve: (verdicts: (FinalVerdict | Promise<FinalVerdict>)[]) => void;
}

/** The worker's side of the claims: questions out, verdicts in. */
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
    this.#telling ??= setTimeout(() => {
      this.#tellOutcomes();
    }, toldTogetherMs);
    if (outcome === 'failed') this.#tellOutcomes();
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

  #tellOutcomes(): void {
    if (this.#telling === null) return;
    clearTimeout(this.#telling);
    this.#telling = null;
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
