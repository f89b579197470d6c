import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface FaultOptions {
  /** A folder that is there. */
  readonly flags: string;
  readonly slowReadMs?: number;
  readonly slowWriteMs?: number;
}

/** Variables for a command whose workers are to have the faults of `workerFaults.mjs`. */
export function faultEnv(options: FaultOptions): Record<string, string> {
  const preload = pathToFileURL(join(import.meta.dirname, 'workerFaults.mjs')).href;
  return { NODE_OPTIONS: `--import ${preload}`, TARSHELF_FAULTS: JSON.stringify(options) };
}
