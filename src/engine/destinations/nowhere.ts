import type { Destination } from './destination.ts';

/** What progress files have as the destination of its books. */
export const nowhereId = 'none';

/** Takes every book and keeps none: all of an ingest but its writing, for rehearsals and measurements. */
export class Nowhere implements Destination {
  readonly id = nowhereId;
  readonly keepsNothing = true;

  store(): Promise<'uploaded'> {
    return Promise.resolve('uploaded');
  }

  readKeys(): Promise<null> {
    return Promise.resolve(null);
  }

  close(): void {
    // Nothing was opened.
  }
}
