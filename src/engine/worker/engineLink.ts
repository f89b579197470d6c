import { keyText, type BookKey } from '../../protocol/bookKey.ts';
import type { Verdict, WorkerEvent } from '../../protocol/workerMessages.ts';

/** What a worker learns of a key in the end. */
export type FinalVerdict = Exclude<Verdict, { kind: 'pending' }>;

interface Question {
  keys: readonly BookKey[];
  resolve: (verdicts: Promise<FinalVerdict>[]) => void;
}

/** The worker's side of the claims: questions out, verdicts in. */
export class EngineLink {
  readonly #post: (event: WorkerEvent) => void;
  #lastId = 0;
  readonly #questions = new Map<number, Question>();
  /** By key, those who wait for its settlement, in the order of their claims: the engine settles in that order. */
  readonly #waiting = new Map<string, ((verdict: FinalVerdict) => void)[]>();

  constructor(post: (event: WorkerEvent) => void) {
    this.#post = post;
  }

  send(event: WorkerEvent): void {
    this.#post(event);
  }

  /**
   * Asks for keys. Resolves with one promise for each: settled at once where the engine could tell, later
   * where another upload of the key is under way. Upload what is claimed before waiting for the rest:
   * a worker that waits must hold nothing that another may wait for.
   */
  claim(keys: readonly BookKey[]): Promise<Promise<FinalVerdict>[]> {
    const id = ++this.#lastId;
    return new Promise(resolve => {
      this.#questions.set(id, { keys, resolve });
      this.#post({ type: 'claim:request', id, keys: [...keys] });
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
        return verdict.kind === 'pending' ? this.#settlementOf(key) : Promise.resolve(verdict);
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

  #settlementOf(key: BookKey): Promise<FinalVerdict> {
    return new Promise(resolve => {
      const text = keyText(key);
      const waiting = this.#waiting.get(text);
      if (waiting) waiting.push(resolve);
      else this.#waiting.set(text, [resolve]);
    });
  }
}
