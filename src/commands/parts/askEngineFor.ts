import { engineText } from '../../text/engineText.ts';
import type { Services } from './services.ts';
import { showFailure } from '../showFailure.ts';

/** Asks the engine for each of the workers, or once for all of them, and shows what it answers. */
export async function askEngineFor(
  services: Services,
  workers: readonly number[] | null | undefined,
  ask: (worker: number | null) => Promise<string | null>,
): Promise<void> {
  if (workers === undefined) return;
  const answers: string[] = [];
  try {
    for (const worker of workers ?? [null]) {
      const answer = await ask(worker);
      if (answer !== null) answers.push(engineText(answer));
    }
  } catch (thrown) {
    showFailure(services, thrown);
  }
  if (answers.length > 0) services.messages.information(answers.join(' '));
}
