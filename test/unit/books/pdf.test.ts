import assert from 'node:assert/strict';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import type { FoundMetadata } from '../../../src/engine/books/metadata/bookMetadata.ts';
import { UnreadableBookError } from '../../../src/engine/books/metadata/bookMetadata.ts';
import { bytesInMemory } from '../../../src/engine/books/metadata/bookBytes.ts';
import { readPdf } from '../../../src/engine/books/metadata/pdf.ts';
import {
  appendToPdf,
  layPdf,
  makeEncryptedPdf,
  makePdfBook,
  pdfEncryptions,
  pdfParts,
  utf16String,
  xmpList,
  xmpPacket,
  xmpTitle,
  type PdfLayout,
} from '../../support/books/pdfWriter.ts';
import { pdfOfQpdf } from '../../support/books/pdfOfQpdf.ts';

const layouts: readonly PdfLayout[] = ['table', 'streams', 'hybrid'];
const emma = '/Title (Emma) /Author (Jane Austen) /Producer (Tests)';

const readPdfBook = (body: Buffer): FoundMetadata => readPdf(bytesInMemory(body));

function says(body: Buffer, expected: Partial<FoundMetadata>, what?: string): void {
  const found = readPdfBook(body);
  const asked = Object.fromEntries(
    Object.keys(expected).map(key => [key, found[key as keyof FoundMetadata]]),
  );
  assert.deepEqual(asked, expected, what);
}

const saysEmma = { title: 'Emma', authors: ['Jane Austen'] };

describe('the PDF reader', () => {
  for (const layout of layouts) {
    it(`reads Info, XMP and the language of the catalog where the layout is: ${layout}`, () => {
      says(makePdfBook({ info: emma, catalog: '/Lang (fr-FR)' }, layout), { ...saysEmma, language: 'fr-FR' });
      const xmp = xmpPacket(xmpTitle('Замок') + xmpList('dc:creator', ['Франц Кафка', 'Б']));
      says(makePdfBook({ xmp }, layout), { title: 'Замок', authors: ['Франц Кафка', 'Б'] });
    });

    it(`finds the objects themselves where the cross-references are damaged: ${layout}`, () => {
      const whole = makePdfBook({ info: emma, catalog: '/Lang (en)' }, layout);
      const text = whole.toString('latin1');
      const cases: [what: string, text: string][] = [
        ['startxref leads nowhere', text.replace(/startxref\n\d+/, 'startxref\n99999999')],
        ['startxref leads into an object', text.replace(/startxref\n\d+/, 'startxref\n15')],
        ['no startxref', text.replace('startxref', 'startxxxx')],
        ['a byte more', text.replace('/Type /Catalog', '/Type  /Catalog')],
        ['cut off', text.slice(0, -30)],
      ];
      for (const [what, damaged] of cases) {
        says(Buffer.from(damaged, 'latin1'), { ...saysEmma, language: 'en' }, what);
      }
    });

    it(`reads a file with something before its header: ${layout}`, () => {
      const body = Buffer.concat([
        Buffer.from('HTTP/1.1 200 OK\r\n\r\n'),
        makePdfBook({ info: emma }, layout),
      ]);
      says(body, saysEmma);
    });

    it(`takes the newest of what was saved again: ${layout}`, () => {
      let body = makePdfBook({ info: '/Title (Older)' }, layout);
      for (const title of ['Newer', 'Newest']) {
        body = appendToPdf(body, new Map([[4, `<< /Title (${title}) >>`]]));
      }
      says(body, { title: 'Newest' });
    });
  }

  it('reads every form of a string', () => {
    const titles: [string, string][] = [
      ['(a (nested) \\(b\\) \\\\ \\101\\7\\\r\nz)', 'a (nested) (b) \\ A\u0007z'],
      ['(two\r\nlines)', 'two\nlines'],
      ['<45 6D\n6d 61>', 'Emma'],
      ['<FEFF0417043004\n3C043E043A>', 'Замок'],
      ['(\\376\\377\\004\\027\\0040)', 'За'],
      ['<FFFE17043004>', 'За'],
      ['(\xef\xbb\xbfCaf\xc3\xa9)', 'Café'],
      ['(\x8dCaf\xe9\x8e \x84 \xa0)', '“Café” — €'],
      ['<FEFF001B00720075001B0417>', 'З'],
      ['<454>', 'E@'],
      [utf16String('😀 书'), '😀 书'],
    ];
    for (const [string, title] of titles) says(makePdfBook({ info: `/Title ${string}` }), { title }, string);
  });

  it('knows names that are written in another way, and a string that stands elsewhere', () => {
    says(makePdfBook({ info: '/T#69tle (Emma)' }), { title: 'Emma' });
    const parts = pdfParts({ info: '/Title 9 0 R' });
    parts.set(9, '(Elsewhere)');
    for (const layout of layouts) says(layPdf(parts, layout), { title: 'Elsewhere' }, layout);
  });

  it('separates authors as calibre does, and leaves commas to the names', () => {
    const authors: [string, string[]][] = [
      ['Ilya Ilf & Yevgeny Petrov', ['Ilya Ilf', 'Yevgeny Petrov']],
      ['Ilya Ilf, and Yevgeny Petrov WITH Others', ['Ilya Ilf', 'Yevgeny Petrov', 'Others']],
      ['Ilya Ilf, Yevgeny Petrov', ['Ilya Ilf, Yevgeny Petrov']],
      ['Martin Luther King, Jr.', ['Martin Luther King, Jr.']],
      ['Barnes && Noble', ['Barnes & Noble']],
      ['Sandy Anderson', ['Sandy Anderson']],
      [' & ', []],
    ];
    for (const [author, names] of authors) {
      says(makePdfBook({ info: `/Author (${author})` }), { authors: names }, author);
    }
    says(makePdfBook({ info: '/Author (One; Two)' }), { authors: ['One', 'Two'] });
  });

  it('prefers XMP, unless Info was changed after it', () => {
    const packet = (changed: string): string =>
      xmpPacket(
        xmpTitle('From XMP') +
          xmpList('dc:creator', ['X']) +
          `<xmp:MetadataDate>${changed}</xmp:MetadataDate>`,
      );
    const info = "/Title (From Info) /Author (I) /ModDate (D:20200601120000+02'00')";
    const of = (xmp: string) => makePdfBook({ info, xmp });
    says(of(packet('2020-06-01T10:00:00Z')), { title: 'From XMP', authors: ['X'] }, 'at once');
    says(of(packet('2020-06-01T09:59:59Z')), { title: 'From Info', authors: ['I'] }, 'Info is newer');
    says(of(packet('2020-06-01T12:00:01+02:00')), { title: 'From XMP', authors: ['X'] }, 'XMP is newer');
    const inAttribute = xmpPacket(xmpTitle('From XMP'), 'xmp:MetadataDate="2019-01-01T00:00:00Z"');
    says(of(inAttribute), { title: 'From Info', authors: ['I'] }, 'as an attribute');
    says(
      of(xmpPacket(xmpTitle('From XMP'))),
      { title: 'From XMP', authors: ['I'] },
      'each fills in for the other',
    );
  });

  it('reads language, publisher, date, series and ISBN from XMP', () => {
    const xmp = xmpPacket(
      xmpList('dc:language', ['de-DE']) +
        xmpList('dc:publisher', ['Insel']) +
        xmpList('dc:date', ['1923-05']) +
        '<xmp:CreateDate>2010-01-02T03:04:05Z</xmp:CreateDate><prism:isbn>978-0-306-40615-7</prism:isbn>' +
        '<calibre:series rdf:parseType="Resource"><rdf:value>Saga</rdf:value><calibreSI:series_index>2.50</calibreSI:series_index></calibre:series>',
    );
    const expected = {
      language: 'de-DE',
      publisher: 'Insel',
      date: '1923-05',
      identifiers: { isbn: '9780306406157' },
      series: { name: 'Saga', index: 2.5 },
    };
    says(makePdfBook({ xmp, catalog: '/Lang (fr)' }), expected);
    says(makePdfBook({ xmp: Buffer.from(xmp, 'utf16le') }), expected, 'in UTF-16');
  });

  it('takes the default title of several languages', () => {
    const alternatives =
      '<dc:title><rdf:Alt><rdf:li xml:lang="de">Schloss</rdf:li><rdf:li xml:lang="x-default">Castle</rdf:li></rdf:Alt></dc:title>';
    says(makePdfBook({ xmp: xmpPacket(alternatives) }), { title: 'Castle' });
  });

  it('finds an ISBN in Info, and takes no other number for one', () => {
    const numbers: [string, Record<string, string>][] = [
      ['/Keywords (novel, ISBN 0-306-40615-2)', { isbn: '0306406152' }],
      ['/ISBN (978-0-306-40615-7)', { isbn: '9780306406157' }],
      ['/Subject (ISBN-13: 9780306406157)', { isbn: '9780306406157' }],
      ['/Subject (9780306406158)', {}],
      ['/Subject (0000000000)', {}],
      ['/CreationDate (0306406152)', {}],
    ];
    for (const [info, identifiers] of numbers) says(makePdfBook({ info }), { identifiers }, info);
  });

  it('finds the packet of XMP where nothing else is whole', () => {
    const xmp = xmpPacket(xmpTitle('Emma'));
    const body = Buffer.from(
      makePdfBook({ xmp })
        .toString('latin1')
        .replaceAll(/obj|trailer/g, 'xxx'),
      'latin1',
    );
    says(body, { title: 'Emma' });
  });

  for (const kind of pdfEncryptions) {
    it(`reads what is encrypted without a password: ${kind}`, () => {
      const book = { title: 'Emma', author: 'Jane Austen' };
      says(makeEncryptedPdf(kind, '', book), saysEmma);
      const xmp = xmpPacket(xmpTitle('In XMP'));
      says(makeEncryptedPdf(kind, '', { ...book, xmp }), { title: 'In XMP' });
      assert.throws(
        () => readPdfBook(makeEncryptedPdf(kind, 'secret', book)),
        (thrown: unknown) => thrown instanceof UnreadableBookError && thrown.message.includes('password'),
      );
    });
  }

  it('reads what qpdf has encrypted by the newest revision', () => {
    says(pdfOfQpdf('emptyPassword'), saysEmma);
    assert.throws(() => readPdfBook(pdfOfQpdf('password')), /password/);
  });

  it('reads files made for the web, whose first cross-references stand at the start', () => {
    for (const name of ['linearized', 'linearizedTable'] as const) {
      const whole = pdfOfQpdf(name);
      says(whole, saysEmma, name);
      says(
        Buffer.from(whole.toString('latin1').replaceAll('startxref', 'startxxxx'), 'latin1'),
        saysEmma,
        name,
      );
    }
  });

  it('throws a reason where there is nothing to read', () => {
    const reasons: [Buffer, RegExp][] = [
      [Buffer.from('%PDF-1.5\n1 0 obj <</Type/XRef>> stream'), /no catalog/],
      [Buffer.from('%PDF-1.4'), /no catalog/],
      [layPdf(pdfParts({ info: emma }), 'table', '/Encrypt << /Filter /Own /V 1 /R 2 >>'), /unknown way/],
    ];
    for (const [body, reason] of reasons) assert.throws(() => readPdfBook(body), reason);
  });
});

describe('the PDF reader and hostile files', () => {
  const bomb = deflateSync(deflateSync(Buffer.alloc(200_000_000)));

  it('does not unpack more than metadata can need', () => {
    const parts = pdfParts({ info: emma, xmp: '' });
    parts.set(5, { dictionary: '/Type /Metadata /Filter [/FlateDecode /FlateDecode]', data: bomb });
    const before = process.memoryUsage.rss();
    says(layPdf(parts, 'table'), saysEmma);
    assert.ok(process.memoryUsage.rss() - before < 150_000_000);
  });

  it('ends where streams of objects and lengths lead back to themselves', () => {
    const within = pdfParts({ info: emma });
    within.set(4, { dictionary: '/Length 4 0 R /Title (Emma)', data: Buffer.from('x') });
    says(layPdf(within, 'table'), { title: 'Emma' });
    const file = makePdfBook({ info: emma }, 'streams').toString('latin1');
    for (const [from, to] of [
      ['/First', '/First 6 0 R /Was'],
      ['/N ', '/Extends 6 0 R /N '],
      ['/Root 1 0 R', '/Root 6 0 R'],
      ['/Info 4 0 R', '/Info 7 0 R'],
    ] as const) {
      bounded(() => readPdfBook(Buffer.from(file.replace(from, to), 'latin1')));
    }
  });

  it('ends where cross-references lead back to one another', () => {
    const file = makePdfBook({ info: emma }).toString('latin1');
    const start = /startxref\n(\d+)/.exec(file)?.[1] ?? '';
    says(Buffer.from(file.replace('/Info', `/Prev ${start} /Info`), 'latin1'), saysEmma);
    says(Buffer.from(file.replace('/Info', `/XRefStm ${start} /Info`), 'latin1'), saysEmma);
  });

  it('believes no number that is too large', () => {
    const file = makePdfBook({ info: emma }).toString('latin1');
    for (const [from, to] of [
      ['1 1\n', '1 9999999999\n'],
      ['/Info', '/Prev 99999999999999999999 /Info'],
      [/\d{10} 00000 n/g, '9999999999 00000 n'],
    ] as const) {
      says(Buffer.from(file.replaceAll(from, to), 'latin1'), { title: 'Emma' }, String(from));
    }
    const wide = makePdfBook({ info: emma }, 'streams').toString('latin1');
    says(Buffer.from(wide.replace('/W [1 4 2]', '/W [1 9999999 2]'), 'latin1'), { title: 'Emma' });
    says(Buffer.from(wide.replace('/Columns 7', '/Columns 99999999'), 'latin1'), { title: 'Emma' });
  });

  it('takes a title that is deeply nested or never ends for none', () => {
    for (const info of [`/A ${'['.repeat(100_000)}`, `/Title (${'('.repeat(100_000)}`, '/Title (Emma']) {
      bounded(() => readPdfBook(makePdfBook({ info })));
    }
  });

  it('has an answer for any change of any layout', () => {
    const wholes = [
      ...layouts.map(layout => makePdfBook({ info: emma, xmp: xmpPacket(xmpTitle('Emma')) }, layout)),
      makeEncryptedPdf('AES of 128 bits', '', { title: 'Emma', author: 'Jane Austen' }),
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...wholes),
        fc.array(fc.record({ at: fc.nat(), byte: fc.nat(255) }), { maxLength: 20 }),
        fc.option(fc.nat(), { freq: 3 }),
        (whole, changes, cut) => {
          const body = Buffer.from(whole.subarray(0, cut === null ? whole.length : cut % whole.length));
          for (const { at, byte } of changes) if (body.length > 0) body[at % body.length] = byte;
          bounded(() => readPdfBook(body));
        },
      ),
      { numRuns: 2000 },
    );
  });
});

/** Either an answer, or the one error that is meant for books that say nothing. */
function bounded(read: () => FoundMetadata): void {
  try {
    read();
  } catch (thrown) {
    if (!(thrown instanceof UnreadableBookError)) throw thrown;
  }
}
