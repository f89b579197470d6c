import { Worker } from 'node:worker_threads';
import { sharedWords, type ThreadData } from './sharedWords.ts';

/** What is made for one book is garbage with the next, so more room for it would only be touched and never needed. */
const youngMb = 4;

/** What a thread has ended for, as the end of a sentence. */
export interface ThreadFault {
  readonly message: string;
  readonly isMemory: boolean;
}

interface ThreadOptions<Answer> {
  /** What it is given when it begins, beside the memory that is shared with it. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** What may live in it. */
  readonly heapMb: number;
  readonly onAnswer: (answer: Answer) => void;
  /** Told what was wrong, or null where it ended without a word, or because it was to. */
  readonly onEnd: (fault: ThreadFault | null) => void;
}

/**
 * A thread of a worker, which begins when it is first asked, and anew after it has ended. As long as it rests, it holds up no end of
 * the process.
 *
 *   none ──ask──▶ busy ◀──ask, rest──▶ idle
 *                  └──── end, heap, crash ────▶ none
 */
export class Thread<Question, Answer> {
  readonly shared: ThreadData['shared'] = new Int32Array(
    new SharedArrayBuffer(Object.keys(sharedWords).length * Int32Array.BYTES_PER_ELEMENT),
  );
  readonly #entry: string;
  readonly #options: ThreadOptions<Answer>;
  #worker: Worker | null = null;
  #fault: ThreadFault | null = null;

  /** @param entry absolute path of what runs in the thread, where `workerData` is a {@link ThreadData} */
  constructor(entry: string, options: ThreadOptions<Answer>) {
    this.#entry = entry;
    this.#options = options;
  }

  /** Begins it, which takes its time, before it is needed. */
  begin(): void {
    this.#worker ??= this.#start();
  }

  /** @param handedOver memory that is the thread's own from now on */
  ask(question: Question, handedOver: readonly ArrayBuffer[] = []): void {
    const worker = (this.#worker ??= this.#start());
    worker.ref();
    worker.postMessage(question, handedOver);
  }

  /** Once nobody waits for an answer. */
  rest(): void {
    this.#worker?.unref();
  }

  /** @param why what `onEnd` is told, whatever else may be wrong */
  async end(why?: string): Promise<void> {
    if (why !== undefined) this.#fault = { message: why, isMemory: false };
    await this.#worker?.terminate();
  }

  #start(): Worker {
    Atomics.store(this.shared, sharedWords.describing, 0);
    Atomics.store(this.shared, sharedWords.atDisk, 0);
    this.#fault = null;
    const { data, heapMb, onAnswer, onEnd } = this.#options;
    const worker = new Worker(this.#entry, {
      workerData: { ...data, shared: this.shared } satisfies ThreadData,
      resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: youngMb },
      // The files that it opens are closed by others.
      trackUnmanagedFds: false,
      // Nothing that it might write is for anybody.
      stdout: true,
      stderr: true,
    });
    worker.on('message', onAnswer);
    worker.on('error', thrown => {
      this.#fault ??= faultOf(thrown);
    });
    worker.once('exit', () => {
      this.#worker = null;
      onEnd(this.#fault);
    });
    worker.unref();
    return worker;
  }
}

function faultOf(thrown: Error): ThreadFault {
  const isMemory = 'code' in thrown && thrown.code === 'ERR_WORKER_OUT_OF_MEMORY';
  const message = isMemory ? 'reading took too much memory' : (thrown.message.split('\n', 1)[0] ?? '');
  return { message, isMemory };
}
