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

const dash = 0x2d;
const blank = 0x20;
const sha1Digits = 40;

/** Keys as a message has them: one text, for a check of each key by a schema takes longer than all else that is said of it. */
export function keyListText(keys: readonly BookKey[]): string {
  let text = '';
  for (const key of keys) text += `${keyText(key)} `;
  return text;
}

/** The keys of such a text; null where it is none. */
function readKeyList(text: string): BookKey[] | null {
  const keys: BookKey[] = [];
  for (let at = 0; at < text.length;) {
    const end = at + sha1Digits;
    for (let digit = at; digit < end; digit++) if (!isHexDigit(text.charCodeAt(digit))) return null;
    if (text.charCodeAt(end) !== dash) return null;
    let sizeBytes = 0;
    let next = end + 1;
    for (; text.charCodeAt(next) !== blank; next++) {
      const digit = text.charCodeAt(next) - 0x30;
      // Also where the text ends: what is no number is no digit.
      if (!(digit >= 0 && digit <= 9)) return null;
      sizeBytes = sizeBytes * 10 + digit;
    }
    if (next === end + 1 || !Number.isSafeInteger(sizeBytes)) return null;
    keys.push({ sha1: text.slice(at, end), sizeBytes });
    at = next + 1;
  }
  return keys;
}

function isHexDigit(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66);
}

export const keyListSchema = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const keys = readKeyList(dataset.value);
    if (keys) return keys;
    addIssue({ message: 'not a list of keys' });
    return NEVER;
  }),
);
