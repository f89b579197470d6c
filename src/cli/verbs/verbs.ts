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
export const verbs: ReadonlyMap<string, Verb> = new Map(
  [ingest, status, attach, stop, pause, resume, restart, reassign, failed, retry, logs, check].map(verb => [
    verb.name,
    verb,
  ]),
);
