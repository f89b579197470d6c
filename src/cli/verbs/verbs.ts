import { attach } from './attach.ts';
import { check } from './check.ts';
import { failed } from './failed.ts';
import { ingest } from './ingest.ts';
import { logs } from './logs.ts';
import { retry } from './retry.ts';
import { status } from './status.ts';
import { stop } from './stop.ts';
import type { Verb } from './verb.ts';
import { pause, reassign, restart, resume } from './workers.ts';

/** All verbs by their names, in the order of the help. */
export const verbs: ReadonlyMap<string, Verb> = new Map([
  ['ingest', ingest],
  ['status', status],
  ['attach', attach],
  ['stop', stop],
  ['pause', pause],
  ['resume', resume],
  ['restart', restart],
  ['reassign', reassign],
  ['failed', failed],
  ['retry', retry],
  ['logs', logs],
  ['check', check],
]);
