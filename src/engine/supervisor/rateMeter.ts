const spanMs = 8000;
const slotMs = 500;
/** Of less than this, a mean says nothing of how long anything takes yet. */
const steadyAfterMs = 5000;

/** Mean bytes per second over the last seconds. Time is passed in, in milliseconds of any steady clock. */
export class RateMeter {
  /** By slot of half a second. */
  readonly #slots: { slot: number; bytes: number }[] = [];
  #startedAt: number | undefined;

  add(bytes: number, nowMs: number): void {
    this.#forget(nowMs);
    // After a standstill it begins anew: over a span in which nothing was done before, anything would seem slow.
    if (this.#slots.length === 0) this.#startedAt = nowMs;
    const slot = Math.floor(nowMs / slotMs);
    const last = this.#slots.at(-1);
    if (last?.slot === slot) last.bytes += bytes;
    else this.#slots.push({ slot, bytes });
  }

  /** Whether it was measured for long enough to tell from it how long the rest takes. */
  isSteady(nowMs: number): boolean {
    if (this.#startedAt === undefined) return false;
    this.#forget(nowMs);
    return this.#slots.length > 0 && nowMs - this.#startedAt >= steadyAfterMs;
  }

  bytesPerSecond(nowMs: number): number {
    if (this.#startedAt === undefined) return 0;
    this.#forget(nowMs);
    const bytes = this.#slots.reduce((sum, slot) => sum + slot.bytes, 0);
    // Right after the start the span is shorter, but a fraction of a second says nothing yet.
    const span = Math.max(1000, Math.min(spanMs, nowMs - this.#startedAt));
    return (bytes * 1000) / span;
  }

  #forget(nowMs: number): void {
    const oldest = Math.floor((nowMs - spanMs) / slotMs);
    while (this.#slots[0] && this.#slots[0].slot <= oldest) this.#slots.shift();
  }
}
