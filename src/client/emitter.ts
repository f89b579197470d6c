/** Undoes what it was returned by. Structurally VS Code's `Disposable`, so that views can keep it as one. */
export interface Subscription {
  dispose(): void;
}

/** Calls its listeners in order. A listener that throws cannot keep the others from being called. */
export class Emitter<T> {
  readonly #listeners = new Set<(value: T) => void>();

  on(listener: (value: T) => void): Subscription {
    // Wrapped, so that one function given twice is called twice and disposed of once at a time.
    const entry = (value: T): void => {
      listener(value);
    };
    this.#listeners.add(entry);
    return { dispose: () => this.#listeners.delete(entry) };
  }

  emit(value: T): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(value);
      } catch (thrown) {
        // Reported as an uncaught error of its own turn: loud, and without harm to the others.
        queueMicrotask(() => {
          throw thrown;
        });
      }
    }
  }
}
