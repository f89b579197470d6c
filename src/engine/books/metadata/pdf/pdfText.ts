const utf16be = new TextDecoder('utf-16be');
const utf16le = new TextDecoder('utf-16le');
/** The places where PDFDocEncoding differs from ISO 8859-1; `\ufffd` stands for what is not assigned. */
const pdfDocLow = '\u02d8\u02c7\u02c6\u02d9\u02dd\u02db\u02da\u02dc';
const pdfDocHigh =
  '\u2022\u2020\u2021\u2026\u2014\u2013\u0192\u2044\u2039\u203a\u2212\u2030\u201e\u201c\u201d\u2018' +
  '\u2019\u201a\u2122\ufb01\ufb02\u0141\u0152\u0160\u0178\u017d\u0131\u0142\u0153\u0161\u017e\ufffd\u20ac';
const pdfDocDifferences = /[^ -\x7f\xa1-\xff]/g;

/** The text of a string, given its bytes as characters: a mark tells UTF-16 and UTF-8 from PDFDocEncoding. */
export function decodePdfText(bytes: string): string {
  if (bytes.startsWith('\xfe\xff')) return withoutLanguages(utf16be.decode(Buffer.from(bytes, 'latin1')));
  if (bytes.startsWith('\xff\xfe')) return utf16le.decode(Buffer.from(bytes, 'latin1'));
  if (bytes.startsWith('\xef\xbb\xbf')) return Buffer.from(bytes.slice(3), 'latin1').toString('utf8');
  return bytes.replace(pdfDocDifferences, character => {
    const code = character.charCodeAt(0);
    if (code < 0x18) return character;
    return code < 0x80 ? pdfDocLow.charAt(code - 0x18) : pdfDocHigh.charAt(code - 0x80);
  });
}

/** A change of language stands within the text, between two escape characters. */
function withoutLanguages(text: string): string {
  return text
    .split('\u001b')
    .filter((_, index) => index % 2 === 0)
    .join('');
}

const pdfDate = /^(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:(Z)|([+-])(\d\d)'?(\d\d)?)?/;

/** The moment that `D:20240115120000+01'00'` means, in milliseconds; undefined for what is no date. */
export function pdfDateMs(text: string): number | undefined {
  const match = pdfDate.exec(text);
  if (!match) return undefined;
  const part = (index: number, otherwise: number): number => Number(match[index] ?? otherwise);
  const localMs = Date.UTC(part(1, 0), part(2, 1) - 1, part(3, 1), part(4, 0), part(5, 0), part(6, 0));
  const offset = (part(9, 0) * 60 + part(10, 0)) * 60_000;
  return match[8] === '-' ? localMs + offset : localMs - offset;
}
