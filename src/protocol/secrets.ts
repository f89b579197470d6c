import * as v from 'valibot';

/**
 * What opens a destination. Travels from process to process beside the options and never in them, so that it
 * stands in no state file, no log, no snapshot and no argument.
 */
export const secretsSchema = v.object({
  /** Of the destination's user. */
  password: v.nullable(v.string()),
  /** Of the user in the address of its database. */
  databasePassword: v.nullable(v.string()),
});
export type Secrets = v.InferOutput<typeof secretsSchema>;

export const noSecrets: Secrets = { password: null, databasePassword: null };
