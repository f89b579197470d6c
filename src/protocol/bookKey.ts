import * as v from 'valibot';

/** What a book is known by: the SHA-1 of its bytes (40 lower-case hex digits) and their number. */
export const bookKeySchema = v.object({
  sha1: v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/)),
  sizeBytes: v.pipe(v.number(), v.integer(), v.minValue(0)),
});
export type BookKey = v.InferOutput<typeof bookKeySchema>;

/** The key as one string, for maps. */
export function keyText(key: BookKey): string {
  return `${key.sha1}-${String(key.sizeBytes)}`;
}
