// Faults on demand: which kinds there are, where each applies, and which request meets one.
//
// What a client can know after each kind:
//   slow               the answer is right, `slowMs` late
//   error500           500, nothing has happened
//   error500After      500, and yet it has happened
//   cutBefore          the connection breaks in the middle of the body (or before any answer); nothing has happened
//   cutAfter           the connection breaks before the answer, and yet it has happened
//   unavailable        503 with Retry-After; nothing has happened
//   expired            401, as if the token had just expired; nothing has happened
//   tooLarge           413, after the whole body
//   duplicateMeanwhile somebody else added the same file a moment ago
//   taskRefused        the call is refused, as when the queue is full
//   taskError          the task ends with an error, and leaves no upload row
//   resultLost         the task is done, and its result is never sent
//   socketDrop         the socket breaks while the task runs; the result waits for the session to come back

const everywhere = ['slow', 'error500', 'error500After', 'cutBefore', 'cutAfter', 'unavailable'] as const;
const signedIn = [...everywhere, 'expired'] as const;

/** Where faults can be put, and which kinds apply there. `connect` is the handshake of the WebSocket. */
export const faultKinds = {
  'POST /login': everywhere,
  'POST /api/upload/check': signedIn,
  'POST /api/upload/check-batch': signedIn,
  'POST /api/upload': [...signedIn, 'tooLarge'],
  'GET /api/uploads-meta/<id>': signedIn,
  'GET /api/search/<words>': signedIn,
  'GET /api/ebooks/index/<title>': signedIn,
  'POST /api/ebooks': signedIn,
  'POST /api/ebooks/<id>/add-upload': [...signedIn, 'duplicateMeanwhile'],
  'GET /api/ebooks/<id>': signedIn,
  connect: ['slow', 'cutBefore', 'unavailable', 'expired'],
  metadata: ['slow', 'taskRefused', 'taskError', 'resultLost', 'socketDrop'],
} as const;

export type FaultPlace = keyof typeof faultKinds;
export type FaultKind = (typeof faultKinds)[FaultPlace][number];
export type RouteName = Exclude<FaultPlace, 'connect' | 'metadata'>;

export interface FaultOptions {
  /** Share of the requests and tasks that meet a fault, 0 to 1. */
  readonly rate?: number;
  /** The same seed picks the same faults, as long as requests come in the same order. */
  readonly seed?: number;
  /** What is picked from, as far as it applies at the place. Default: what may happen to every request. */
  readonly kinds?: readonly FaultKind[];
  /** Default: everywhere. */
  readonly places?: readonly FaultPlace[];
  /** How late `slow` answers. Default 100 ms. */
  readonly slowMs?: number;
  /** What `unavailable` says in Retry-After. Default 1 s. */
  readonly retryAfterSeconds?: number;
}

export class Faults {
  readonly #scripted = new Map<FaultPlace, FaultKind[]>();
  readonly #met = new Map<FaultKind, number>();
  #options: FaultOptions = {};
  #random = seededRandom(1);

  get slowMs(): number {
    return this.#options.slowMs ?? 100;
  }

  get retryAfterSeconds(): number {
    return this.#options.retryAfterSeconds ?? 1;
  }

  /** How often each kind was met. */
  get met(): ReadonlyMap<FaultKind, number> {
    return this.#met;
  }

  /** Replaces what happens at a rate; what was scripted stays. */
  set(options: FaultOptions): void {
    this.#options = options;
    this.#random = seededRandom(options.seed ?? 1);
  }

  /** Lets the next requests at a place fail; those scripted for the place before come first. */
  script(place: FaultPlace, kind: FaultKind, times: number): void {
    if (!applies(place, kind)) throw new Error(`The fault ${kind} does not apply to ${place}.`);
    const scripted = this.#scripted.get(place) ?? [];
    this.#scripted.set(place, [...scripted, ...new Array<FaultKind>(times).fill(kind)]);
  }

  /** What the request that has just come meets. */
  next(place: FaultPlace): FaultKind | undefined {
    const kind = this.#scripted.get(place)?.shift() ?? this.#picked(place);
    if (kind) this.#met.set(kind, (this.#met.get(kind) ?? 0) + 1);
    return kind;
  }

  #picked(place: FaultPlace): FaultKind | undefined {
    const { rate = 0, kinds = [...everywhere, 'resultLost', 'socketDrop'], places } = this.#options;
    if (rate === 0 || (places && !places.includes(place)) || this.#random() >= rate) return undefined;
    const candidates = kinds.filter(kind => applies(place, kind));
    return candidates[Math.floor(this.#random() * candidates.length)];
  }
}

function applies(place: FaultPlace, kind: FaultKind): boolean {
  return faultKinds[place].some(applicable => applicable === kind);
}

/** Numbers from 0 to below 1 (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
