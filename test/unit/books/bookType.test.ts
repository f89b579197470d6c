import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { Zippable } from 'fflate';
import { strToU8, zipSync } from 'fflate';
import { bookFormats, type BookFormat } from '../../../src/protocol/bookFormat.ts';
import type { SkipReason } from '../../../src/protocol/skipReason.ts';
import {
  correctedAtOnce,
  correctedBook,
  detectBook,
  detectAtOnce,
  formatByExtension,
  type Detection,
} from '../../../src/engine/books/bookType.ts';
import { bufferReader, type ByteReader } from '../../../src/engine/books/byteReader.ts';
import { catalogue } from '../../../src/samples/catalogue.ts';
import { makeEpub } from '../../../src/samples/epub.ts';
import { makeFb2 } from '../../../src/samples/fb2.ts';
import { makeMobi } from '../../../src/samples/mobi.ts';
import { makeJpeg, makeJson, makePlainZip, makeUnknownBinary } from '../../../src/samples/nonBooks.ts';
import { makePdf } from '../../../src/samples/pdf.ts';

const noBytes = Buffer.alloc(0);

const unreadable: ByteReader = {
  sizeBytes: 17,
  read: () => Promise.reject(new Error('it was read')),
};

/** What a member with the extension of a book is by its bytes. */
async function corrected(byExtension: BookFormat, body: Buffer): Promise<string> {
  const detection = await correctedBook(byExtension, bufferReader(body));
  const atOnce = correctedAtOnce(byExtension, body);
  assert.deepEqual(atOnce ?? detection, detection, 'the same without waiting');
  return detection.kind === 'book' ? detection.format : detection.reason;
}

/** Counts how much is read of it. */
function counting(body: Buffer): { reader: ByteReader; bytesRead: () => number } {
  let bytesRead = 0;
  return {
    bytesRead: () => bytesRead,
    reader: {
      sizeBytes: body.length,
      read: (position, length) => {
        const part = body.subarray(position, position + length);
        bytesRead += part.length;
        return Promise.resolve(part);
      },
    },
  };
}

/** What a member is, the same where its name is asked alone. */
async function detected(name: string, body: Buffer): Promise<Detection> {
  const detection = await detectBook(name, bufferReader(body));
  for (const head of [null, body])
    assert.deepEqual(detectAtOnce(name, body.length, head) ?? detection, detection, name);
  return detection;
}

async function assertBook(format: BookFormat, body: Buffer, name = 'part/16470000'): Promise<void> {
  assert.deepEqual(await detected(name, body), { kind: 'book', format }, name);
}

async function assertSkipped(reason: SkipReason, body: Buffer, name = 'part/16470000'): Promise<void> {
  assert.deepEqual(await detected(name, body), { kind: 'skipped', reason }, name);
}

function zip(entries: Zippable): Buffer {
  return Buffer.from(zipSync(entries));
}

function utf16be(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16();
}

/** A MOBI of which only the headers are there. `records` moves the MOBI header further from the start. */
function mobiHeaders(version: number, records = 1): Buffer {
  const start = 78 + records * 8 + 2;
  const body = Buffer.alloc(start + 232);
  body.write('BOOKMOBI', 60, 'latin1');
  body.writeUInt16BE(records, 76);
  body.writeUInt32BE(start, 78);
  body.write('MOBI', start + 16, 'latin1');
  body.writeUInt32BE(version, start + 36);
  return body;
}

const fictionBook = '<FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0"></FictionBook>';

describe('formatByExtension', () => {
  it('knows every format by its extension in whatever case', () => {
    for (const format of bookFormats) {
      assert.equal(formatByExtension(`a folder/Book One.${format}`), format);
      assert.equal(formatByExtension(`BOOK.${format.toUpperCase()}`), format);
    }
  });

  it('does not take the end of a title, a folder or a hidden file for an extension', () => {
    for (const name of [
      'Vol. 1',
      'my.mobi/16470000',
      'set.epub/',
      '.epub',
      'a/.fb2',
      'a/.fb2.zip',
      '',
      'a.',
      'epub',
    ]) {
      assert.equal(formatByExtension(name), undefined, name);
    }
  });

  it('takes a ZIP for a book only when an FB2 is in its name', () => {
    assert.equal(formatByExtension('Замок.FB2.Zip'), 'fb2.zip');
    assert.equal(formatByExtension('Замок.zip'), undefined);
    assert.equal(formatByExtension('zip'), undefined);
  });
});

describe('detectBook', () => {
  it('skips an empty member whatever its name', async () => {
    await assertSkipped('empty', noBytes, 'a.epub');
    await assertSkipped('empty', noBytes, '16470000');
  });

  it('goes by a known extension without bytes', async () => {
    for (const name of ['a.Djvu', '._folder/a.djvu', 'a._.djvu', '.a.djvu', '_a.djvu', '__MACOSX/a.djvu']) {
      assert.deepEqual(await detectBook(name, unreadable), { kind: 'book', format: 'djvu' }, name);
    }
  });

  it('takes the attributes that macOS lays down beside a book for no book, and a book for one', async () => {
    // As macOS writes it: magic, version, what wrote it, and two entries; here with the start of a PDF in them.
    const attributes = Buffer.concat([
      Buffer.from('0005160700020000', 'hex'),
      Buffer.from('Mac OS X        \0\x02', 'latin1'),
      Buffer.from('%PDF-1.4', 'latin1'),
      Buffer.alloc(100),
    ]);
    for (const name of ['._a.epub', '__MACOSX/books/._a.fb2.zip', 'books/._16470000', '._photo.jpg']) {
      await assertSkipped('attributes of a file on macOS', attributes, name);
    }
    await assertBook('epub', Buffer.from('a book whose name is odd'), '._a.epub');
    await assertBook('pdf', Buffer.from('%PDF-1.4\n'), '__MACOSX/._16470000');
    await assertBook('epub', attributes, 'a.epub');
  });

  it('never goes by a folder', async () => {
    await assertSkipped('unknown', Buffer.from('plain words'), 'mobi and epub books/notes');
    await assertBook('pdf', Buffer.from('%PDF-1.4\n'), 'mobi.mobi/16470000');
  });

  it('goes by the bytes of a name with another extension', async () => {
    const [book] = catalogue;
    assert.ok(book);
    await assertBook('epub', makeEpub({ ...book, paragraphs: ['.'] }), 'photo.jpg');
    await assertBook('fb2', Buffer.from(fictionBook), 'Vol. 1');
    await assertSkipped('unknown', makeJson(1), 'index.json');
    await assertSkipped('image', makeJpeg(), 'cover.jpg');
  });

  it('knows the sample books and what lies among them without a name', async () => {
    for (const entry of catalogue) {
      const book = { ...entry, paragraphs: ['One.', 'Two.'] };
      await assertBook('epub', makeEpub(book));
      await assertBook('mobi', makeMobi(book));
      await assertBook('fb2', makeFb2(book));
      await assertBook('fb2', makeFb2(book, 'windows-1251'));
      await assertBook('pdf', makePdf(book));
    }
    await assertSkipped('image', makeJpeg());
    await assertSkipped('unknown', makeJson(1));
    await assertSkipped('zip without a book', makePlainZip(1));
    await assertSkipped('unknown', makeUnknownBinary(1));
  });

  it('tells AZW3 from MOBI by the version, wherever that stands', async () => {
    await assertBook('mobi', mobiHeaders(6));
    await assertBook('azw3', mobiHeaders(8));
    await assertBook('azw3', mobiHeaders(8, 600));
    await assertBook('mobi', mobiHeaders(8).subarray(0, 70));
    await assertSkipped('unknown', Buffer.from('The word BOOKMOBI at another place'));
  });

  it('takes a ZIP for an EPUB by its mimetype, or by its container', async () => {
    const chapter = randomBytes(9000);
    const mimetype = strToU8('application/epub+zip');
    await assertBook('epub', zip({ mimetype: [mimetype, { level: 0 }], 'a.xhtml': chapter }));
    await assertBook('epub', zip({ mimetype: [mimetype, { level: 9 }], 'a.xhtml': chapter }));
    await assertBook('epub', zip({ 'META-INF/': strToU8(''), mimetype: [mimetype, { level: 0 }] }));
    await assertBook('epub', zip({ 'a.xhtml': chapter, mimetype: [mimetype, { level: 9 }] }));
    await assertBook('epub', zip({ 'a.xhtml': chapter, 'META-INF/container.xml': strToU8('<x/>') }));
    await assertBook(
      'epub',
      Buffer.concat([zip({ 'a.xhtml': chapter, mimetype }), Buffer.alloc(60_000, 'x')]),
    );
    await assertBook(
      'epub',
      Buffer.concat([Buffer.from('PK\x03\x04junk', 'latin1'), zip({ 'a.xhtml': chapter, mimetype })]),
    );
    await assertSkipped('zip without a book', zip({ 'mimetype.txt': mimetype }));
    await assertSkipped('zip without a book', zip({ 'application/epub+zip': strToU8('mimetype') }));
    await assertSkipped('zip without a book', zip({ mimetype: strToU8('application/zip') }));
    await assertSkipped('zip without a book', zip({}));
    await assertSkipped('unknown', Buffer.from('PK\x03\x04', 'latin1'));
    await assertSkipped('unknown', Buffer.from('PK is not enough'));
  });

  it('tells text documents from tables, though both are ZIPs', async () => {
    const type = (kind: string) =>
      strToU8(
        `<Types><Override ContentType="application/vnd.openxmlformats-officedocument.${kind}.main+xml"/></Types>`,
      );
    const body = randomBytes(9000);
    const word = type('wordprocessingml.document');
    await assertBook('docx', zip({ '[Content_Types].xml': word, 'word/document.xml': body }));
    await assertBook(
      'docx',
      zip({ '_rels/.rels': strToU8('.'), 'word/document.xml': body, '[Content_Types].xml': word }),
    );
    await assertSkipped(
      'zip without a book',
      zip({ '[Content_Types].xml': type('spreadsheetml.sheet'), 'xl/a.xml': body }),
    );
    const opendocument = (kind: string) =>
      zip({
        mimetype: [strToU8(`application/vnd.oasis.opendocument.${kind}`), { level: 0 }],
        'content.xml': body,
      });
    await assertBook('odt', opendocument('text'));
    await assertSkipped('zip without a book', opendocument('spreadsheet'));
  });

  it('tells a FictionBook and a comic in a ZIP from other ZIPs', async () => {
    const page = makeJpeg();
    const fb2 = strToU8(fictionBook);
    await assertBook('fb2.zip', zip({ 'book.fb2': fb2 }), 'book.zip');
    await assertBook('fb2.zip', zip({ '12345': fb2 }));
    await assertBook('fb2.zip', zip({ 'a/': strToU8(''), 'a/book.FB2': fb2, 'note.txt': strToU8('.') }));
    await assertSkipped('zip without a book', zip({ 'a.fb2': fb2, 'b.fb2': fb2 }), 'two.zip');
    await assertSkipped('zip without a book', zip({ 'a.fb2': strToU8('<html/>') }), 'a.zip');
    await assertBook('cbz', zip({ 'a/1.jpg': page, 'a/2.PNG': page, 'ComicInfo.xml': fb2 }), 'comic.zip');
    await assertSkipped('zip without a book', zip({ '1.jpg': page, '2.jpg': page, 'a.exe': page }), 'a.zip');
    await assertSkipped('zip without a book', zip({ '1.jpg': page }), 'photo.zip');
  });

  it('takes a nameless text for a book where it surely is one, and no note beside books', async () => {
    const words = 'Все счастливые семьи похожи друг на друга, каждая несчастливая по-своему. '.repeat(20);
    await assertBook('txt', Buffer.from(words));
    await assertBook(
      'txt',
      Buffer.from(
        Buffer.from(words, 'utf16le')
          .filter((_, at) => at % 2 === 0)
          .map(low => low + 0xb0),
      ),
      'part/7',
    );
    await assertSkipped('unknown', Buffer.from(words.slice(0, 100)));
    await assertSkipped('unknown', Buffer.from(words), 'README');
    await assertSkipped('unknown', Buffer.from(words), 'disc.nfo');
    await assertSkipped('unknown', Buffer.from(words), '.hidden');
    await assertSkipped('unknown', Buffer.from(`\0${words}`));
    await assertSkipped('unknown', Buffer.from('{"a": [1, 2, 3]}, '.repeat(100)));
  });

  it('reads no more than a little of a large book', async () => {
    const chapters = Object.fromEntries(
      Array.from({ length: 50 }, (_, n) => [`${String(n)}.xhtml`, randomBytes(20_000)]),
    );
    const epub = zip({ ...chapters, mimetype: strToU8('application/epub+zip') });
    const { reader, bytesRead } = counting(epub);
    assert.deepEqual(await detectBook('16470000', reader), { kind: 'book', format: 'epub' });
    assert.ok(bytesRead() < 16_000, String(bytesRead()));
  });

  it('finds a PDF that begins anywhere in the first 1024 bytes', async () => {
    await assertBook('pdf', Buffer.from('%PDF-1.4\n'));
    await assertBook('pdf', Buffer.from('\xef\xbb\xbf%PDF-1.4\n', 'latin1'));
    await assertBook('pdf', Buffer.from('<html>junk of a server</html>\n%PDF-1.4\n'));
    await assertBook('pdf', Buffer.concat([Buffer.alloc(1023, 'x'), Buffer.from('%PDF-1.4\n')]));
    await assertSkipped('unknown', Buffer.concat([Buffer.alloc(1024, 1), Buffer.from('%PDF-1.4\n')]));
  });

  it('takes XML for a FictionBook by its root, in any encoding', async () => {
    const declared = (encoding: string) => `<?xml version="1.0" encoding="${encoding}"?>\n${fictionBook}`;
    await assertBook('fb2', Buffer.from(fictionBook));
    await assertBook('fb2', Buffer.from(`\ufeff${declared('utf-8')}`));
    await assertBook('fb2', Buffer.from(`\r\n  ${declared('utf-8')}`));
    await assertBook('fb2', Buffer.from(declared('windows-1251')));
    await assertBook('fb2', Buffer.from(declared('no-such-encoding')));
    await assertBook('fb2', Buffer.from(`\ufeff${declared('utf-16')}`, 'utf16le'));
    await assertBook('fb2', Buffer.from(declared('utf-16'), 'utf16le'));
    await assertBook('fb2', utf16be(`\ufeff${declared('utf-16')}`));
    await assertBook('fb2', utf16be(declared('utf-16')));
    await assertBook('fb2', utf16be(fictionBook));
    await assertBook('fb2', Buffer.from('<?xml version="1.0"?><fb:FictionBook xmlns:fb="x"/>'));
  });

  it('looks past comments, instructions and a document type for the root', async () => {
    const before =
      '<?xml version="1.0"?><!-- <html> > --> <?style a="<x>"?><!DOCTYPE FictionBook [<!ENTITY a "b">]>\n<!---->';
    await assertBook('fb2', Buffer.from(before + fictionBook));
    await assertSkipped('xml without a book', Buffer.from(`${before}<note>${fictionBook}</note>`));
    await assertSkipped('xml without a book', Buffer.from(`<?xml version="1.0"?><!-- ${fictionBook}`));
    await assertSkipped('xml without a book', Buffer.from('<?xml version="1.0"?><FictionBookShelf/>'));
    await assertSkipped('xml without a book', Buffer.from('<?xml version="1.0"?>'));
    await assertSkipped('xml without a book', Buffer.from('<?xml version="1.0"?><svg/>'), 'a.svg');
    await assertSkipped('unknown', Buffer.from('<!DOCTYPE html><html></html>'), 'page.php');
    await assertBook('html', Buffer.from('<!DOCTYPE html><html></html>'));
    await assertBook('fb2', Buffer.from(`<?xml version="1.0"?><!--${'-- '.repeat(10_000)}-->${fictionBook}`));
    await assertSkipped('unknown', Buffer.from('<3 words about <FictionBook>'));
  });

  it('knows the older formats by their signatures', async () => {
    await assertBook('rtf', Buffer.from('{\\rtf1\\ansi}'));
    await assertBook('djvu', Buffer.from('AT&TFORM\0\0\0\x20DJVMDIRM', 'latin1'));
    await assertBook('djvu', Buffer.from('AT&TFORM\0\0\0\x20DJVUINFO', 'latin1'));
    await assertSkipped('unknown', Buffer.from('AT&TFORM\0\0\0\x20THUMTH44', 'latin1'));
    await assertBook('chm', Buffer.from('ITSF\x03\0\0\0\x60\0\0\0', 'latin1'));
    await assertBook('lit', Buffer.from('ITOLITLS\x01\0\0\0', 'latin1'));
  });

  it('tells a DOC from the other compound files', async () => {
    const compound = Buffer.alloc(4096);
    compound.write('d0cf11e0a1b11ae1', 'hex');
    await assertSkipped('unknown', compound);
    const word = Buffer.from(compound);
    word.writeUInt16LE(0xa5ec, 512);
    await assertBook('doc', word);
    const small = Buffer.from(compound);
    small.write('WordDocument', 1024, 'utf16le');
    await assertBook('doc', small);
  });

  it('calls images what they are, and no word an image', async () => {
    await assertSkipped('image', Buffer.from('GIF89a\x01\0\x01\0', 'latin1'));
    await assertSkipped('image', Buffer.from('RIFF\x10\0\0\0WEBPVP8 ', 'latin1'));
    await assertSkipped('image', Buffer.concat([Buffer.from('BM'), Buffer.alloc(60)]));
    await assertSkipped('unknown', Buffer.from('BMW is a word of three letters'));
  });

  it('has an answer for any bytes', async () => {
    const starts = [
      '',
      'PK\x03\x04',
      '<?xml ',
      'AT&TFORM',
      '\x1f\x8b',
      'BM',
      '\x89PNG\r\n\x1a\n',
      '\xff\xfe<\0',
      'ITSF',
    ];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 600 }), async (start, rest) => {
        const body = Buffer.concat([Buffer.from(start, 'latin1'), rest]);
        const detection = await detectBook('16470000', bufferReader(body));
        assert.ok(['book', 'skipped'].includes(detection.kind));
      }),
      { numRuns: 300 },
    );
  });
});

describe('correctedBook', () => {
  const [entry] = catalogue;
  assert.ok(entry);
  const book = { ...entry, paragraphs: ['.'] };

  it('goes by the bytes where these are sure', async () => {
    const cases: [BookFormat, Buffer, string][] = [
      ['epub', makePdf(book), 'pdf'],
      ['epub', makeEpub(book), 'epub'],
      ['fb2', zip({ 'a.fb2': makeFb2(book) }), 'fb2.zip'],
      ['doc', Buffer.from('{\\rtf1}'), 'rtf'],
      ['doc', Buffer.from('<html><body>from Word</body></html>'), 'html'],
      ['doc', zip({ '[Content_Types].xml': strToU8('.'), 'word/document.xml': strToU8('.') }), 'docx'],
      ['mobi', mobiHeaders(8), 'azw3'],
      ['azw3', mobiHeaders(6), 'mobi'],
      ['pdb', mobiHeaders(6), 'mobi'],
      ['txt', makeFb2(book), 'fb2'],
      ['txt', makeJpeg(), 'image'],
      ['epub', makePlainZip(1), 'zip without a book'],
    ];
    for (const [extension, body, expected] of cases) {
      assert.equal(await corrected(extension, body), expected, `${extension} that is ${expected}`);
    }
  });

  it('keeps the extension where the bytes leave it open, or say the same', async () => {
    const cases: [BookFormat, Buffer][] = [
      ['epub', Buffer.from('broken')],
      ['epub', makeEpub(book).subarray(0, 300)],
      ['prc', mobiHeaders(6)],
      ['htm', Buffer.from('<html></html>')],
      ['fb2', Buffer.from('<?xml version="1.0"?><!-- cut off')],
      ['txt', Buffer.from('How to write %PDF-1.4 by hand: a text.')],
      ['txt', Buffer.from('<a> tag begins this text')],
      ['cbz', zip({ '1.jpg': makeJpeg() })],
      ['doc', Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(5000)])],
    ];
    for (const [extension, body] of cases) assert.equal(await corrected(extension, body), extension);
  });

  it('needs no second look at a text, and has one at a ZIP, an XML text and a picture', () => {
    const text = Buffer.from('A text that is no more than that. '.repeat(9));
    assert.deepEqual(correctedAtOnce('txt', text), { kind: 'book', format: 'txt' });
    assert.deepEqual(correctedAtOnce('txt', Buffer.from('GIF is a word')), { kind: 'book', format: 'txt' });
    assert.equal(correctedAtOnce('txt', Buffer.from('GIF89a\x01\0\x01\0', 'latin1')), null);
    assert.deepEqual(correctedAtOnce('epub', makeEpub(book)), { kind: 'book', format: 'epub' });
    for (const body of [makePlainZip(1), makeFb2(book), makeJpeg(), mobiHeaders(8)])
      assert.equal(correctedAtOnce('txt', Buffer.from(body)), null);
  });

  it('has an answer for any bytes under any name', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...bookFormats),
        fc.constantFrom('', 'PK\x03\x04', 'PK\x05\x06', '<?xml ', '%PDF-', 'AT&TFORM'),
        fc.uint8Array({ maxLength: 400 }),
        async (format, start, rest) => {
          const body = Buffer.concat([Buffer.from(start, 'latin1'), rest]);
          assert.ok((await corrected(format, body)).length > 0);
        },
      ),
    );
  });
});
