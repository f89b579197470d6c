import { check } from './check.ts';
import { failed } from './failed.ts';
import { ingest } from './ingest.ts';
import { logs } from './logs.ts';
import { retry } from './retry.ts';
import { status } from './status.ts';
import type { Verb } from './verb.ts';

/** All verbs by their names, in the order of the help. */
export const verbs: ReadonlyMap<string, Verb> = new Map([
  ['ingest', ingest],
  ['status', status],
  ['failed', failed],
  ['retry', retry],
  ['logs', logs],
  ['check', check],
]);
