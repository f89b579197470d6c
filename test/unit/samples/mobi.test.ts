import assert from 'node:assert/strict';
import { makeMobi } from '../../../src/samples/mobi.ts';
import type { SampleBook } from '../../../src/samples/sampleBook.ts';

const book: SampleBook = {
  title: '阿Q正傳 & Co.',
  authors: [
    { first: '', last: '魯迅' },
    { first: 'Jane', last: 'Austen' },
  ],
  language: 'zh',
  // Characters of three bytes after a head of any length: some lie across the ends of records.
  paragraphs: Array.from(
    { length: 40 },
    (_, index) => `${String(index)}. ${'清晨很靜，水壺還沒有響。'.repeat(12)}`,
  ),
};

function recordsOf(mobi: Buffer): Buffer[] {
  const count = mobi.readUInt16BE(76);
  const offsets = Array.from({ length: count }, (_, index) => mobi.readUInt32BE(78 + index * 8));
  assert.equal(offsets[0], 78 + count * 8 + 2);
  return offsets.map((offset, index) => {
    const end = offsets[index + 1] ?? mobi.length;
    assert.ok(end > offset && end <= mobi.length);
    return mobi.subarray(offset, end);
  });
}

describe('makeMobi', () => {
  const mobi = makeMobi(book);
  const records = recordsOf(mobi);
  const first = records[0] ?? Buffer.alloc(0);
  const textCount = first.readUInt16BE(8);

  it('is a Palm database of type BOOK and creator MOBI', () => {
    assert.equal(mobi.toString('latin1', 0x3c, 0x44), 'BOOKMOBI');
    const end = mobi.indexOf(0);
    assert.ok(end > 0 && end < 32, 'its name is ended by a zero within 32 bytes');
    assert.match(mobi.toString('latin1', 0, end), /^[\x20-\x7e]+$/);
  });

  it('tells version, encoding and full name in the MOBI header', () => {
    assert.equal(first.readUInt16BE(0), 1, 'not compressed');
    assert.equal(first.toString('latin1', 16, 20), 'MOBI');
    assert.equal(first.readUInt32BE(28), 65001);
    assert.equal(first.readUInt32BE(36), 6);
    const offset = first.readUInt32BE(84);
    assert.equal(first.toString('utf8', offset, offset + first.readUInt32BE(88)), book.title);
  });

  it('tells authors, title and language in the EXTH header', () => {
    assert.equal(first.readUInt32BE(128) & 0x40, 0x40);
    let at = 16 + first.readUInt32BE(20);
    assert.equal(first.toString('latin1', at, at + 4), 'EXTH');
    const end = at + first.readUInt32BE(at + 4);
    const entries: [number, string][] = [];
    const count = first.readUInt32BE(at + 8);
    at += 12;
    for (let left = count; left > 0; left--) {
      const length = first.readUInt32BE(at + 4);
      entries.push([first.readUInt32BE(at), first.toString('utf8', at + 8, at + length)]);
      at += length;
    }
    assert.equal(at, end);
    const values = (type: number): string[] =>
      entries.filter(([entryType]) => entryType === type).map(([, value]) => value);
    assert.deepEqual(values(100), ['魯迅', 'Jane Austen']);
    assert.deepEqual(values(503), [book.title]);
    assert.deepEqual(values(524), ['zh']);
  });

  it('divides the text into records of 4096 bytes that end with whole characters', () => {
    assert.ok(textCount > 3);
    let overlaps = 0;
    const pieces = records.slice(1, 1 + textCount).map((record, index) => {
      const overlap = (record.at(-1) ?? 0) & 3;
      overlaps += overlap;
      const piece = record.subarray(0, record.length - 1 - overlap);
      if (index < textCount - 1) assert.equal(piece.length, 4096);
      const next = records[index + 2];
      if (overlap > 0) assert.deepEqual(record.subarray(-1 - overlap, -1), next?.subarray(0, overlap));
      return piece;
    });
    assert.ok(overlaps > 0, 'the sample has a character across the end of a record');
    const bytes = Buffer.concat(pieces);
    assert.equal(bytes.length, first.readUInt32BE(4));
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    assert.ok(text.startsWith('<html>') && text.endsWith('</html>'));
    for (const paragraph of book.paragraphs) assert.ok(text.includes(`<p>${paragraph}</p>`));
  });

  it('ends with the records that its header names', () => {
    const name = (number: number): string => records[number]?.toString('latin1', 0, 4) ?? '';
    assert.equal(first.readUInt32BE(80), 1 + textCount);
    assert.equal(name(first.readUInt32BE(208)), 'FLIS');
    assert.equal(records[first.readUInt32BE(208)]?.length, 36);
    assert.equal(name(first.readUInt32BE(200)), 'FCIS');
    assert.equal(records[first.readUInt32BE(200)]?.length, 44);
    assert.equal(records.at(-1)?.toString('hex'), 'e98e0d0a');
    assert.equal(records.length, textCount + 4);
  });
});
