import * as v from 'valibot';
import { bookFormatSchema } from './bookFormat.ts';
import { bookKeySchema, keyListSchema, keyListText } from './bookKey.ts';
import { failureSchema } from './errors.ts';
import { ingestOptionsSchema } from './ingestOptions.ts';
import { secretsSchema } from './secrets.ts';
import { resumePointSchema } from './resumePoint.ts';
import { skipReasons } from './skipReason.ts';
import { bookCountsSchema, duplicateLayerSchema, extractionSchema, workerPhaseSchema } from './snapshot.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/**
 * The engine's word on a key.
 *
 *   claimed    it is yours to upload
 *   duplicate  the shelf has it; `layer` knew
 *   pending    another upload of it is under way; a `claim:settled` follows with one of the other two
 */
export const verdictSchema = v.variant('kind', [
  v.object({ kind: v.literal('claimed') }),
  v.object({ kind: v.literal('duplicate'), layer: duplicateLayerSchema }),
  v.object({ kind: v.literal('pending') }),
]);
export type Verdict = v.InferOutput<typeof verdictSchema>;

/** Each verdict once: there may be as many as there are books. */
const verdictOf: Readonly<Record<string, Verdict>> = {
  c: { kind: 'claimed' },
  p: { kind: 'pending' },
  o: { kind: 'duplicate', layer: 'own' },
  t: { kind: 'duplicate', layer: 'others' },
  d: { kind: 'duplicate', layer: 'destination' },
};
const letterOfLayer = { own: 'o', others: 't', destination: 'd' } as const;

function verdictLetter(verdict: Verdict): string {
  if (verdict.kind === 'duplicate') return letterOfLayer[verdict.layer];
  return verdict.kind === 'claimed' ? 'c' : 'p';
}

/** Verdicts as a message has them: a letter each. */
const verdictListSchema = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const verdicts: Verdict[] = [];
    for (const letter of dataset.value) {
      const verdict = Object.hasOwn(verdictOf, letter) ? verdictOf[letter] : undefined;
      if (!verdict) {
        addIssue({ message: 'not a list of verdicts' });
        return NEVER;
      }
      verdicts.push(verdict);
    }
    return verdicts;
  }),
);

/** A worker's hold on a tar. What it says of the tar under an older epoch is refused. */
export const leaseSchema = v.object({ tar: v.string(), epoch: count });
export type Lease = v.InferOutput<typeof leaseSchema>;

/**
 * A batch of a tar that its holder leaves to a helper: all that it takes to read its books from the file by position. A
 * tar that is not of this size and time any more is another one.
 */
export const shareSchema = v.object({
  tarSizeBytes: count,
  tarMtimeMs: v.number(),
  members: v.array(
    v.object({
      name: v.string(),
      headerOffset: count,
      bodyOffset: count,
      sizeBytes: count,
      endOffset: count,
      format: bookFormatSchema,
    }),
  ),
});
export type Share = v.InferOutput<typeof shareSchema>;

/** What became of a book of a share, known by its header offset. */
export const shareOutcomeSchema = v.variant('kind', [
  v.object({
    kind: v.literal('stored'),
    headerOffset: count,
    key: bookKeySchema,
    outcome: v.picklist(['uploaded', 'already_exists']),
  }),
  v.object({
    kind: v.literal('duplicate'),
    headerOffset: count,
    key: bookKeySchema,
    layer: duplicateLayerSchema,
  }),
  v.object({ kind: v.literal('failed'), headerOffset: count, failure: failureSchema }),
  v.object({ kind: v.literal('noBook'), headerOffset: count, reason: v.picklist(skipReasons) }),
]);
export type ShareOutcome = v.InferOutput<typeof shareOutcomeSchema>;

/** From the engine to a worker. */
export const workerRequestSchema = v.variant('type', [
  v.object({
    type: v.literal('worker:init'),
    number: count,
    options: ingestOptionsSchema,
    secrets: secretsSchema,
    /** Identity of the destination, recorded with what was uploaded to it. */
    destinationId: v.string(),
    /** All tars dealt to this worker, recorded before the first one starts. */
    assignedTars: v.array(v.string()),
    /** Size of all of them together. */
    assignedBytes: count,
  }),
  /** The tars that are assigned to it have changed: others took some, or one came to it. To be recorded like the first. */
  v.object({ type: v.literal('tars:assigned'), assignedTars: v.array(v.string()) }),
  /** `resume` is what other workers have recorded of the tar, where that is more than nothing. */
  v.object({
    type: v.literal('tar:process'),
    lease: leaseSchema,
    /** The source folder that it lies in; null for an extraction folder whose tar is gone. */
    folder: v.nullable(v.string()),
    resume: v.nullable(resumePointSchema),
    /** Header offsets of members that ended two processes: they fail untouched, as `POISON`. */
    poison: v.optional(v.array(count), []),
    /**
     * Header offsets of members that were in hand when a process died in this tar. Up to the last of them
     * one member at a time is taken in hand, so that the next death names its cause.
     */
    suspects: v.optional(v.array(count), []),
  }),
  /** The tar is another's by now: leave it as it is, and write no more of it. */
  v.object({ type: v.literal('tar:revoked'), lease: leaseSchema }),
  /** To the holder of a tar: so many workers help with it by now. */
  v.object({ type: v.literal('share:wanted'), lease: leaseSchema, helpers: count }),
  /** To a helper. The lease is the holder's. */
  v.object({
    type: v.literal('share:process'),
    lease: leaseSchema,
    id: count,
    folder: v.string(),
    share: shareSchema,
  }),
  /** To a helper: the holder of the tar is no more, and nobody is left to hear of these shares. */
  v.object({ type: v.literal('share:dropped'), lease: leaseSchema }),
  /** To the holder: what its helper said. */
  v.object({
    type: v.literal('share:outcomes'),
    lease: leaseSchema,
    id: count,
    outcomes: v.array(shareOutcomeSchema),
  }),
  /**
   * To the holder: nobody is at this share any more. Its members without an outcome are the holder's own, and to be
   * taken one at a time where the helper died with them in hand.
   */
  v.object({ type: v.literal('share:ended'), lease: leaseSchema, id: count, hasDied: v.boolean() }),
  /** One verdict for each key of the request, in its order. */
  v.object({ type: v.literal('claim:answer'), id: count, verdicts: verdictListSchema }),
  v.object({ type: v.literal('claim:settled'), key: bookKeySchema, verdict: verdictSchema }),
  /** Finish the book in hand, save, exit. */
  v.object({ type: v.literal('worker:stop') }),
]);
export type WorkerRequest = v.InferOutput<typeof workerRequestSchema>;
/** In the form in which it goes over the channel. */
type SentRequest = v.InferInput<typeof workerRequestSchema>;

export function encodeRequest(request: WorkerRequest): SentRequest {
  if (request.type !== 'claim:answer') return request;
  return { ...request, verdicts: request.verdicts.map(verdictLetter).join('') };
}

/** From a worker to the engine. */
export const workerEventSchema = v.variant('type', [
  v.object({ type: v.literal('worker:ready') }),
  /**
   * Said once a second by a timer, so that its coming is the heartbeat; whether the counters moved is the
   * progress. They only grow, over all tars of the process.
   */
  v.object({
    type: v.literal('worker:health'),
    phase: workerPhaseSchema,
    /** Read from tars or extraction folders, extracted, or handed to the destination. */
    bytes: count,
    /** Looked at. */
    members: count,
    /** That have an outcome. */
    books: count,
    /** Resident memory of the process. */
    memoryBytes: count,
    parallelUploads: count,
  }),
  v.object({
    type: v.literal('tar:progress'),
    name: v.string(),
    phase: workerPhaseSchema,
    doneBytes: count,
    counts: bookCountsSchema,
    /** Null but in the phase `extract`. */
    extraction: v.nullable(extractionSchema),
  }),
  v.object({ type: v.literal('claim:request'), id: count, keys: keyListSchema }),
  /** Books that are on the shelf, and others whose claims are given back. */
  v.object({
    type: v.literal('claim:outcomes'),
    stored: keyListSchema,
    failed: keyListSchema,
  }),
  /** The tar in hand is one whose batches others can read, too. */
  v.object({ type: v.literal('share:possible') }),
  /** A batch of the tar in hand, for a helper. An id is used once under a lease. */
  v.object({ type: v.literal('share:offer'), id: count, share: shareSchema }),
  /** From a helper. */
  v.object({
    type: v.literal('share:outcomes'),
    lease: leaseSchema,
    id: count,
    outcomes: v.array(shareOutcomeSchema),
  }),
  /** From a helper, once nothing of the share is in its hand, whatever became of it. */
  v.object({ type: v.literal('share:ended'), lease: leaseSchema, id: count }),
  v.object({ type: v.literal('book:failed'), tar: v.string(), member: v.string(), failure: failureSchema }),
  v.object({
    type: v.literal('tar:ended'),
    name: v.string(),
    result: v.picklist(['completed', 'completedWithErrors', 'failed', 'stopped']),
    doneBytes: count,
    counts: bookCountsSchema,
    failure: v.nullable(failureSchema),
  }),
  v.object({ type: v.literal('notice'), message: v.string() }),
  /** It can do nothing until a person has mended something, and then goes on by itself. */
  v.object({ type: v.literal('worker:waiting'), failure: failureSchema }),
  v.object({ type: v.literal('worker:resumed') }),
  /** It cannot even begin until a person has mended something, and ends by itself. Another process would say the same. */
  v.object({ type: v.literal('worker:unable'), failure: failureSchema }),
]);
export type WorkerEvent = v.InferOutput<typeof workerEventSchema>;

/** An event in the form in which it is sent: with the lease under which it was said, if under any. */
export const workerMessageSchema = v.object({ lease: v.nullable(leaseSchema), event: workerEventSchema });
export type WorkerMessage = v.InferOutput<typeof workerMessageSchema>;
/** In the form in which it goes over the channel. */
type SentMessage = v.InferInput<typeof workerMessageSchema>;

export function encodeMessage({ lease, event }: WorkerMessage): SentMessage {
  switch (event.type) {
    case 'claim:request':
      return { lease, event: { ...event, keys: keyListText(event.keys) } };
    case 'claim:outcomes':
      return {
        lease,
        event: { ...event, stored: keyListText(event.stored), failed: keyListText(event.failed) },
      };
    default:
      return { lease, event };
  }
}
