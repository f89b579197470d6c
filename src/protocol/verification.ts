import * as v from 'valibot';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** So many members are named at most; the counts count all of them. */
export const mostNamedMembers = 10_000;

/** What a tar holds, compared with what its destination has. Nothing is changed by looking. */
export const verificationSchema = v.object({
  tar: v.string(),
  /** Members that are books, copies among them. */
  books: count,
  onShelf: count,
  missing: count,
  /** Books whose bytes could not be read. */
  unreadable: count,
  /** Members that are no books. */
  skipped: count,
  missingBooks: v.array(
    v.object({
      member: v.string(),
      sizeBytes: count,
      sha1: v.string(),
      /** What is wrong with a book that the destination lists nevertheless; null where it does not know it. */
      reason: v.nullable(v.string()),
    }),
  ),
  unreadableBooks: v.array(v.object({ member: v.string(), message: v.string() })),
  /** Why the tar could not be read to its end; null where it could. */
  damage: v.nullable(v.string()),
});
export type Verification = v.InferOutput<typeof verificationSchema>;
