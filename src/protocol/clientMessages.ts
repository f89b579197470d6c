import * as v from 'valibot';
import { failureSchema } from './errors.ts';
import { destinationOptionsSchema, ingestOptionsSchema } from './ingestOptions.ts';
import { failedTarSchema } from './progressFile.ts';
import { secretsSchema } from './secrets.ts';
import { runStateSchema, snapshotSchema, tarStateSchema, workerStateSchema } from './snapshot.ts';

/** What a client may ask of an engine. */
export const clientRequestSchema = v.variant('type', [
  /** Begin an ingest; answered by events, the first a `snapshot` or a `run:changed` in phase `refused`. */
  v.object({ type: v.literal('ingest:start'), options: ingestOptionsSchema, secrets: secretsSchema }),
  /** Finish the books in hand, save, and end. */
  v.object({ type: v.literal('ingest:stop') }),
  /** Send the whole state, for a client that has missed events. */
  v.object({ type: v.literal('snapshot:get') }),
  /** Say what has failed in a state folder; answered by `failures`, or by `request:failed`. */
  v.object({ type: v.literal('failures:list'), stateFolder: v.string() }),
  /**
   * Say whether a destination could take books now, without changing anything there; answered by
   * `destination:checked`, or by `request:failed`. Given up when the client leaves.
   */
  v.object({
    type: v.literal('destination:check'),
    options: destinationOptionsSchema,
    secrets: secretsSchema,
  }),
]);
export type ClientRequest = v.InferOutput<typeof clientRequestSchema>;

const sequence = v.pipe(v.number(), v.integer(), v.minValue(0));

/**
 * What an engine tells its clients. Events carry the whole new state of one thing, never a difference, so
 * that applying one twice, or missing one that a later one repeats, does no harm. `sequence` grows by one
 * from event to event; a gap is answered with `snapshot:get`.
 */
export const engineEventSchema = v.variant('type', [
  v.object({ type: v.literal('snapshot'), sequence, snapshot: snapshotSchema }),
  v.object({ type: v.literal('run:changed'), sequence, run: runStateSchema }),
  v.object({ type: v.literal('tar:changed'), sequence, tar: tarStateSchema }),
  v.object({ type: v.literal('worker:changed'), sequence, worker: workerStateSchema }),
  v.object({
    type: v.literal('book:failed'),
    sequence,
    tar: v.string(),
    member: v.string(),
    failure: failureSchema,
  }),
  /** Something a person should know that fails nothing, such as a damaged progress file kept aside. */
  v.object({ type: v.literal('notice'), sequence, message: v.string() }),
]);
export type EngineEvent = v.InferOutput<typeof engineEventSchema>;

/** An engine's answer to a request that is no part of a run. Not numbered. */
export const engineReplySchema = v.variant('type', [
  v.object({ type: v.literal('failures'), tars: v.array(failedTarSchema) }),
  /** Nothing is in the way; `message` says in one line what was found. */
  v.object({ type: v.literal('destination:checked'), message: v.string() }),
  v.object({ type: v.literal('request:failed'), failure: failureSchema }),
]);
export type EngineReply = v.InferOutput<typeof engineReplySchema>;

/** Whatever an engine sends to a client. */
export const engineMessageSchema = v.union([engineEventSchema, engineReplySchema]);
