import type { IngestOptions } from '../../protocol/ingestOptions.ts';
import type { Summary } from '../../protocol/snapshot.ts';
import { launchWhileRunning } from '../launchWhileRunning.ts';
import type { Services } from './services.ts';
import { showFailure } from '../showFailure.ts';
import { optionsAsOf } from './shownRun.ts';
import { askToSignIn } from '../signIn.ts';

/**
 * Runs an ingest, by the settings or as an earlier one. Resolves when the run has ended, with what came of it; undefined when it did not
 * begin, or ended without a summary. Failures are shown, not thrown.
 *
 * @param of the folders of tars, all else as it is set; or the run whose tars are dealt with, see `optionsAsOf`
 * @param change what is asked for beyond the settings
 * @param again begins anew what the person wanted, once somebody has signed in
 */
export async function runIngest(
  services: Services,
  of: readonly string[] | IngestOptions,
  change: Pick<IngestOptions, 'tars' | 'retry'>,
  again: () => unknown,
): Promise<Summary | undefined> {
  const { engine, settings, secrets } = services;
  try {
    // In another window, or while a question was open, another launch may have begun.
    const stateFolder = isRun(of) ? of.stateFolder : settings.stateFolder;
    await engine.find(stateFolder, destination => secrets.of(destination));
    if (engine.isRunning) {
      launchWhileRunning(services);
      return undefined;
    }
    const base = isRun(of) ? optionsAsOf(services, of) : settings.ingestOptions(of);
    const options: IngestOptions = { ...base, ...change };
    if (await secrets.isPasswordMissing(options.destination)) {
      askToSignIn(services, options.destination, again);
      return undefined;
    }
    const run = await engine.ingest(options, await secrets.of(options.destination));
    return run.summary ?? undefined;
  } catch (thrown) {
    showFailure(services, thrown);
    return undefined;
  }
}

function isRun(of: readonly string[] | IngestOptions): of is IngestOptions {
  return 'stateFolder' in of;
}
