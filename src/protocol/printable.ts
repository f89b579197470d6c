// Control characters, line and paragraph separators, and the marks that turn the direction of text: the name of a tar or a
// member may hold any of them, and none may move a cursor, make one name look like another, or turn round what stands beside it.
const unprintable = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** The text on one line, with nothing in it that a terminal or a window would obey. */
export function printable(text: string): string {
  return text.replace(unprintable, '\ufffd');
}
