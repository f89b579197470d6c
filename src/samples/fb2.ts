import type { SampleBook } from './sampleBook.ts';
import { bookUuid, escapeXml } from './sampleBook.ts';

export type Fb2Encoding = 'utf-8' | 'windows-1251';

/** FictionBook 2.0. What the encoding cannot hold is written as a character reference. */
export function makeFb2(book: SampleBook, encoding: Fb2Encoding = 'utf-8'): Buffer {
  const authors = book.authors.map(author => {
    const name =
      author.first === ''
        ? `<nickname>${escapeXml(author.last)}</nickname>`
        : `<first-name>${escapeXml(author.first)}</first-name><last-name>${escapeXml(author.last)}</last-name>`;
    return `      <author>${name}</author>\n`;
  });
  const sequence = book.series
    ? `      <sequence name="${escapeXml(book.series.name)}" number="${String(book.series.index)}"/>\n`
    : '';
  const xml = `<?xml version="1.0" encoding="${encoding}"?>
<FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0" xmlns:l="http://www.w3.org/1999/xlink">
  <description>
    <title-info>
      <genre>prose_classic</genre>
${authors.join('')}      <book-title>${escapeXml(book.title)}</book-title>
      <lang>${book.language}</lang>
${sequence}    </title-info>
    <document-info>
      <author><nickname>tarshelf</nickname></author>
      <program-used>Tarshelf</program-used>
      <date value="2024-01-15">2024-01-15</date>
      <id>${bookUuid(book)}</id>
      <version>1.0</version>
    </document-info>
  </description>
  <body>
    <title><p>${escapeXml(book.title)}</p></title>
    <section>
${book.paragraphs.map(paragraph => `      <p>${escapeXml(paragraph)}</p>\n`).join('')}    </section>
  </body>
</FictionBook>
`;
  return encoding === 'utf-8' ? Buffer.from(xml, 'utf8') : toWindows1251(xml);
}

let windows1251: Map<string, number> | undefined;

function toWindows1251(xml: string): Buffer {
  windows1251 ??= invertWindows1251();
  const bytes: number[] = [];
  for (const character of xml) {
    const byte = windows1251.get(character);
    if (byte === undefined) bytes.push(...Buffer.from(`&#${String(character.codePointAt(0))};`, 'latin1'));
    else bytes.push(byte);
  }
  return Buffer.from(bytes);
}

function invertWindows1251(): Map<string, number> {
  const decoder = new TextDecoder('windows-1251');
  const table = new Map<string, number>();
  for (let byte = 0; byte < 0x100; byte++) table.set(decoder.decode(Uint8Array.of(byte)), byte);
  return table;
}
