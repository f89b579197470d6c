import * as vscode from 'vscode';
import { commandIds } from '../../manifest.ts';
import type { WorkerState } from '../../protocol/snapshot.ts';
import { workerLookText, workerNote } from '../../text/workerLook.ts';
import type { Choice } from './prompts.ts';
import type { Services } from './services.ts';

/**
 * The workers that a command is meant for: those of the rows it was called on, or else what a person picks.
 *
 * @param args what a menu hands over: the row, and all chosen rows
 * @param isOffered whether the command makes sense for a worker
 * @returns their numbers, null for all of them; undefined when nobody was picked
 */
export async function chosenWorkers(
  { engine, prompts, messages }: Services,
  args: readonly unknown[],
  title: string,
  isOffered: (worker: WorkerState) => boolean,
): Promise<readonly number[] | null | undefined> {
  const rows = workersOfRows(args);
  if (rows.length > 0) return rows;
  const offered = engine.store.workers.filter(isOffered);
  if (offered.length === 0) {
    messages.information(
      vscode.l10n.t('{0}: there is no worker for which that would do anything now.', title),
    );
    return undefined;
  }
  const all: Choice<number | null> = { label: vscode.l10n.t('All of them'), value: null };
  const picked = await prompts.pick(
    offered.length > 1 ? [all, ...offered.map(workerChoice)] : offered.map(workerChoice),
    { title },
  );
  if (!picked) return undefined;
  return picked.value === null ? null : [picked.value];
}

/** A worker as something to pick. */
export function workerChoice(worker: WorkerState): Choice<number | null> & { readonly value: number } {
  const note = workerNote(worker);
  return {
    label: vscode.l10n.t('Worker {0}', worker.number),
    description: [workerLookText(worker.phase), worker.currentTar].filter(text => text !== null).join(' · '),
    ...(note === null ? {} : { detail: note }),
    value: worker.number,
  };
}

/** The answer to a command for workers while no run is under way. */
export function workersWhenIdle({ messages }: Services): void {
  messages.information(vscode.l10n.t('Nothing is running, so there are no workers.'), {
    title: vscode.l10n.t('Launch'),
    run: () => vscode.commands.executeCommand(commandIds.launch),
  });
}

/** The worker numbers of the rows of the "Workers" view, each once. */
export function workersOfRows(args: readonly unknown[]): number[] {
  const [row, rows] = args;
  const all: unknown[] = Array.isArray(rows) ? rows : [row];
  const numbers = all.flatMap(each =>
    typeof each === 'object' && each !== null && 'worker' in each && typeof each.worker === 'number'
      ? [each.worker]
      : [],
  );
  return [...new Set(numbers)];
}
