import * as vscode from 'vscode';

/** Tells how far a step is: from 0 to 1, with a word for it. */
export type ReportShare = (share: number, text: string) => void;

/**
 * Does a step that a person started and waits for, with progress that can be cancelled.
 *
 * @returns what the step returned; undefined when it was cancelled
 */
export async function cancellable<T>(
  title: string,
  step: (signal: AbortSignal, report: ReportShare) => Promise<T>,
): Promise<T | undefined> {
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return await vscode.window.withProgress(options, async (progress, token) => {
    const cancelled = new AbortController();
    const listening = token.onCancellationRequested(() => {
      cancelled.abort();
    });
    let percent = 0;
    try {
      return await step(cancelled.signal, (share, message) => {
        // VS Code adds what it is told.
        const next = Math.round(Math.min(1, share) * 100);
        progress.report({ message, increment: Math.max(0, next - percent) });
        percent = Math.max(percent, next);
      });
    } catch (thrown) {
      if (cancelled.signal.aborted) return undefined;
      throw thrown;
    } finally {
      listening.dispose();
    }
  });
}
