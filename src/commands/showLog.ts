import type { Services } from './services.ts';

/** Shows the log without taking the focus. */
export function showLog({ log }: Services): void {
  log.show(true);
}
