import type { Services } from './parts/services.ts';

/** Shows the log without taking the focus. */
export function showLog({ log }: Services): void {
  log.show(true);
}
