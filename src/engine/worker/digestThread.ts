import { Worker } from 'node:worker_threads';

/** Handing over a smaller body takes as long as digesting it. */
const smallestHandedOver = 128 * 1024;

/**
 * Digests bodies beside the event loop, for a machine that has a core to spare. One at a time: whoever finds it busy
 * digests by itself meanwhile. It reads bodies where they are, in shared memory.
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
    return (
      !this.#isBusy &&
      !this.#isClosed &&
      body.length >= smallestHandedOver &&
      body.buffer instanceof SharedArrayBuffer
    );
  }

  /**
   * To be called only with what it {@link wants}, which nobody may change meanwhile.
   *
   * @returns the SHA-1 in hex; null where the thread ended over it
   */
  async digest(body: Buffer): Promise<string | null> {
    this.#isBusy = true;
    try {
      return await this.#ask(body);
    } finally {
      this.#isBusy = false;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#thread?.terminate();
  }

  #ask(body: Buffer): Promise<string | null> {
    const thread = (this.#thread ??= this.#start());
    return new Promise(resolve => {
      const end = (sha1: string | null): void => {
        thread.off('message', end).off('exit', onExit);
        thread.unref();
        resolve(sha1);
      };
      const onExit = (): void => {
        end(null);
      };
      thread.once('message', end).once('exit', onExit);
      thread.ref();
      thread.postMessage(body);
    });
  }

  #start(): Worker {
    const thread = new Worker(this.#entry, {
      // It holds nothing of its own.
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
