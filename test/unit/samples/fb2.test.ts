import assert from 'node:assert/strict';
import { makeFb2 } from '../../../src/samples/fb2.ts';
import type { SampleBook } from '../../../src/samples/sampleBook.ts';

const book: SampleBook = {
  title: 'Дама с собачкой & <Ко>',
  authors: [
    { first: 'Антон', last: 'Чехов' },
    { first: '', last: 'Тэффи' },
  ],
  language: 'ru',
  series: { name: 'Рассказы', index: 3 },
  paragraphs: ['— Ёлка № 5 «стояла» у окна…', '魯 and é'],
};

describe('makeFb2', () => {
  it('tells title, authors, language and series', () => {
    const xml = makeFb2(book).toString('utf8');
    assert.match(xml, /^<\?xml version="1\.0" encoding="utf-8"\?>\n<FictionBook /);
    assert.match(xml, /<book-title>Дама с собачкой &amp; &lt;Ко&gt;<\/book-title>/);
    assert.match(xml, /<first-name>Антон<\/first-name><last-name>Чехов<\/last-name>/);
    assert.match(xml, /<author><nickname>Тэффи<\/nickname><\/author>/);
    assert.match(xml, /<lang>ru<\/lang>/);
    assert.match(xml, /<sequence name="Рассказы" number="3"\/>/);
    assert.match(xml, /<p>魯 and é<\/p>/);
  });

  it('says the same in windows-1251, with references for what that cannot hold', () => {
    const bytes = makeFb2(book, 'windows-1251');
    const xml = new TextDecoder('windows-1251').decode(bytes);
    const expected = makeFb2(book)
      .toString('utf8')
      .replace('encoding="utf-8"', 'encoding="windows-1251"')
      .replace('魯', `&#${String('魯'.codePointAt(0))};`)
      .replace('é', '&#233;');
    assert.equal(xml, expected);
    assert.ok(bytes.includes(Buffer.from([0xc4, 0xe0, 0xec, 0xe0])), 'Дама is one byte a letter');
  });
});
