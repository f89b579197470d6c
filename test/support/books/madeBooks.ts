import { strToU8, zipSync, type Zippable } from 'fflate';
import type { BookFormat } from '../../../src/protocol/bookFormat.ts';

/** What a book that was made here says of itself. */
export interface Says {
  readonly title: string;
  readonly authors: readonly (readonly [name: string, sortName: string])[];
  readonly language?: string;
  readonly series?: readonly [name: string, index: number | null];
  readonly publisher?: string;
  readonly date?: string;
  readonly identifiers?: Readonly<Record<string, string>>;
}

export interface MadeBook {
  readonly name: string;
  readonly format: BookFormat;
  readonly body: Buffer;
  readonly says: Says;
}

function zip(entries: Zippable): Buffer {
  return Buffer.from(zipSync(entries));
}

const container =
  '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OEBPS/b.opf" media-type="application/oebps-package+xml"/></rootfiles></container>';

/** An EPUB of one page; the package as text, or in an encoding of its own. */
export function epubOf(version: 2 | 3, metadata: string | Buffer): Buffer {
  const opf =
    typeof metadata === 'string'
      ? strToU8(
          `<?xml version="1.0" encoding="utf-8"?><package xmlns="http://www.idpf.org/2007/opf" version="${String(version)}.0" unique-identifier="id">` +
            '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf">' +
            `${metadata}</metadata><manifest><item id="p" href="p.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="p"/></spine></package>`,
        )
      : metadata;
  return zip({
    mimetype: [strToU8('application/epub+zip'), { level: 0 }],
    'META-INF/container.xml': strToU8(container),
    'OEBPS/b.opf': opf,
    'OEBPS/p.xhtml': strToU8(
      '<html xmlns="http://www.w3.org/1999/xhtml"><body><p>One page.</p></body></html>',
    ),
  });
}

/** The description of a FictionBook, and a short body. */
export function fb2Text(encoding: string, comment = ''): string {
  return `<?xml version="1.0" encoding="${encoding}"?>\n${comment}<FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0">
<description><title-info><genre>prose</genre>
<author><first-name>Фёдор</first-name><middle-name>Михайлович</middle-name><last-name>Достоевский</last-name></author>
<author><nickname>Аноним</nickname></author>
<book-title>Преступление и наказание</book-title><lang>ru</lang><sequence name="Собрание" number="5"/></title-info>
<src-title-info><book-title>Other</book-title><lang>de</lang></src-title-info>
<document-info><author><nickname>scanner</nickname></author><date>2020</date></document-info>
<publish-info><publisher>Наука</publisher><year>1970</year><isbn>978-0-306-40615-7</isbn></publish-info></description>
<body><section><p>Текст.</p></section></body></FictionBook>`;
}

const fb2Says: Says = {
  title: 'Преступление и наказание',
  authors: [
    ['Фёдор Михайлович Достоевский', 'Достоевский, Фёдор Михайлович'],
    ['Аноним', 'Аноним'],
  ],
  language: 'ru',
  series: ['Собрание', 5],
  publisher: 'Наука',
  date: '1970',
  identifiers: { isbn: '9780306406157' },
};

/** A text in an encoding of one byte a character. */
export function encode(text: string, encoding: string): Buffer {
  const decoder = new TextDecoder(encoding);
  const bytes = new Map<string, number>();
  for (let byte = 0xff; byte >= 0; byte--) bytes.set(decoder.decode(Uint8Array.of(byte)), byte);
  return Buffer.from(Array.from(text, character => bytes.get(character) ?? 0x3f));
}

interface MobiFields {
  readonly version?: number;
  readonly encoding?: 1252 | 65001;
  readonly name: string;
  readonly locale?: number;
  readonly exth?: readonly (readonly [type: number, text: string])[];
}

/** A MOBI of headers alone: a Palm database whose first record describes a book. */
export function mobiOf({ version = 6, encoding = 65001, name, locale = 0, exth = [] }: MobiFields): Buffer {
  const bytes = (text: string): Buffer =>
    encoding === 65001 ? Buffer.from(text) : encode(text, 'windows-1252');
  const entries = exth.map(([type, text]) => {
    const value = bytes(text);
    const head = Buffer.alloc(8);
    head.writeUInt32BE(type, 0);
    head.writeUInt32BE(8 + value.length, 4);
    return Buffer.concat([head, value]);
  });
  const exthHead = Buffer.alloc(12);
  exthHead.write('EXTH');
  const exthLength = 12 + entries.reduce((sum, entry) => sum + entry.length, 0);
  exthHead.writeUInt32BE(exthLength, 4);
  exthHead.writeUInt32BE(entries.length, 8);
  const header = Buffer.alloc(16 + 232);
  header.writeUInt16BE(1, 0);
  header.writeUInt16BE(4096, 10);
  header.write('MOBI', 16, 'latin1');
  header.writeUInt32BE(232, 20);
  header.writeUInt32BE(2, 24);
  header.writeUInt32BE(encoding, 28);
  header.writeUInt32BE(version, 36);
  const fullName = bytes(name);
  header.writeUInt32BE(header.length + exthLength, 84);
  header.writeUInt32BE(fullName.length, 88);
  header.writeUInt32BE(locale, 92);
  header.writeUInt32BE(version, 104);
  header.writeUInt32BE(0x50, 128);
  header.writeUInt32BE(0xffffffff, 244);
  const record = Buffer.concat([header, exthHead, ...entries, fullName, Buffer.alloc(8)]);
  const palm = Buffer.alloc(78 + 16 + 2);
  palm.write('name', 0);
  palm.write('BOOKMOBI', 60, 'latin1');
  palm.writeUInt16BE(2, 76);
  palm.writeUInt32BE(palm.length, 78);
  palm.writeUInt32BE(palm.length + record.length, 86);
  return Buffer.concat([palm, record, Buffer.from('<html><body>One page.</body></html>')]);
}

const mobiExth = [
  [100, 'Émile Zola'],
  [100, 'Другой Автор'],
  [101, 'Charpentier'],
  [104, '9780306406157'],
  [106, '1885-03-02'],
  [503, 'Germinal – roman'],
  [524, 'fr'],
] as const;

function docx(core: string): Buffer {
  return zip({
    '[Content_Types].xml': strToU8(
      '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>' +
        '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>' +
        '<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>',
    ),
    '_rels/.rels': strToU8(
      '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">' +
        '<Relationship Id="1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>' +
        '<Relationship Id="2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>',
    ),
    'word/document.xml': strToU8(
      '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body/></w:document>',
    ),
    'docProps/core.xml': strToU8(
      `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/">${core}</cp:coreProperties>`,
    ),
  });
}

function odt(meta: string): Buffer {
  return zip({
    mimetype: [strToU8('application/vnd.oasis.opendocument.text'), { level: 0 }],
    'meta.xml': strToU8(
      '<office:document-meta xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0" ' +
        `xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta>${meta}</office:meta></office:document-meta>`,
    ),
    'content.xml': strToU8('<x/>'),
    'META-INF/manifest.xml': strToU8('<m/>'),
  });
}

/** Books in every format that we read, and in the ways in which these say things. PDFs are made elsewhere. */
export const madeBooks: readonly MadeBook[] = [
  {
    name: 'EPUB 2 with all fields',
    format: 'epub',
    body: epubOf(
      2,
      '<dc:title>War &amp; Peace</dc:title><dc:creator opf:role="aut" opf:file-as="Tolstoy, Leo">Leo Tolstoy</dc:creator>' +
        '<dc:creator opf:role="trl">Louise Maude</dc:creator><dc:language>eng</dc:language><dc:publisher>Macmillan</dc:publisher>' +
        '<dc:date opf:event="modification">2020-01-01</dc:date><dc:date opf:event="publication">1942-05</dc:date>' +
        '<dc:identifier id="id" opf:scheme="uuid">5a1f</dc:identifier><dc:identifier opf:scheme="ISBN">978-0-306-40615-7</dc:identifier>' +
        '<meta name="calibre:series" content="Great Books"/><meta name="calibre:series_index" content="2.5"/>',
    ),
    says: {
      title: 'War & Peace',
      authors: [['Leo Tolstoy', 'Tolstoy, Leo']],
      language: 'en',
      series: ['Great Books', 2.5],
      publisher: 'Macmillan',
      date: '1942-05',
      identifiers: { isbn: '9780306406157' },
    },
  },
  {
    name: 'EPUB 3 with refinements',
    format: 'epub',
    body: epubOf(
      3,
      '<dc:identifier id="id">urn:isbn:9780306406157</dc:identifier><dc:title id="t1">Cycle</dc:title><dc:title id="t2">The Book</dc:title>' +
        '<meta refines="#t2" property="title-type">main</meta><dc:creator id="a">Gabriel García Márquez</dc:creator>' +
        '<meta refines="#a" property="role" scheme="marc:relators">aut</meta><meta refines="#a" property="file-as">García Márquez, Gabriel</meta>' +
        '<dc:creator id="b">Ill U. Strator</dc:creator><meta refines="#b" property="role" scheme="marc:relators">ill</meta>' +
        '<dc:language>es-CO</dc:language><dc:publisher>Sudamericana</dc:publisher><dc:date>1967-05-30T00:00:00Z</dc:date>' +
        '<meta property="belongs-to-collection" id="c">Macondo</meta><meta refines="#c" property="collection-type">series</meta>' +
        '<meta refines="#c" property="group-position">3</meta>',
    ),
    says: {
      title: 'The Book',
      authors: [['Gabriel García Márquez', 'García Márquez, Gabriel']],
      language: 'es',
      series: ['Macondo', 3],
      publisher: 'Sudamericana',
      date: '1967-05-30',
      identifiers: { isbn: '9780306406157' },
    },
  },
  {
    name: 'EPUB with a package in UTF-16',
    format: 'epub',
    body: epubOf(
      2,
      Buffer.from(
        '\ufeff<?xml version="1.0" encoding="utf-16"?><package xmlns="http://www.idpf.org/2007/opf" version="2.0"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Замок</dc:title><dc:creator>Франц Кафка</dc:creator><dc:language>rus</dc:language></metadata><manifest><item id="p" href="p.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="p"/></spine></package>',
        'utf16le',
      ),
    ),
    says: { title: 'Замок', authors: [['Франц Кафка', 'Кафка, Франц']], language: 'ru' },
  },
  ...(['windows-1251', 'koi8-r'] as const).map((encoding): MadeBook => ({
    name: `FB2 in ${encoding}`,
    format: 'fb2',
    body: encode(fb2Text(encoding), encoding),
    says: fb2Says,
  })),
  {
    name: 'FB2 in UTF-8 with a mark',
    format: 'fb2',
    body: Buffer.from(`\ufeff${fb2Text('utf-8')}`),
    says: fb2Says,
  },
  {
    name: 'FB2 behind a long comment',
    format: 'fb2',
    body: Buffer.from(fb2Text('utf-8', `<!-- ${'made by hand '.repeat(1000)} -->`)),
    says: fb2Says,
  },
  {
    name: 'FB2 in UTF-16',
    format: 'fb2',
    body: Buffer.from(`\ufeff${fb2Text('utf-16')}`, 'utf16le'),
    says: fb2Says,
  },
  {
    name: 'FB2 in a ZIP',
    format: 'fb2.zip',
    body: zip({ 'book.fb2': encode(fb2Text('windows-1251'), 'windows-1251') }),
    says: fb2Says,
  },
  {
    name: 'MOBI in UTF-8',
    format: 'mobi',
    body: mobiOf({ name: 'Germinal', exth: mobiExth }),
    says: {
      title: 'Germinal – roman',
      authors: [
        ['Émile Zola', 'Zola, Émile'],
        ['Другой Автор', 'Автор, Другой'],
      ],
      language: 'fr',
      publisher: 'Charpentier',
      date: '1885-03-02',
      identifiers: { isbn: '9780306406157' },
    },
  },
  {
    name: 'MOBI in windows-1252',
    format: 'mobi',
    body: mobiOf({ encoding: 1252, name: 'Café – “Noir”', locale: 0x0c, exth: [[100, 'Émile Zola']] }),
    says: { title: 'Café – “Noir”', authors: [['Émile Zola', 'Zola, Émile']], language: 'fr' },
  },
  {
    name: 'AZW3',
    format: 'azw3',
    body: mobiOf({ version: 8, name: 'Name', exth: mobiExth.filter(([type]) => type !== 100) }),
    says: {
      title: 'Germinal – roman',
      authors: [],
      language: 'fr',
      publisher: 'Charpentier',
      date: '1885-03-02',
      identifiers: { isbn: '9780306406157' },
    },
  },
  {
    name: 'DOCX',
    format: 'docx',
    body: docx(
      '<dc:title>Ein Brief</dc:title><dc:creator>Hugo von Hofmannsthal &amp; Anna Muster</dc:creator><dc:language>de-AT</dc:language>',
    ),
    says: {
      title: 'Ein Brief',
      authors: [
        ['Hugo von Hofmannsthal', 'Hofmannsthal, Hugo von'],
        ['Anna Muster', 'Muster, Anna'],
      ],
      language: 'de',
    },
  },
  {
    name: 'ODT',
    format: 'odt',
    body: odt(
      '<dc:title>Saggi</dc:title><meta:initial-creator>Umberto Eco</meta:initial-creator><dc:creator>Segretaria</dc:creator><dc:language>it-IT</dc:language>',
    ),
    says: { title: 'Saggi', authors: [['Umberto Eco', 'Eco, Umberto']], language: 'it' },
  },
  {
    name: 'RTF',
    format: 'rtf',
    body: Buffer.from(
      "{\\rtf1\\ansi\\ansicpg1251{\\fonttbl{\\f0 Arial;}}{\\info{\\title \\'c2\\'ee\\'e9\\'ed\\'e0 \\u1080? \\'ec\\'e8\\'f0}{\\author Leo Tolstoy}}\\f0 text}",
    ),
    says: { title: 'Война и мир', authors: [['Leo Tolstoy', 'Tolstoy, Leo']] },
  },
  {
    name: 'HTML',
    format: 'html',
    body: encode(
      '<html><head><meta charset="windows-1251"><title>Мёртвые &amp; души</title><meta name="author" content="Николай Гоголь"></head><body><title>no</title></body></html>',
      'windows-1251',
    ),
    says: { title: 'Мёртвые & души', authors: [['Николай Гоголь', 'Гоголь, Николай']] },
  },
];
