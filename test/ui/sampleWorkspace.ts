import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { atExit } from '../../scripts/atExit.ts';
import { makeSampleTars, type SampleTruth } from '../../src/samples/makeSample.ts';

export interface SampleWorkspace {
  /** The folder to open. It holds nothing but a folder `tars`. */
  readonly folder: string;
  /** What is in the tars. */
  readonly truth: SampleTruth;
  remove(): void;
}

/** A throw-away folder with sample tars in it. */
export async function makeSampleWorkspace(): Promise<SampleWorkspace> {
  const folder = mkdtempSync(path.join(realpathSync(tmpdir()), 'tarshelf-ui-'));
  const remove = atExit(() => {
    // An engine that was just let go of may still be writing its last line there.
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });
  return { folder, remove, truth: await makeSampleTars(path.join(folder, 'tars')) };
}
