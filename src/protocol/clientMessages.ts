import * as v from 'valibot';
import { failureSchema } from './errors.ts';
import { historyEntrySchema } from './history.ts';
import { destinationOptionsSchema, ingestOptionsSchema } from './ingestOptions.ts';
import { planSchema } from './plan.ts';
import { failedTarSchema } from './progressFile.ts';
import { progressSummarySchema } from './progressSummary.ts';
import { secretsSchema } from './secrets.ts';
import { runStateSchema, snapshotSchema, tarStateSchema, workerStateSchema } from './snapshot.ts';
import { phasesSchema, throughputHistorySchema, throughputPointSchema } from './throughput.ts';
import { verificationSchema } from './verification.ts';

/*
 * What clients and the engine of a state folder say to each other, each message one line of JSON over a local
 * socket or named pipe. Requests go down with an id and are answered once; numbered events come up.
 */

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const workerNumber = v.pipe(v.number(), v.integer(), v.minValue(1));

/**
 * What becomes of a run when its last client leaves. A client that has no opinion leaves the last one's in force.
 *
 *   keepRunning  it goes on
 *   stop         the books in hand are finished, and the engine ends
 */
export const whenLeftChoices = ['keepRunning', 'stop'] as const;
export const whenLeftSchema = v.picklist(whenLeftChoices);
export type WhenLeft = v.InferOutput<typeof whenLeftSchema>;

/** What a client may ask of an engine. */
export const clientRequestSchema = v.variant('type', [
  /**
   * The first request of each connection; without the right token the engine hangs up. Answered by a `welcome`, or,
   * where the protocol is another, by `ENGINE_OTHER_VERSION`: then it takes `engine:end` on this connection and
   * nothing else, so that the form of these two must never change.
   */
  v.object({
    type: v.literal('client:hello'),
    token: v.string(),
    protocol: count,
    /** Of the client's program. */
    version: v.string(),
    whenLeft: v.nullable(whenLeftSchema),
  }),
  v.object({ type: v.literal('client:when-left'), whenLeft: whenLeftSchema }),
  /** Send the whole state as an event, for a client that has missed some. */
  v.object({ type: v.literal('snapshot:get') }),
  /** Say how fast the present or else the last run was, from its begin on; answered by `throughput`. */
  v.object({ type: v.literal('throughput:get') }),
  /** Begin an ingest. Answered when it has begun, or was refused; the rest is told by events. */
  v.object({ type: v.literal('ingest:start'), options: ingestOptionsSchema, secrets: secretsSchema }),
  /** Finish the books in hand, save, and end the run. Answered when it is under way. */
  v.object({ type: v.literal('ingest:stop') }),
  /** Stop a worker gently and start it again; null: all of them. */
  v.object({ type: v.literal('worker:restart'), worker: v.nullable(workerNumber) }),
  /** Stop a worker gently until it is resumed; its tars stay its own. Null: all. */
  v.object({ type: v.literal('worker:pause'), worker: v.nullable(workerNumber) }),
  v.object({ type: v.literal('worker:resume'), worker: v.nullable(workerNumber) }),
  /** Give the tars of a worker that does not work to others, to these if any are named. */
  v.object({
    type: v.literal('tars:reassign'),
    worker: workerNumber,
    to: v.nullable(v.array(workerNumber)),
  }),
  /**
   * End the engine: at once where nothing runs and nobody else is attached; else, with `drain`, after stopping
   * the run. Answered before it ends; refused as `ENGINE_BUSY` where it stays.
   */
  v.object({ type: v.literal('engine:end'), drain: v.boolean() }),
]);
export type ClientRequest = v.InferOutput<typeof clientRequestSchema>;

export const clientFrameSchema = v.object({ id: count, request: clientRequestSchema });
export type ClientFrame = v.InferOutput<typeof clientFrameSchema>;

/**
 * What an engine tells its clients. Events carry the whole new state of one thing, never a difference, so
 * that applying one twice, or missing one that a later one repeats, does no harm. `sequence` grows by one
 * from event to event over the engine's whole life, the same for all clients; a gap is answered with
 * `snapshot:get`. A snapshot has the number of the last event that it includes.
 */
export const engineEventSchema = v.variant('type', [
  v.object({ type: v.literal('snapshot'), sequence: count, snapshot: snapshotSchema }),
  v.object({ type: v.literal('run:changed'), sequence: count, run: runStateSchema }),
  v.object({ type: v.literal('tar:changed'), sequence: count, tar: tarStateSchema }),
  v.object({ type: v.literal('worker:changed'), sequence: count, worker: workerStateSchema }),
  v.object({
    type: v.literal('book:failed'),
    sequence: count,
    tar: v.string(),
    member: v.string(),
    failure: failureSchema,
  }),
  /** Something a person should know that fails nothing, such as a damaged progress file kept aside. */
  v.object({ type: v.literal('notice'), sequence: count, message: v.string() }),
  v.object({ type: v.literal('history:added'), sequence: count, entry: historyEntrySchema }),
  /** Once a second while a run is at work. Who has missed a point asks for all by `throughput:get`. */
  v.object({
    type: v.literal('throughput:added'),
    sequence: count,
    /** Which series it belongs to; see `throughputHistorySchema`. */
    since: count,
    point: throughputPointSchema,
    phases: phasesSchema,
  }),
]);
export type EngineEvent = v.InferOutput<typeof engineEventSchema>;

/** An event but for its number, which the engine gives. */
type Unnumbered<E> = E extends EngineEvent ? Omit<E, 'sequence'> : never;
export type UnnumberedEvent = Unnumbered<EngineEvent>;

export const engineAnswerSchema = v.variant('type', [
  v.object({
    type: v.literal('welcome'),
    protocol: count,
    /** Of the engine's program. */
    version: v.string(),
    pid: workerNumber,
  }),
  /** Done, or under way; `message` says in one line what, where that is not plain from the request. */
  v.object({ type: v.literal('done'), message: v.nullable(v.string()) }),
  /** Null before the first run was at work. */
  v.object({ type: v.literal('throughput'), history: v.nullable(throughputHistorySchema) }),
  v.object({ type: v.literal('request:failed'), failure: failureSchema }),
]);
export type EngineAnswer = v.InferOutput<typeof engineAnswerSchema>;

export const engineFrameSchema = v.variant('type', [
  v.object({ type: v.literal('event'), event: engineEventSchema }),
  v.object({ type: v.literal('answer'), id: count, answer: engineAnswerSchema }),
]);
export type EngineFrame = v.InferOutput<typeof engineFrameSchema>;

/**
 * What an engine process says over the channel to whoever started it, once: that it can be found, or why not.
 * Then the channel is of no more use to either.
 */
export const engineStartSchema = v.variant('type', [
  v.object({ type: v.literal('engine:ready') }),
  v.object({ type: v.literal('engine:refused'), failure: failureSchema }),
]);
export type EngineStart = v.InferOutput<typeof engineStartSchema>;

/** A question to an engine process that is there for nothing else; over the channel to whoever started it. */
export const questionSchema = v.variant('type', [
  /** Say what has failed in a state folder; answered by `failures`, or by `request:failed`. */
  v.object({ type: v.literal('failures:list'), stateFolder: v.string() }),
  /** Say what stands in the progress files of a state folder; answered by `progress:files`, or by `request:failed`. */
  v.object({ type: v.literal('progress:list'), stateFolder: v.string() }),
  /**
   * Say whether a destination could take books now, without changing anything there; answered by
   * `destination:checked`, or by `request:failed`. Given up when the client leaves.
   */
  v.object({
    type: v.literal('destination:check'),
    options: destinationOptionsSchema,
    secrets: secretsSchema,
  }),
  /** Say what a run would do if it began now; answered by `plan`, or by `request:failed`. Nothing is locked. */
  v.object({ type: v.literal('plan:make'), options: ingestOptionsSchema }),
  /**
   * Read a tar and compare it with what the destination has; answered by `tar:verified`, or by `request:failed`,
   * with `progress` meanwhile. Given up when the client leaves.
   */
  v.object({
    type: v.literal('tar:verify'),
    options: ingestOptionsSchema,
    secrets: secretsSchema,
    tar: v.string(),
  }),
]);
export type Question = v.InferOutput<typeof questionSchema>;

export const replySchema = v.variant('type', [
  v.object({ type: v.literal('failures'), tars: v.array(failedTarSchema) }),
  v.object({ type: v.literal('progress:files'), files: v.array(progressSummarySchema) }),
  /** Nothing is in the way; `message` says in one line what was found. */
  v.object({ type: v.literal('destination:checked'), message: v.string() }),
  v.object({ type: v.literal('plan'), plan: planSchema }),
  /** No answer yet: how far the work on it is. */
  v.object({ type: v.literal('progress'), doneBytes: count, totalBytes: count }),
  v.object({ type: v.literal('tar:verified'), verification: verificationSchema }),
  v.object({ type: v.literal('request:failed'), failure: failureSchema }),
]);
export type Reply = v.InferOutput<typeof replySchema>;
