import type { SampleBook } from './sampleBook.ts';
import { authorName, bookUuid } from './sampleBook.ts';

const pageWidth = 595;
const pageHeight = 842;
const margin = 60;
const lineHeight = 16;
const linesPerPage = Math.floor((pageHeight - 2 * margin) / lineHeight);

/** How the text of a document becomes character codes and glyphs. No font is embedded. */
interface Typesetting {
  /** The text as a hexadecimal string. */
  encode: (text: string) => string;
  fontObject: string;
  /** Objects that the font object refers to, numbered from `firstFontPart`. */
  parts: string[];
  charactersPerLine: number;
  /** Chinese and Japanese lines may end at any character. */
  breaksAnywhere: boolean;
}

// The objects of the document: catalog, list of pages, info, font, the parts of it, then the pages.
const catalogNumber = 1;
const pagesNumber = 2;
const infoNumber = 3;
const fontNumber = 4;
const firstFontPart = 5;

/** PDF 1.4: title and author in Info, one page of text (more if it is long), a classic cross-reference table. */
export function makePdf(book: SampleBook): Buffer {
  const heading = [book.title, book.authors.map(authorName).join(', ')];
  const type = typesettingFor(book.language, [...heading, ...book.paragraphs].join(''));
  const lines = [...heading, ''].flatMap(line => wrap(line, type));
  for (const paragraph of book.paragraphs) lines.push(...wrap(paragraph, type), '');
  while (lines.at(-1) === '') lines.pop();
  const pages: string[][] = [];
  for (let at = 0; at < lines.length; at += linesPerPage) pages.push(lines.slice(at, at + linesPerPage));

  const firstPage = firstFontPart + type.parts.length;
  const pageReferences = pages.map((_, index) => `${String(firstPage + index * 2)} 0 R`);
  const objects = [
    `<< /Type /Catalog /Pages ${String(pagesNumber)} 0 R /Lang (${book.language}) >>`,
    `<< /Type /Pages /Kids [${pageReferences.join(' ')}] /Count ${String(pages.length)} >>`,
    `<< /Title ${textString(book.title)} /Author ${textString(book.authors.map(authorName).join(' & '))} /Producer (Tarshelf) /CreationDate (D:20240115120000Z) >>`,
    type.fontObject,
    ...type.parts,
  ];
  for (const [index, page] of pages.entries()) {
    const content = String(firstPage + index * 2 + 1);
    objects.push(
      `<< /Type /Page /Parent ${String(pagesNumber)} 0 R /MediaBox [0 0 ${String(pageWidth)} ${String(pageHeight)}] /Resources << /Font << /F1 ${String(fontNumber)} 0 R >> >> /Contents ${content} 0 R >>`,
      stream(pageContent(page, type)),
    );
  }
  return assemble(objects, bookUuid(book).replaceAll('-', ''));
}

function assemble(objects: readonly string[], id: string): Buffer {
  // Everything is Latin-1 from here on, so that the length of a string is its length in bytes. The comment
  // with four bytes above 127 tells whoever copies the file that it is binary.
  let file = '%PDF-1.4\n%\u00e2\u00e3\u00cf\u00d3\n';
  let table = '0000000000 65535 f \n';
  for (const [index, object] of objects.entries()) {
    table += `${String(file.length).padStart(10, '0')} 00000 n \n`;
    file += `${String(index + 1)} 0 obj\n${object}\nendobj\n`;
  }
  const size = String(objects.length + 1);
  const start = String(file.length);
  file += `xref\n0 ${size}\n${table}trailer\n<< /Size ${size} /Root ${String(catalogNumber)} 0 R /Info ${String(infoNumber)} 0 R /ID [<${id}> <${id}>] >>\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.from(file, 'latin1');
}

function stream(data: string): string {
  return `<< /Length ${String(data.length)} >>\nstream\n${data}\nendstream`;
}

function pageContent(lines: readonly string[], type: Typesetting): string {
  const shown = lines.map(line => (line === '' ? 'T*' : `<${type.encode(line)}> Tj T*`));
  return [
    'BT',
    '/F1 11 Tf',
    `${String(lineHeight)} TL`,
    `${String(margin)} ${String(pageHeight - margin)} Td`,
    ...shown,
    'ET',
  ].join('\n');
}

/** Lines of at most the given number of characters, broken at spaces where the writing has them. */
function wrap(text: string, type: Typesetting): string[] {
  if (text === '') return [''];
  const pieces = type.breaksAnywhere ? Array.from(text) : text.split(' ');
  const joint = type.breaksAnywhere ? '' : ' ';
  const lines: string[] = [];
  let line: string | undefined;
  for (const piece of pieces) {
    const longer: string = line === undefined ? piece : line + joint + piece;
    if (line !== undefined && longer.length > type.charactersPerLine) {
      lines.push(line);
      line = piece;
    } else {
      line = longer;
    }
  }
  if (line !== undefined) lines.push(line);
  return lines;
}

function typesettingFor(language: string, text: string): Typesetting {
  if (language === 'zh') return eastAsian('MSung-Light', 'CNS1', 'UniCNS-UCS2-H', text);
  if (language === 'ja') return eastAsian('HeiseiMin-W3', 'Japan1', 'UniJIS-UCS2-H', text);
  return alphabetic(text);
}

/**
 * Courier with an encoding of the document's own: ASCII in its place, every other character that occurs from
 * 128 on, by its glyph name. So Cyrillic and accented letters need no embedded font. Readers know no widths
 * for such glyphs and would set them one upon the other; in Courier all have the same, and it is given here.
 */
function alphabetic(text: string): Typesetting {
  const codes = new Map<string, number>();
  for (let code = 0x20; code < 0x7f; code++) codes.set(String.fromCharCode(code), code);
  const others = [...new Set(text)].filter(character => !codes.has(character)).sort();
  if (others.length > 0x80) throw new RangeError('more than 128 different characters that are not ASCII');
  for (const [index, character] of others.entries()) codes.set(character, 0x80 + index);
  const differences = others.length === 0 ? '' : ` /Differences [128 ${others.map(glyphName).join(' ')}]`;
  const toUnicode = [...codes].map(([character, code]) => [hex(code, 2), utf16Hex(character)] as const);
  const widths = Array.from({ length: 0x100 - 0x20 }, () => '600').join(' ');
  return {
    encode: line => Array.from(line, character => hex(codes.get(character) ?? 0x3f, 2)).join(''),
    fontObject: `<< /Type /Font /Subtype /Type1 /BaseFont /Courier /FirstChar 32 /LastChar 255 /Widths [${widths}] /FontDescriptor ${String(firstFontPart)} 0 R /Encoding << /Type /Encoding /BaseEncoding /WinAnsiEncoding${differences} >> /ToUnicode ${String(firstFontPart + 1)} 0 R >>`,
    parts: [
      `<< /Type /FontDescriptor /FontName /Courier /Flags 35 /FontBBox [-23 -250 715 805] /ItalicAngle 0 /Ascent 629 /Descent -157 /CapHeight 562 /StemV 51 /MissingWidth 600 >>`,
      stream(unicodeMap('<00> <FF>', toUnicode)),
    ],
    charactersPerLine: 71,
    breaksAnywhere: false,
  };
}

function glyphName(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code > 0xffff ? `/u${hex(code, 5)}` : `/uni${hex(code, 4)}`;
}

/** One of the fonts that readers with Asian support bring along; its character codes are UTF-16. */
function eastAsian(font: string, collection: string, cmap: string, text: string): Typesetting {
  const characters = [...new Set(text)].sort();
  const toUnicode = characters.map(character => [utf16Hex(character), utf16Hex(character)] as const);
  const systemInfo = `<< /Registry (Adobe) /Ordering (${collection}) /Supplement 0 >>`;
  return {
    encode: utf16Hex,
    fontObject: `<< /Type /Font /Subtype /Type0 /BaseFont /${font}-${cmap} /Encoding /${cmap} /DescendantFonts [${String(firstFontPart)} 0 R] /ToUnicode ${String(firstFontPart + 2)} 0 R >>`,
    parts: [
      `<< /Type /Font /Subtype /CIDFontType0 /BaseFont /${font} /CIDSystemInfo ${systemInfo} /FontDescriptor ${String(firstFontPart + 1)} 0 R /DW 1000 >>`,
      `<< /Type /FontDescriptor /FontName /${font} /Flags 6 /FontBBox [-160 -249 1015 888] /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 700 /StemV 93 >>`,
      stream(unicodeMap('<0000> <FFFF>', toUnicode)),
    ],
    charactersPerLine: 38,
    breaksAnywhere: true,
  };
}

/** A CMap from character codes to Unicode, so that text can be searched and copied. */
function unicodeMap(codeRange: string, pairs: readonly (readonly [string, string])[]): string {
  const blocks: string[] = [];
  // A block holds at most 100 entries.
  for (let at = 0; at < pairs.length; at += 100) {
    const block = pairs.slice(at, at + 100).map(([code, unicode]) => `<${code}> <${unicode}>`);
    blocks.push(`${String(block.length)} beginbfchar\n${block.join('\n')}\nendbfchar`);
  }
  return `/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
${codeRange}
endcodespacerange
${blocks.join('\n')}
endcmap
CMapName currentdict /CMap defineresource pop
end
end`;
}

/** A text string of Info: as it is where it is ASCII, else UTF-16 with a byte-order mark. */
function textString(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? `(${text.replaceAll(/[\\()]/g, '\\$&')})` : `<FEFF${utf16Hex(text)}>`;
}

function utf16Hex(text: string): string {
  let result = '';
  for (let at = 0; at < text.length; at++) result += hex(text.charCodeAt(at), 4);
  return result;
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}
