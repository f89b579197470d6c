// Control characters, and the two separators that some programs take for the end of a line.
// eslint-disable-next-line no-control-regex -- finding them is the purpose
const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/**
 * A name out of a tar, made safe to show, to log and to keep in JSON: control characters are dropped. It may
 * still be absolute or hold `..`, and is never used as a path on disk.
 *
 * Bytes that are no UTF-8 become U+FFFD. That loses them, and guessing an encoding would lose more: names only
 * say what a person reads, and a member is known by its offset.
 */
export function memberName(bytes: Buffer, start = 0, end = bytes.length): string {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x20 || byte > 0x7e) return bytes.toString('utf8', start, end).replace(unprintable, '');
  }
  return bytes.toString('latin1', start, end);
}
