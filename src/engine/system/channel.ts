import type { Serializable } from 'node:child_process';
import { EventEmitter, once } from 'node:events';

/*
 * The channel to whoever started this process. It takes some 200 kB at once; the rest waits in this process until the other side
 * has read that, and closing the channel drops it without a word. So it is closed only when all that was said has left.
 */

/** How much was said that has not left yet. */
let underWay = 0;
const sent = new EventEmitter<{ all: [] }>();

/** Says something to whoever started this process, if they are there to hear it. */
export function sayToParent(message: Serializable): void {
  if (!process.connected) return;
  underWay++;
  // Also called where the other side has gone.
  process.send?.(message, () => {
    if (--underWay === 0) sent.emit('all');
  });
}

/** Closes the channel, once all that was said has left. Nothing of it keeps this process alive then. */
export async function closeChannel(): Promise<void> {
  if (process.connected && underWay > 0) await once(sent, 'all');
  if (process.connected) process.disconnect();
}
