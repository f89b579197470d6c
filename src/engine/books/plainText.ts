/** Shorter texts are notes. */
const leastBytes = 512;

/**
 * Whether bytes are surely the beginning of a text to be read: UTF-8, or one of the Cyrillic or Latin encodings of
 * one byte a letter. A text is letters and blanks for the most part, and has no control characters.
 */
export function isPlainText(head: Buffer): boolean {
  if (head.length < leastBytes) return false;
  for (const byte of head) if (isControl(byte)) return false;
  const text = asUtf8(head);
  if (text === null) return countOf(head, isLetterOrBlankByte) >= head.length * 0.8;
  return (text.match(/[\p{L}\p{M}\s]/gu)?.length ?? 0) >= Array.from(text).length * 0.7;
}

function isControl(byte: number): boolean {
  return byte === 0x7f || (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d && byte !== 0x0c);
}

/** Null where it is no UTF-8; a character that the head's end cuts off does no harm. */
function asUtf8(head: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
  } catch {
    return null;
  }
}

/** Letters stand in the upper half of windows-1251, KOI8-R and windows-1252 from here on. */
function isLetterOrBlankByte(byte: number): boolean {
  const letter = byte | 0x20;
  return byte >= 0xc0 || byte <= 0x20 || (letter >= 0x61 && letter <= 0x7a);
}

function countOf(bytes: Buffer, counts: (byte: number) => boolean): number {
  let count = 0;
  for (const byte of bytes) if (counts(byte)) count++;
  return count;
}
