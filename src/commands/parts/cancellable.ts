import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import { printable } from '../../protocol/printable.ts';

/** Tells how far a step is: from 0 to 1, with a word for it. */
export type ReportShare = (share: number, text: string) => void;

/** What takes no longer is not worth a notification that flashes up. */
const quietMs = 700;

/**
 * Does a step that a person started and waits for, with progress that can be cancelled where it takes a while.
 *
 * @returns what the step returned; undefined when it was cancelled
 */
export async function cancellable<T>(
  title: string,
  step: (signal: AbortSignal, report: ReportShare) => Promise<T>,
): Promise<T | undefined> {
  const cancelled = new AbortController();
  let report: ReportShare = () => undefined;
  const doing = step(cancelled.signal, (share, text) => {
    report(share, text);
  });
  const settled = doing.then(
    () => true,
    () => true,
  );
  if (!(await Promise.race([settled, sleep(quietMs, false)]))) {
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: printable(title),
      cancellable: true,
    };
    await vscode.window.withProgress(options, async (progress, token) => {
      let percent = 0;
      report = (share, message) => {
        // VS Code adds what it is told.
        const next = Math.round(Math.min(1, share) * 100);
        progress.report({ message, increment: Math.max(0, next - percent) });
        percent = Math.max(percent, next);
      };
      const listening = token.onCancellationRequested(() => {
        cancelled.abort();
      });
      await settled;
      listening.dispose();
    });
  }
  try {
    return await doing;
  } catch (thrown) {
    if (cancelled.signal.aborted) return undefined;
    throw thrown;
  }
}
