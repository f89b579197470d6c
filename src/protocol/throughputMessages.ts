import * as v from 'valibot';
import { duplicateCountsSchema } from './snapshot.ts';
import { phasesSchema, throughputHistorySchema, throughputPointSchema } from './throughput.ts';

/*
 * What the throughput page and the extension say to each other. Pages come and go with their visibility, so that a
 * page asks for everything when it begins, and what it is told after that is complete in itself.
 */

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const amount = v.pipe(v.number(), v.minValue(0));

export const throughputRanges = ['minutes', 'hour', 'run'] as const;
export type ThroughputRange = (typeof throughputRanges)[number];

/** How the run stands at this moment. */
export const throughputStateSchema = v.object({
  /** As the other views name it; see `views/engineReader.ts`. */
  kind: v.picklist(['none', 'starting', 'running', 'stopping', 'finished', 'stopped', 'lost']),
  run: v.nullable(
    v.object({
      totalBytes: count,
      doneBytes: count,
      bytesPerSecond: amount,
      secondsLeft: v.nullable(amount),
      uploaded: count,
      duplicates: duplicateCountsSchema,
      failed: count,
    }),
  ),
  workers: count,
});
export type ThroughputState = v.InferOutput<typeof throughputStateSchema>;

export const toPageSchema = v.variant('type', [
  v.object({
    type: v.literal('full'),
    /** The language of the window, and its texts by the English ones. */
    language: v.string(),
    texts: v.record(v.string(), v.string()),
    state: throughputStateSchema,
    history: v.nullable(throughputHistorySchema),
  }),
  v.object({ type: v.literal('state'), state: throughputStateSchema }),
  v.object({
    type: v.literal('added'),
    since: count,
    point: throughputPointSchema,
    phases: phasesSchema,
    state: throughputStateSchema,
  }),
]);
export type ToPage = v.InferOutput<typeof toPageSchema>;

const largestPictureChars = 30_000_000;

export const fromPageSchema = v.variant('type', [
  /** Send everything: the page has begun, or has seen that it missed something. */
  v.object({ type: v.literal('ready') }),
  v.object({ type: v.literal('launch') }),
  v.object({ type: v.literal('export:csv'), range: v.picklist(throughputRanges) }),
  v.object({
    type: v.literal('export:png'),
    base64: v.pipe(
      v.string(),
      v.maxLength(largestPictureChars),
      v.regex(/^iVBORw0KGgo[A-Za-z0-9+/]*={0,2}$/),
    ),
  }),
]);
export type FromPage = v.InferOutput<typeof fromPageSchema>;
