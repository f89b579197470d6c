import type { FaultKind, Faults, RouteName } from './faults.ts';

/** What clients asked of the server, for tests that count. */
export class RequestCounts {
  readonly #faults: Faults;
  readonly #byRoute = new Map<RouteName, number>();
  #uploadsNow = 0;
  #tasksNow = 0;

  /** With a name and a password. */
  logins = 0;
  refreshes = 0;
  /** WebSockets that were let in. */
  socketsOpened = 0;
  tasksStarted = 0;
  /** The most files that were being received at once. */
  uploadsAtOnce = 0;
  /** The most metadata tasks that ran at once. */
  tasksAtOnce = 0;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  get total(): number {
    return [...this.#byRoute.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Requests of a route, those that met a fault among them. */
  of(route: RouteName): number {
    return this.#byRoute.get(route) ?? 0;
  }

  /** How often a kind of fault was met. */
  faults(kind: FaultKind): number {
    return this.#faults.met.get(kind) ?? 0;
  }

  /** Counts a request; to be called again when it is over. */
  begin(route: RouteName): () => void {
    this.#byRoute.set(route, this.of(route) + 1);
    if (route !== 'POST /api/upload') return () => undefined;
    this.uploadsAtOnce = Math.max(this.uploadsAtOnce, ++this.#uploadsNow);
    return () => {
      this.#uploadsNow--;
    };
  }

  beginTask(): () => void {
    this.tasksStarted++;
    this.tasksAtOnce = Math.max(this.tasksAtOnce, ++this.#tasksNow);
    return () => {
      this.#tasksNow--;
    };
  }
}
