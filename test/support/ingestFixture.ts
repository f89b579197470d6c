import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { tarshelf, type Finished } from './commandLine.ts';
import { useTempFolder } from './tempFolder.ts';

/** Folders of one test, and the built command line on them. */
export interface IngestFixture {
  /** Empty but for what follows. */
  readonly folder: () => string;
  /** Where the test puts its tars; it is there, and empty. */
  readonly source: () => string;
  /** Made by the first ingest. */
  readonly state: () => string;
  /** Where an ingest puts the books when it is not told otherwise. */
  readonly library: () => string;
  /** The arguments of an ingest that prints JSON. */
  readonly args: (...more: string[]) => string[];
  /** Runs one to its end. */
  readonly ingest: (...more: string[]) => Promise<Finished>;
}

/** Gives each test of the suite folders of its own. Call within `describe`. */
export function useIngest(): IngestFixture {
  const folder = useTempFolder();
  const source = (): string => join(folder(), 'tars');
  const state = (): string => join(folder(), 'state');
  const args = (...more: string[]): string[] => [
    ...['ingest', source(), '--state-dir', state(), '--json'],
    ...more,
  ];
  beforeEach(async () => {
    await mkdir(source());
  });
  return {
    ...{ folder, source, state, args },
    library: () => join(state(), 'library'),
    ingest: (...more) => tarshelf(args(...more)),
  };
}
