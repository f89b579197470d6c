import * as vscode from 'vscode';
import type { WorkerState } from '../protocol/snapshot.ts';
import { askEngineFor } from './parts/askEngineFor.ts';
import { chosenWorkers } from './parts/chosenWorkers.ts';
import type { IngestCommands, Services } from './parts/services.ts';

type WorkerCommand = (services: Services, ...args: readonly unknown[]) => Promise<void>;

/** Stops workers gently and starts them again. */
export const restartWorkers = workerCommand(
  () => vscode.l10n.t('Tarshelf: Restart Worker'),
  worker => worker.phase !== 'stopped',
  (engine, worker) => engine.restartWorker(worker),
);

/** Stops workers gently until somebody resumes them; their tars stay their own. */
export const pauseWorkers = workerCommand(
  () => vscode.l10n.t('Tarshelf: Pause Worker'),
  worker => worker.phase !== 'paused' && worker.phase !== 'stopped',
  (engine, worker) => engine.pauseWorker(worker),
);

export const resumeWorkers = workerCommand(
  () => vscode.l10n.t('Tarshelf: Resume Worker'),
  worker => worker.phase === 'paused',
  (engine, worker) => engine.resumeWorker(worker),
);

/** These ask for all workers at once. */
export async function pauseAll(services: Services): Promise<void> {
  await askEngineFor(services, null, worker => services.engine.pauseWorker(worker));
}

export async function resumeAll(services: Services): Promise<void> {
  await askEngineFor(services, null, worker => services.engine.resumeWorker(worker));
}

export async function restartAll(services: Services): Promise<void> {
  await askEngineFor(services, null, worker => services.engine.restartWorker(worker));
}

/** A command on the workers of the chosen rows, or on those that a person picks. */
function workerCommand(
  title: () => string,
  isOffered: (worker: WorkerState) => boolean,
  ask: (engine: IngestCommands, worker: number | null) => Promise<string | null>,
): WorkerCommand {
  return async (services, ...args) => {
    const workers = await chosenWorkers(services, args, title(), isOffered);
    await askEngineFor(services, workers, worker => ask(services.engine, worker));
  };
}
