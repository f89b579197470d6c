/**
 * Node before 24 decodes windows-1252 as if it were ISO 8859-1, so that quotation marks and dashes become
 * control characters. These are the 32 places in which the two differ; the unassigned ones stay as they are.
 */
const differences =
  '\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f' +
  '\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178';

const between = /[\x80-\x9f]/g;

export function decodeWindows1252(bytes: Buffer): string {
  return bytes.toString('latin1').replace(between, c => differences.charAt(c.charCodeAt(0) - 0x80));
}
