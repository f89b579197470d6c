import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { Zippable } from 'fflate';
import { strToU8, zipSync } from 'fflate';
import type { BookFormat } from '../../../src/engine/books/bookType.ts';
import type { SkipReason } from '../../../src/protocol/skipReason.ts';
import {
  bookFormats,
  detectBook,
  formatByExtension,
  headLength,
  needsHead,
} from '../../../src/engine/books/bookType.ts';
import { catalogue } from '../../../src/samples/catalogue.ts';
import { makeEpub } from '../../../src/samples/epub.ts';
import { makeFb2 } from '../../../src/samples/fb2.ts';
import { makeMobi } from '../../../src/samples/mobi.ts';
import { makeJpeg, makeJson, makePlainZip, makeUnknownBinary } from '../../../src/samples/nonBooks.ts';
import { makePdf } from '../../../src/samples/pdf.ts';

const noBytes = Buffer.alloc(0);

async function assertBook(format: BookFormat, body: Buffer, name = 'part/16470000'): Promise<void> {
  const detection = await detectBook(name, body.length, body.subarray(0, headLength));
  assert.deepEqual(detection, { kind: 'book', format }, name);
}

async function assertSkipped(reason: SkipReason, body: Buffer, name = 'part/16470000'): Promise<void> {
  const detection = await detectBook(name, body.length, body.subarray(0, headLength));
  assert.deepEqual(detection, { kind: 'skipped', reason }, name);
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

describe('needsHead', () => {
  it('asks for bytes only when neither size nor extension decides', () => {
    assert.equal(needsHead('a.epub', 5), false);
    assert.equal(needsHead('16470000', 0), false);
    assert.equal(needsHead('16470000', 5), true);
    assert.equal(needsHead('cover.jpg', 5), true);
  });

  it('asks for bytes where macOS may have put the name of a book on something else', () => {
    assert.equal(needsHead('._a.epub', 5), true);
    assert.equal(needsHead('__MACOSX/books/._a.epub', 5), true);
    for (const name of ['._folder/a.epub', 'a._.epub', '.a.epub', '_a.epub', '__MACOSX/a.epub']) {
      assert.equal(needsHead(name, 5), false, name);
    }
  });
});

describe('detectBook', () => {
  it('skips an empty member whatever its name', async () => {
    await assertSkipped('empty', noBytes, 'a.epub');
    await assertSkipped('empty', noBytes, '16470000');
  });

  it('goes by a known extension without bytes', async () => {
    assert.deepEqual(await detectBook('a.Djvu', 17, noBytes), { kind: 'book', format: 'djvu' });
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

  it('tells AZW3 from MOBI by the version, as far as the head shows it', async () => {
    await assertBook('mobi', mobiHeaders(6));
    await assertBook('azw3', mobiHeaders(8));
    await assertBook('mobi', mobiHeaders(8, 600));
    await assertBook('mobi', mobiHeaders(8).subarray(0, 70));
    await assertSkipped('unknown', Buffer.from('The word BOOKMOBI at another place'));
  });

  it('takes a ZIP for an EPUB by its mimetype only', async () => {
    const chapter = randomBytes(9000);
    const mimetype = strToU8('application/epub+zip');
    await assertBook('epub', zip({ mimetype: [mimetype, { level: 0 }], 'a.xhtml': chapter }));
    await assertBook('epub', zip({ mimetype: [mimetype, { level: 9 }], 'a.xhtml': chapter }));
    await assertBook('epub', zip({ 'META-INF/': strToU8(''), mimetype: [mimetype, { level: 0 }] }));
    await assertSkipped('zip without a book', zip({ 'META-INF/container.xml': strToU8('<x/>') }));
    await assertSkipped('zip without a book', zip({ 'mimetype.txt': mimetype }));
    await assertSkipped('zip without a book', zip({ 'application/epub+zip': strToU8('mimetype') }));
    await assertSkipped('zip without a book', zip({ mimetype: strToU8('application/zip') }));
    await assertSkipped('zip without a book', zip({}));
    await assertSkipped('zip without a book', Buffer.from('PK\x03\x04', 'latin1'));
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

  it('finds a PDF that begins anywhere in the first 1024 bytes', async () => {
    await assertBook('pdf', Buffer.from('%PDF-1.4\n'));
    await assertBook('pdf', Buffer.from('\xef\xbb\xbf%PDF-1.4\n', 'latin1'));
    await assertBook('pdf', Buffer.from('<html>junk of a server</html>\n%PDF-1.4\n'));
    await assertBook('pdf', Buffer.concat([Buffer.alloc(1023, 'x'), Buffer.from('%PDF-1.4\n')]));
    await assertSkipped('unknown', Buffer.concat([Buffer.alloc(1024, 'x'), Buffer.from('%PDF-1.4\n')]));
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
    await assertSkipped('unknown', Buffer.from('<!DOCTYPE html><html></html>'));
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
        const detection = await detectBook('16470000', body.length || 1, body);
        assert.ok(['book', 'skipped'].includes(detection.kind));
      }),
      { numRuns: 300 },
    );
  });
});
