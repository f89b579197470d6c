// Byte-order marks stand in the middle of texts that were put together; the marks for direction would turn
// what follows a title in a list around, and half a surrogate pair cannot be stored as UTF-8.
const unwanted = /(?![\s\u0085])[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu;
const whiteSpace = /[\s\u0085]+/gu;

/**
 * A text as it goes to a shelf: white space folded, NUL and other control characters removed, composed (NFC),
 * and not longer than `maxLength` code points.
 */
export function cleanText(text: string, maxLength: number): string {
  // First cut, then clean: what stands behind a megabyte of text needs no work. White space and control
  // characters are given room, as they will go.
  const start = text.slice(0, maxLength * 8 + 1024);
  // What is unwanted goes first: white space on both sides of it is one.
  if (isClean(start)) return capped(start, maxLength).trimEnd();
  const clean = start.replace(unwanted, '').replace(whiteSpace, ' ').normalize('NFC').trim();
  return capped(clean, maxLength).trimEnd();
}

/**
 * Whether a text is as it will be: without a blank too many, in letters that nothing is composed of, in Latin or Cyrillic.
 * Most are, and to see that costs a tenth of making sure of it.
 */
function isClean(text: string): boolean {
  let before = 0x20;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x20 ? before === 0x20 : !isLetter(code)) return false;
    before = code;
  }
  return before !== 0x20;
}

function isLetter(code: number): boolean {
  return (
    (code > 0x20 && code < 0x7f) ||
    (code > 0xa0 && code < 0x300) ||
    (code >= 0x400 && code < 0x483) ||
    // Dashes and quotation marks.
    (code >= 0x2010 && code <= 0x2026)
  );
}

function capped(text: string, maxLength: number): string {
  // A code point has one or two code units.
  if (text.length <= maxLength) return text;
  return Array.from(text.slice(0, maxLength * 2))
    .slice(0, maxLength)
    .join('');
}
