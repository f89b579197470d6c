import assert from 'node:assert/strict';
import { deflateRawSync } from 'node:zlib';
import { strToU8, zipSync } from 'fflate';
import type { BookFormat } from '../../../src/protocol/bookFormat.ts';
import type { BookMetadata } from '../../../src/engine/books/metadata/bookMetadata.ts';
import { readMetadata } from '../../../src/engine/books/metadata/readMetadata.ts';

/** What a book says; authors by their names as a title page has them. */
interface Said {
  readonly title: string;
  readonly authors: readonly string[];
  readonly language: string | null;
}

function said({ title, authors, language }: BookMetadata): Said {
  return { title, authors: authors.map(author => author.name), language };
}

/** Asserts what a book says, and that nothing was wrong with it. */
async function assertSays(format: BookFormat, body: Buffer, expected: Said, what?: string): Promise<void> {
  const metadata = await readMetadata(format, body, 'part/16470000');
  assert.deepEqual(said(metadata), expected, what);
  assert.equal(metadata.warning, null, what);
}

/** Asserts that a book is known by its name, with a warning. */
async function assertByName(format: BookFormat, body: Buffer, what?: string): Promise<void> {
  const { warning, ...metadata } = await readMetadata(format, body, 'part/Some Book.bin');
  assert.deepEqual(said({ ...metadata, warning }), { title: 'Some Book', authors: [], language: null }, what);
  assert.match(warning ?? '', /^The file's name is the title of this book, because .+\.$/, what);
}

interface EpubParts {
  opf?: string | Buffer;
  opfName?: string;
  container?: string | null;
  comment?: string;
  before?: string;
}

const dublinCore = 'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf"';

function packageOf(metadata: string): string {
  return `<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf"><metadata ${dublinCore}>${metadata}</metadata><manifest/></package>`;
}

function epub({
  opf = packageOf('<dc:title>T</dc:title>'),
  opfName = 'OEBPS/content.opf',
  ...rest
}: EpubParts): Buffer {
  const container =
    rest.container === undefined
      ? `<container><rootfiles><rootfile full-path="${encodeURI(opfName)}" media-type="application/oebps-package+xml"/></rootfiles></container>`
      : rest.container;
  const body = zipSync({
    mimetype: [strToU8('application/epub+zip'), { level: 0 }],
    ...(container === null ? {} : { 'META-INF/container.xml': strToU8(container) }),
    'other.opf': strToU8(packageOf('<dc:title>The wrong package</dc:title>')),
    [opfName]: typeof opf === 'string' ? strToU8(opf) : opf,
  });
  return Buffer.concat([Buffer.from(rest.before ?? ''), body]);
}

describe('a date', () => {
  for (const [stated, expected] of [
    ['2015', '2015'],
    ['2015-09', '2015-09'],
    ['2015-09-22T10:00:00Z', '2015-09-22'],
    ['22.09.2015', '2015-09-22'],
    ['2.9.2015', '2015-09-02'],
    ['09/22/2015', null],
    ['32.01.2015', null],
    ['0101-01-01', null],
    ['soon', null],
  ] as const) {
    it(`is kept as exactly as it is stated: ${stated}`, async () => {
      const opf = packageOf(`<dc:title>T</dc:title><dc:date>${stated}</dc:date>`);
      assert.equal((await readMetadata('epub', epub({ opf }), 'x')).date, expected);
    });
  }
});

describe('the EPUB reader', () => {
  it('reads title, authors and language', async () => {
    const opf = packageOf(
      '<dc:title>\n War &amp; Peace </dc:title><dc:creator>Tolstoy, Leo</dc:creator><dc:language>rus</dc:language>',
    );
    await assertSays('epub', epub({ opf }), {
      title: 'War & Peace',
      authors: ['Leo Tolstoy'],
      language: 'ru',
    });
  });

  it('leaves out who is no author, in the words of EPUB 2 and of EPUB 3', async () => {
    const opf = packageOf(
      '<dc:title>T</dc:title><dc:creator opf:role="aut">A</dc:creator><dc:creator opf:role="trl">B</dc:creator>' +
        '<dc:creator id="c">C</dc:creator><meta refines="#c" property="role">ill</meta>' +
        '<dc:creator id="d">D</dc:creator><meta refines="#d" property="role">aut</meta>' +
        '<dc:creator>E</dc:creator><dc:contributor>F</dc:contributor>',
    );
    await assertSays('epub', epub({ opf }), { title: 'T', authors: ['A', 'D', 'E'], language: null });
  });

  it('prefers the main title, and the first one that is not empty', async () => {
    const main = packageOf(
      '<dc:title id="a">Series</dc:title><dc:title id="b">Book</dc:title><meta refines="#b" property="title-type">main</meta>',
    );
    await assertSays('epub', epub({ opf: main }), { title: 'Book', authors: [], language: null });
    const second = packageOf('<dc:title/><dc:title>Second</dc:title>');
    await assertSays('epub', epub({ opf: second }), { title: 'Second', authors: [], language: null });
  });

  it('reads what older or careless programs wrote', async () => {
    const says = { title: 'Old', authors: ['One'], language: 'en' };
    const older =
      '<package><metadata><dc-metadata><dc:Title>Old</dc:Title><dc:Creator role="aut">One</dc:Creator><dc:Language>en</dc:Language></dc-metadata></metadata></package>';
    await assertSays('epub', epub({ opf: older }), says, 'OEB 1');
    const notWellFormed = packageOf(
      '<dc:title>Old<dc:creator>One</dc:creator></dc:title></b><dc:language>en',
    );
    const { title } = await readMetadata('epub', epub({ opf: notWellFormed }), 'x');
    assert.match(title, /^Old/);
    const utf16 = Buffer.from(
      '\ufeff<package><metadata><title>Замок</title></metadata></package>',
      'utf16le',
    );
    await assertSays('epub', epub({ opf: utf16 }), { title: 'Замок', authors: [], language: null }, 'UTF-16');
  });

  it('finds the package in whatever way the container names it', async () => {
    const says = { title: 'T', authors: [], language: null };
    await assertSays('epub', epub({ opfName: 'a folder/Книга.opf' }), says, 'percent-encoded');
    await assertSays('epub', epub({ opfName: 'OEBPS/package.xml' }), says, 'another extension');
    await assertSays('epub', epub({ before: '#!/bin/sh\n' }), says, 'something before the ZIP');
  });

  it('takes any package when the container is of no help', async () => {
    const says = { title: 'The wrong package', authors: [], language: null };
    await assertSays('epub', epub({ container: null }), says, 'no container');
    await assertSays('epub', epub({ container: '<container/>' }), says, 'empty container');
    await assertSays('epub', epub({ container: 'rubbish' }), says, 'no XML');
  });

  it('goes by the name when there is no package, no title or no ZIP', async () => {
    await assertByName('epub', epub({ opf: packageOf('<dc:title> </dc:title>') }), 'no title');
    await assertByName('epub', Buffer.from(zipSync({ 'a.txt': strToU8('a') })), 'no package');
    await assertByName('epub', Buffer.from('%PDF-1.4'), 'no ZIP');
    await assertByName('epub', epub({}).subarray(0, 200), 'cut off');
  });

  it('keeps authors and language of a book without a title', async () => {
    const opf = packageOf('<dc:creator>A</dc:creator><dc:language>en</dc:language>');
    const metadata = await readMetadata('epub', epub({ opf }), 'x/Name.epub');
    assert.deepEqual(said(metadata), { title: 'Name', authors: ['A'], language: 'en' });
    assert.notEqual(metadata.warning, null);
  });

  it('bounds titles, authors and their number', async () => {
    const creators = Array.from(
      { length: 500 },
      (_, index) => `<dc:creator>Author ${String(index)}</dc:creator>`,
    );
    const opf = packageOf(
      `<dc:title>${'t'.repeat(99_999)}</dc:title>${creators.join('')}<dc:creator>${'a'.repeat(9999)}`,
    );
    const metadata = await readMetadata('epub', epub({ opf }), 'x');
    assert.equal(metadata.title.length, 256);
    assert.equal(metadata.authors.length, 50);
    const long = packageOf(`<dc:title>T</dc:title><dc:creator>${'a'.repeat(9999)}</dc:creator>`);
    assert.deepEqual(said(await readMetadata('epub', epub({ opf: long }), 'x')).authors, ['a'.repeat(128)]);
  });

  it('is not held up by a bomb, whatever size it declares', async () => {
    const bomb = deflateRawSync(Buffer.alloc(200_000_000));
    const body = Buffer.from(zipSync({ 'a.opf': [new Uint8Array(bomb), { level: 0 }] }));
    const directory = body.lastIndexOf('PK\x01\x02', undefined, 'latin1');
    body.writeUInt16LE(8, directory + 10);
    body.writeUInt32LE(1000, directory + 24);
    const start = performance.now();
    await assertByName('epub', body);
    assert.ok(performance.now() - start < 1000);
  });

  it('is not held up by elements within elements that nobody closes', async () => {
    const start = performance.now();
    await assertByName('epub', epub({ opf: '<a>'.repeat(200_000) + '</b>'.repeat(200_000) }));
    assert.ok(performance.now() - start < 1000);
  });
});

describe('the FB2 reader', () => {
  const fb2 = (titleInfo: string, encoding = 'utf-8') =>
    `<?xml version="1.0" encoding="${encoding}"?><FictionBook xmlns:l="x"><description><title-info>${titleInfo}</title-info>` +
    '<document-info><author><nickname>typist</nickname></author></document-info></description><body><title><p>No</p></title></body></FictionBook>';
  const castle =
    '<genre>prose</genre><author><first-name>Франц</first-name><last-name>Кафка</last-name></author>' +
    '<book-title>Замок</book-title><annotation><p>Об авторе</p></annotation><lang>ru</lang>' +
    '<translator><first-name>Рита</first-name><last-name>Райт</last-name></translator>';
  const says = { title: 'Замок', authors: ['Франц Кафка'], language: 'ru' };

  it('reads the title-info and nothing else', async () => {
    await assertSays('fb2', Buffer.from(fb2(castle)), says);
    const source = `${castle}</title-info><src-title-info><book-title>Das Schloß</book-title><lang>de</lang></src-title-info><title-info>`;
    await assertSays('fb2', Buffer.from(fb2(source)), says);
  });

  it('reads the encodings that FB2s come in', async () => {
    const utf16 = fb2(castle, 'utf-16');
    await assertSays('fb2', Buffer.from(`\ufeff${fb2(castle)}`), says, 'UTF-8 with a mark');
    await assertSays('fb2', Buffer.from(`\ufeff${utf16}`, 'utf16le'), says, 'UTF-16LE');
    await assertSays('fb2', Buffer.from(utf16, 'utf16le'), says, 'UTF-16LE without a mark');
    await assertSays('fb2', Buffer.from(`\ufeff${utf16}`, 'utf16le').swap16(), says, 'UTF-16BE');
    await assertSays('fb2', Buffer.from(fb2(castle, 'utf-16')), says, 'UTF-8 that says UTF-16');
    const decoder = new TextDecoder('koi8-r');
    const byte = new Map(
      Array.from({ length: 256 }, (_, index) => [decoder.decode(Uint8Array.of(index)), index]),
    );
    const koi8 = Buffer.from(Array.from(fb2(castle, 'koi8-r'), character => byte.get(character) ?? 0x3f));
    await assertSays('fb2', koi8, says, 'KOI8-R');
    const quotes = Buffer.from(fb2('<book-title>\x93Caf\xe9\x94</book-title>', 'windows-1252'), 'latin1');
    await assertSays('fb2', quotes, { title: '“Café”', authors: [], language: null }, 'windows-1252');
  });

  it('puts names together from what there is of them', async () => {
    const authors =
      '<author><first-name>Лев</first-name><middle-name>Николаевич</middle-name><last-name>Толстой</last-name></author>' +
      '<author><first-name/><nickname>Вольтер</nickname></author><author></author><author><last-name>Гомер</last-name></author>';
    const body = Buffer.from(fb2(`${authors}<book-title>А &#8212; &lt;Я&gt;</book-title>`));
    await assertSays('fb2', body, {
      title: 'А — <Я>',
      authors: ['Лев Николаевич Толстой', 'Вольтер', 'Гомер'],
      language: null,
    });
  });

  it('reads a description whose pieces lie across chunks', async () => {
    for (const padding of [8000, 8050, 8100, 8150]) {
      const body = Buffer.from(fb2(`<!--${'x'.repeat(padding)}-->${castle}`));
      await assertSays('fb2', body, says, String(padding));
    }
  });

  it('does not read on behind the description', async () => {
    const body = Buffer.concat([Buffer.from(fb2(castle)), Buffer.alloc(50_000_000, '<p>text</p>')]);
    const start = performance.now();
    await assertSays('fb2', body, says);
    assert.ok(performance.now() - start < 500);
  });

  it('reads an FB2 within a ZIP', async () => {
    const body = zipSync({ 'readme.txt': strToU8('x'), 'Zamok.FB2': strToU8(fb2(castle)) });
    await assertSays('fb2.zip', Buffer.from(body), says);
    const long = Array.from(
      { length: 100_000 },
      (_, index) => `<p>${String((index * 7919) % 1_000_003)}</p>`,
    );
    const big = zipSync({ 'Zamok.fb2': strToU8(fb2(castle) + long.join('')) });
    assert.ok(big.length > 200_000);
    await assertSays('fb2.zip', Buffer.from(big), says, 'of which only the start is unpacked');
    await assertByName('fb2.zip', Buffer.from(zipSync({ 'a.txt': strToU8('a') })));
  });

  it('goes by the name when there is no description', async () => {
    await assertByName('fb2', Buffer.from('<FictionBook><body/></FictionBook>'));
    await assertByName('fb2', Buffer.from(fb2('<genre>x</genre>')));
    await assertByName('fb2', Buffer.from('PK\x03\x04'));
  });
});

interface MobiParts {
  encoding?: number;
  fullName?: Buffer;
  exth?: [type: number, value: Buffer | string][];
  locale?: number;
}

function mobi({
  encoding = 65001,
  fullName = Buffer.from('Full name'),
  exth,
  locale = 9,
}: MobiParts): Buffer {
  const entries = (exth ?? []).map(([type, text]) => {
    const value = Buffer.from(text);
    const header = Buffer.alloc(8);
    header.writeUInt32BE(type, 0);
    header.writeUInt32BE(8 + value.length, 4);
    return Buffer.concat([header, value]);
  });
  const exthHeader = Buffer.alloc(12);
  exthHeader.write('EXTH');
  exthHeader.writeUInt32BE(12 + Buffer.concat(entries).length, 4);
  exthHeader.writeUInt32BE(entries.length, 8);
  const exthBytes = exth ? Buffer.concat([exthHeader, ...entries]) : Buffer.alloc(0);
  const header = Buffer.alloc(16 + 232);
  header.write('MOBI', 16);
  header.writeUInt32BE(232, 20);
  header.writeUInt32BE(encoding, 28);
  header.writeUInt32BE(6, 36);
  header.writeUInt32BE(header.length + exthBytes.length, 84);
  header.writeUInt32BE(fullName.length, 88);
  header.writeUInt32BE(locale, 92);
  header.writeUInt32BE(exth ? 0x40 : 0, 128);
  const palm = Buffer.alloc(78 + 8 + 2);
  palm.write('PALM_NAME');
  palm.write('BOOKMOBI', 60);
  palm.writeUInt16BE(1, 76);
  palm.writeUInt32BE(palm.length, 78);
  return Buffer.concat([palm, header, exthBytes, fullName]);
}

describe('the MOBI reader', () => {
  it('prefers what EXTH says', async () => {
    const body = mobi({
      exth: [
        [100, 'Толстой, Лев'],
        [100, 'Second Author'],
        [503, 'Война и мир'],
        [524, 'ru-RU'],
      ],
    });
    await assertSays('mobi', body, {
      title: 'Война и мир',
      authors: ['Лев Толстой', 'Second Author'],
      language: 'ru',
    });
    await assertSays('azw3', body, {
      title: 'Война и мир',
      authors: ['Лев Толстой', 'Second Author'],
      language: 'ru',
    });
  });

  it('takes full name and locale without EXTH', async () => {
    await assertSays('prc', mobi({}), { title: 'Full name', authors: [], language: 'en' });
    await assertSays('mobi', mobi({ locale: 0x0419 }), { title: 'Full name', authors: [], language: 'ru' });
    await assertSays('mobi', mobi({ locale: 0 }), { title: 'Full name', authors: [], language: null });
  });

  it('reads windows-1252 where the header says so', async () => {
    const body = mobi({ encoding: 1252, fullName: Buffer.from('\x93Caf\xe9\x94 \x97 \x80', 'latin1') });
    await assertSays('mobi', body, { title: '“Café” — €', authors: [], language: 'en' });
  });

  it('reads nothing outside its bounds', async () => {
    const says = { title: 'Full name', authors: [], language: 'en' };
    const tooManyEntries = mobi({ exth: [[100, 'A']] });
    tooManyEntries.writeUInt32BE(0xffffffff, 88 + 248 + 8);
    assert.equal((await readMetadata('mobi', tooManyEntries, 'x')).authors[0]?.name, 'A');
    const entryWithoutLength = mobi({ exth: [[100, 'A']] });
    entryWithoutLength.writeUInt32BE(0, 88 + 248 + 12 + 4);
    await assertSays('mobi', entryWithoutLength, says);
    for (const at of [78, 88 + 20, 88 + 84, 88 + 88]) {
      const body = mobi({ exth: [[101, 'A']] });
      body.writeUInt32BE(0xfffffff0, at);
      const metadata = await readMetadata('mobi', body, 'Name.mobi');
      assert.ok(['Name', 'Full name'].includes(metadata.title), `${String(at)}: ${metadata.title}`);
    }
  });

  it('goes by the name when it is no MOBI, or cut off', async () => {
    await assertByName('mobi', Buffer.from('BOOKMOBI'));
    await assertByName('mobi', mobi({}).subarray(0, 80));
    await assertByName('mobi', mobi({}).subarray(0, 150));
    await assertByName('mobi', mobi({ fullName: Buffer.alloc(0) }).fill(0, 88 + 92, 88 + 96));
  });
});
