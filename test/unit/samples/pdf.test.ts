import assert from 'node:assert/strict';
import { makePdf } from '../../../src/samples/pdf.ts';
import type { SampleBook } from '../../../src/samples/sampleBook.ts';

const plain: SampleBook = {
  title: 'Emma (a novel\\1)',
  authors: [{ first: 'Jane', last: 'Austen' }],
  language: 'en',
  paragraphs: ['The morning was quiet, and the kettle had not yet begun to sing.'],
};
const russian: SampleBook = {
  title: 'Вишнёвый сад',
  authors: [
    { first: 'Антон', last: 'Чехов' },
    { first: 'Jane', last: 'Austen' },
  ],
  language: 'ru',
  paragraphs: Array.from({ length: 60 }, () => 'Утро было тихое, и самовар ещё не запел. '.repeat(6).trim()),
};
const chinese: SampleBook = {
  title: '阿Q正傳',
  authors: [{ first: '', last: '魯迅' }],
  language: 'zh',
  paragraphs: ['清晨很靜，水壺還沒有響。'.repeat(10)],
};

/** Reads the objects by the cross-reference table and nothing else. */
function objectsOf(pdf: Buffer): { objects: string[]; trailer: string } {
  const file = pdf.toString('latin1');
  const start = Number(/startxref\n(\d+)\n%%EOF\n$/.exec(file)?.[1]);
  const [head, ...rows] = file.slice(start).split('\n').slice(1);
  const count = Number(head?.split(' ')[1]);
  assert.equal(rows[0], '0000000000 65535 f ');
  const objects = rows.slice(1, count).map((row, index) => {
    assert.match(row, /^\d{10} 00000 n $/);
    const offset = Number(row.slice(0, 10));
    const opening = `${String(index + 1)} 0 obj\n`;
    assert.ok(file.startsWith(opening, offset), row);
    return file.slice(offset + opening.length, file.indexOf('\nendobj\n', offset));
  });
  return { objects, trailer: file.slice(file.indexOf('trailer', start)) };
}

/** The text of all pages by way of ToUnicode, as a reader copies it. */
function textOf(objects: readonly string[]): string {
  const unicode = new Map<string, string>();
  for (const object of objects.filter(candidate => candidate.includes('begincmap'))) {
    for (const [, code, text] of object.matchAll(/^<([0-9A-F]+)> <([0-9A-F]{4,})>$/gm)) {
      unicode.set(
        code ?? '',
        Buffer.from(text ?? '', 'hex')
          .swap16()
          .toString('utf16le'),
      );
    }
  }
  const digits = Math.max(...[...unicode.keys()].map(code => code.length));
  const shown = objects.flatMap(object =>
    [...object.matchAll(/<([0-9A-F]+)> Tj/g)].map(match => match[1] ?? ''),
  );
  const lines = shown.map(line =>
    Array.from({ length: line.length / digits }, (_, at) =>
      unicode.get(line.slice(at * digits, (at + 1) * digits)),
    ).join(''),
  );
  return lines.join('\n');
}

describe('makePdf', () => {
  for (const book of [plain, russian, chinese]) {
    it(`has right offsets, lengths and references (${book.title})`, () => {
      const pdf = makePdf(book);
      assert.equal(pdf.toString('latin1', 0, 9), '%PDF-1.4\n');
      const { objects, trailer } = objectsOf(pdf);
      assert.match(trailer, new RegExp(`/Size ${String(objects.length + 1)} `));
      for (const object of objects) {
        const stream = /\/Length (\d+) >>\nstream\n([^]*)\nendstream$/.exec(object);
        if (stream) assert.equal(stream[2]?.length, Number(stream[1]));
        const numbers = [...object.matchAll(/(\d+) 0 R/g)].map(match => Number(match[1]));
        for (const number of numbers) assert.ok(number <= objects.length, object);
      }
      const referred = (name: string): string | undefined => {
        const number = new RegExp(`/${name} (\\d+) 0 R`).exec(trailer)?.[1];
        return objects[Number(number) - 1];
      };
      assert.match(referred('Root') ?? '', /\/Type \/Catalog/);
      assert.match(referred('Info') ?? '', /\/Title /);
    });

    it(`holds the text so that it can be copied (${book.title})`, () => {
      const { objects } = objectsOf(makePdf(book));
      const withoutSpace = (text: string): string => text.replaceAll(/\s/g, '');
      const authors = book.authors.map(({ first, last }) => first + last).join(',');
      assert.equal(
        withoutSpace(textOf(objects)),
        withoutSpace(book.title + authors + book.paragraphs.join('')),
      );
    });
  }

  it('writes title and author as they are where they are ASCII', () => {
    const file = makePdf(plain).toString('latin1');
    assert.ok(file.includes('/Title (Emma \\(a novel\\\\1\\)) /Author (Jane Austen)'));
  });

  it('writes title and author in UTF-16 with a byte-order mark where they are not', () => {
    const match = /\/Title <FEFF([0-9A-F]+)> \/Author <FEFF([0-9A-F]+)>/.exec(
      makePdf(russian).toString('latin1'),
    );
    const decode = (text = ''): string => Buffer.from(text, 'hex').swap16().toString('utf16le');
    assert.equal(decode(match?.[1]), 'Вишнёвый сад');
    assert.equal(decode(match?.[2]), 'Антон Чехов & Jane Austen');
  });

  it('goes on to further pages when the text is long', () => {
    const { objects } = objectsOf(makePdf(russian));
    const pages = objects.filter(object => object.includes('/Type /Page '));
    assert.ok(pages.length > 1);
    assert.match(objects[1] ?? '', new RegExp(`/Count ${String(pages.length)} `));
  });
});
