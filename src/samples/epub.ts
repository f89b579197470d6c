import { strToU8, zipSync } from 'fflate';
import { makeCover } from './coverImage.ts';
import type { SampleBook } from './sampleBook.ts';
import { authorName, authorSortName, bookUuid, escapeXml, publisherName } from './sampleBook.ts';

/** Local noon, because a ZIP holds local time: so it is the same bytes in every time zone. */
const entryTime = new Date(2024, 0, 15, 12, 0, 0);
const modified = '2024-01-15T12:00:00Z';
const published = '2024-01-15';

/**
 * An EPUB 3 that readers of EPUB 2 read as well: `mimetype` first and not compressed, a `nav` for the one and
 * an NCX for the other.
 */
export function makeEpub(book: SampleBook): Buffer {
  const compressed = { level: 9 } as const;
  const zip = zipSync(
    {
      mimetype: [strToU8('application/epub+zip'), { level: 0 }],
      'META-INF/container.xml': [strToU8(containerXml), compressed],
      'OEBPS/content.opf': [strToU8(packageXml(book)), compressed],
      'OEBPS/nav.xhtml': [strToU8(navXhtml(book)), compressed],
      'OEBPS/toc.ncx': [strToU8(tocNcx(book)), compressed],
      'OEBPS/text.xhtml': [strToU8(textXhtml(book)), compressed],
      'OEBPS/cover.png': [makeCover(book), { level: 0 }],
    },
    { mtime: entryTime },
  );
  return Buffer.from(zip.buffer, zip.byteOffset, zip.byteLength);
}

const containerXml = `<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
  <rootfiles>
    <rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/>
  </rootfiles>
</container>
`;

function packageXml(book: SampleBook): string {
  const creators = book.authors.map((author, index) => {
    const id = `creator${String(index + 1)}`;
    return `    <dc:creator id="${id}">${escapeXml(authorName(author))}</dc:creator>
    <meta refines="#${id}" property="role" scheme="marc:relators">aut</meta>
    <meta refines="#${id}" property="file-as">${escapeXml(authorSortName(author))}</meta>
`;
  });
  // The collection is EPUB 3's own word for a series; the calibre ones are what most readers look for.
  const series = book.series
    ? `    <meta property="belongs-to-collection" id="series">${escapeXml(book.series.name)}</meta>
    <meta refines="#series" property="collection-type">series</meta>
    <meta refines="#series" property="group-position">${String(book.series.index)}</meta>
    <meta name="calibre:series" content="${escapeXml(book.series.name)}"/>
    <meta name="calibre:series_index" content="${String(book.series.index)}"/>
`
    : '';
  return `<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="${book.language}">
  <metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
    <dc:identifier id="id">urn:uuid:${bookUuid(book)}</dc:identifier>
    <dc:title>${escapeXml(book.title)}</dc:title>
${creators.join('')}    <dc:language>${book.language}</dc:language>
    <dc:publisher>${publisherName}</dc:publisher>
    <dc:date>${published}</dc:date>
    <meta property="dcterms:modified">${modified}</meta>
${series}    <meta name="cover" content="cover"/>
  </metadata>
  <manifest>
    <item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
    <item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>
    <item id="text" href="text.xhtml" media-type="application/xhtml+xml"/>
    <item id="cover" href="cover.png" media-type="image/png" properties="cover-image"/>
  </manifest>
  <spine toc="ncx">
    <itemref idref="text"/>
  </spine>
</package>
`;
}

function xhtml(book: SampleBook, body: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="${book.language}" xml:lang="${book.language}">
<head>
  <title>${escapeXml(book.title)}</title>
</head>
<body>
${body}</body>
</html>
`;
}

function navXhtml(book: SampleBook): string {
  const list = `  <nav epub:type="toc">
    <ol>
      <li><a href="text.xhtml">${escapeXml(book.title)}</a></li>
    </ol>
  </nav>
`;
  return xhtml(book, list);
}

function textXhtml(book: SampleBook): string {
  const authors = escapeXml(book.authors.map(authorName).join(', '));
  const text = book.paragraphs.map(paragraph => `  <p>${escapeXml(paragraph)}</p>\n`).join('');
  return xhtml(book, `  <h1 id="start">${escapeXml(book.title)}</h1>\n  <p><em>${authors}</em></p>\n${text}`);
}

function tocNcx(book: SampleBook): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1" xml:lang="${book.language}">
  <head>
    <meta name="dtb:uid" content="urn:uuid:${bookUuid(book)}"/>
    <meta name="dtb:depth" content="1"/>
    <meta name="dtb:totalPageCount" content="0"/>
    <meta name="dtb:maxPageNumber" content="0"/>
  </head>
  <docTitle><text>${escapeXml(book.title)}</text></docTitle>
  <navMap>
    <navPoint id="point1" playOrder="1">
      <navLabel><text>${escapeXml(book.title)}</text></navLabel>
      <content src="text.xhtml"/>
    </navPoint>
  </navMap>
</ncx>
`;
}
