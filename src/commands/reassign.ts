import * as vscode from 'vscode';
import type { WorkerState } from '../protocol/snapshot.ts';
import { askEngineFor } from './parts/askEngineFor.ts';
import { chosenWorkers, workerChoice } from './parts/chosenWorkers.ts';
import type { Choice } from './parts/prompts.ts';
import type { Services } from './parts/services.ts';

/** Gives the tars of workers that do not work to others, which a person picks. */
export async function reassign(services: Services, ...args: readonly unknown[]): Promise<void> {
  const { engine, prompts } = services;
  const title = vscode.l10n.t("Tarshelf: Reassign Stopped Worker's Tars");
  const chosen = await chosenWorkers(
    services,
    args,
    title,
    worker => !isAtWork(worker) && hasTars(services, worker),
  );
  if (chosen === undefined) return;
  const from =
    chosen ??
    engine.store.workers
      .filter(worker => !isAtWork(worker) && hasTars(services, worker))
      .map(({ number }) => number);
  const others = engine.store.workers.filter(
    worker => !from.includes(worker.number) && worker.phase !== 'paused',
  );
  if (others.length === 0) {
    services.messages.information(vscode.l10n.t('{0}: there is no other worker to give them to.', title));
    return;
  }
  const choices: Choice<number>[] = others.map(worker => ({ ...workerChoice(worker), picked: true }));
  const to = await prompts.pickMany(choices, {
    title: vscode.l10n.t('{0}: to whom?', title),
    placeHolder: vscode.l10n.t('The tars are dealt to the workers that are ticked'),
  });
  if (!to || to.length === 0) return;
  const targets = to.length === others.length ? null : to.map(({ value }) => value);
  await askEngineFor(services, from, worker =>
    worker === null ? Promise.resolve(null) : engine.reassign(worker, targets),
  );
}

function isAtWork({ phase }: WorkerState): boolean {
  return phase !== 'paused' && phase !== 'died' && phase !== 'stopped';
}

function hasTars({ engine }: Services, { number }: WorkerState): boolean {
  return engine.store.tars.some(tar => tar.worker === number && tar.phase === 'waiting');
}
