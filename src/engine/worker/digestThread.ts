import { Worker } from 'node:worker_threads';
import { comeBack, isOwn, type KeptBody } from './bodyPool.ts';

/** Handing over a smaller body takes as long as digesting it. */
const smallestHandedOver = 128 * 1024;

interface Digested {
  readonly sha1: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/**
 * Digests bodies beside the event loop, for a machine that has a core to spare. One at a time: whoever finds it busy
 * digests by itself meanwhile. Bodies are lent to it, which costs no copy.
 */
export class DigestThread {
  readonly #entry: string;
  #thread: Worker | null = null;
  #isBusy = false;
  #isClosed = false;

  /** @param entry absolute path of what runs in the thread */
  constructor(entry: string) {
    this.#entry = entry;
  }

  /** Whether it would begin at once with a body, and that is worth it. */
  wants(body: Buffer): boolean {
    return !this.#isBusy && !this.#isClosed && body.length >= smallestHandedOver && isOwn(body.buffer);
  }

  /**
   * To be called only with what it {@link wants}.
   *
   * @returns the SHA-1 in hex; null where the thread ended with the body, which is lost then
   */
  async digest(body: KeptBody): Promise<string | null> {
    const { kept } = body;
    if (!kept || !isOwn(kept.buffer)) return null;
    this.#isBusy = true;
    body.kept = null;
    try {
      const digested = await this.#ask(kept, kept.buffer);
      if (digested) body.kept = comeBack(digested.body);
      return digested?.sha1 ?? null;
    } finally {
      this.#isBusy = false;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#thread?.terminate();
  }

  #ask(body: Buffer, memory: ArrayBuffer): Promise<Digested | null> {
    const thread = (this.#thread ??= this.#start());
    return new Promise(resolve => {
      const end = (digested: Digested | null): void => {
        thread.off('message', end).off('exit', onExit);
        thread.unref();
        resolve(digested);
      };
      const onExit = (): void => {
        end(null);
      };
      thread.once('message', end).once('exit', onExit);
      thread.ref();
      thread.postMessage(body, [memory]);
    });
  }

  #start(): Worker {
    const thread = new Worker(this.#entry, {
      // It holds one body, and that is no part of its heap.
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
      stdout: true,
      stderr: true,
    });
    // The exit says it, too.
    thread.on('error', () => undefined);
    thread.once('exit', () => {
      if (this.#thread === thread) this.#thread = null;
    });
    return thread;
  }
}
