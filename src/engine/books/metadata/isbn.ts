/** The ISBN that a text is, whatever stands between its digits: 10 or 13 of them with the right check digit. */
export function isbnIn(text: string): string | undefined {
  if (text.length > 64) return undefined;
  const digits = text
    .toUpperCase()
    // The word may say which of the two lengths it has.
    .replace(/ISBN(?:[- ]1[03])?(?=[\s:-])/g, '')
    .replace(/[^\dX]/g, '');
  return isIsbn10(digits) || isIsbn13(digits) ? digits : undefined;
}

function isIsbn10(digits: string): boolean {
  if (!/^\d{9}[\dX]$/.test(digits) || isOneDigit(digits)) return false;
  const sum = Array.from(digits).reduce(
    (total, digit, index) => total + (digit === 'X' ? 10 : Number(digit)) * (10 - index),
    0,
  );
  return sum % 11 === 0;
}

function isIsbn13(digits: string): boolean {
  if (!/^97[89]\d{10}$/.test(digits)) return false;
  const sum = Array.from(digits).reduce(
    (total, digit, index) => total + Number(digit) * (index % 2 === 0 ? 1 : 3),
    0,
  );
  return sum % 10 === 0;
}

/** 0000000000 has the right check digit, and is what people type who have no number. */
function isOneDigit(digits: string): boolean {
  return new Set(digits).size === 1;
}
