import type { Services } from './parts/services.ts';

/** Shows the dashboard as a tab among the editors. Without a run it says so itself. */
export function showThroughput({ throughput }: Services): void {
  throughput.showTab();
}
