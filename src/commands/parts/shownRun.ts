import { SettingUnusable } from '../../settings/destinationSettings.ts';
import { destinationText } from '../../protocol/destinationText.ts';
import type { DestinationOptions, IngestOptions } from '../../protocol/ingestOptions.ts';
import type { Services } from './services.ts';

/** The options of the run whose tars are shown; null where none is, and what is set counts. */
export function shownRun({ engine }: Services): IngestOptions | null {
  const { options, tars } = engine.store;
  return options && tars.length > 0 ? options : null;
}

/** The state folder of the run that is shown, from its begin on, or else the one that is set. */
export function shownStateFolder({ engine, settings }: Pick<Services, 'engine' | 'settings'>): string {
  const { run, tars } = engine.store;
  // One that was refused has none to show.
  const isShown = engine.isRunning || tars.length > 0;
  return (isShown ? run?.stateFolder : undefined) ?? settings.stateFolder;
}

/**
 * What an ingest goes by that deals with tars of a run: the folders and the shelf are its own, for other ones may be
 * set by now. All else is as it is set: it may have been set anew so that what failed works the next time.
 *
 * @throws SettingUnusable
 */
export function optionsAsOf({ settings }: Services, run: IngestOptions): IngestOptions {
  const { sourceFolders, stateFolder } = run;
  const destination = sameShelf(run.destination, () => settings.destination());
  return { ...settings.ingestOptions(sourceFolders, destination), stateFolder };
}

/** What is set where that is the same shelf, which may be asked otherwise now. */
function sameShelf(of: DestinationOptions, set: () => DestinationOptions): DestinationOptions {
  try {
    const destination = set();
    const isSame = destination.kind === of.kind && destinationText(destination) === destinationText(of);
    return isSame ? destination : of;
  } catch (thrown) {
    if (thrown instanceof SettingUnusable) return of;
    throw thrown;
  }
}
