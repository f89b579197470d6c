import type { BookMetadata } from '../../books/metadata/bookMetadata.ts';

/** The type of the identifier under which a book's SHA-1 stands in calibre. */
export const keyIdentifier = 'tarshelf';

/**
 * A book's metadata in the form in which calibre takes all of it from beside the book, and looks for none in the
 * book: an OPF that bears calibre's own identifier. Its value means nothing; calibre gives the book another.
 */
export function opfText(metadata: BookMetadata, sha1: string): string {
  const { title, authors, language, series, publisher, date, identifiers } = metadata;
  const lines = [
    `<dc:identifier opf:scheme="calibre" id="calibre_id">1</dc:identifier>`,
    `<dc:identifier opf:scheme="${keyIdentifier}">${sha1}</dc:identifier>`,
    ...Object.entries(identifiers).map(
      ([scheme, value]) => `<dc:identifier opf:scheme="${xml(scheme)}">${xml(value)}</dc:identifier>`,
    ),
    `<dc:title>${xml(title)}</dc:title>`,
    ...authors.map(
      ({ name, sortName }) =>
        `<dc:creator opf:role="aut" opf:file-as="${xml(sortName)}">${xml(name)}</dc:creator>`,
    ),
    ...(language === null ? [] : [`<dc:language>${xml(language)}</dc:language>`]),
    ...(publisher === null ? [] : [`<dc:publisher>${xml(publisher)}</dc:publisher>`]),
    ...(date === null ? [] : [`<dc:date>${xml(date)}</dc:date>`]),
    ...(series === null
      ? []
      : [
          `<meta name="calibre:series" content="${xml(series.name)}"/>`,
          ...(series.index === null
            ? []
            : [`<meta name="calibre:series_index" content="${String(series.index)}"/>`]),
        ]),
  ];
  return `<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="2.0" unique-identifier="calibre_id">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf">
${lines.join('\n')}
</metadata>
</package>
`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function xml(text: string): string {
  return text.replace(/[&<>"]/g, character => entities[character] ?? character);
}
