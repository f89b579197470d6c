import assert from 'node:assert/strict';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { padLeft, padRight, shortenEnd, shortenMiddle } from '../../../src/cli/terminalColumns.ts';
import { printable } from '../../../src/protocol/printable.ts';
import { paintColours, paintPlain } from '../../../src/cli/terminalText.ts';

describe('terminal text', () => {
  it('is shortened in its middle, so that both ends of a name can be read', () => {
    assert.equal(shortenMiddle('pilimi-zlib2-16470000-16579999.tar', 20), 'pilimi-zli…79999.tar');
    assert.equal(shortenMiddle('short.tar', 20), 'short.tar');
  });

  it('is shortened by columns and not by characters', () => {
    assert.equal(shortenMiddle('電子書籍コレクション第三巻.tar', 16), '電子書籍…巻.tar');
    assert.equal(shortenEnd('電子書籍', 4), '電…');
    assert.equal(shortenEnd('Книги — избранное', 8), 'Книги —…');
  });

  it('is never torn within a character of several code points', () => {
    assert.equal(shortenEnd('👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 3), '👩‍👩‍👧‍👦…');
    assert.equal(shortenEnd('e\u0301e\u0301e\u0301', 2), 'e\u0301…');
  });

  it('fits, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 40 }), (text, columns) => {
        const clean = printable(text);
        assert.ok(stringWidth(shortenEnd(clean, columns)) <= columns);
        assert.ok(stringWidth(shortenMiddle(clean, columns)) <= columns);
      }),
    );
  });

  it('is filled up to a width in columns', () => {
    assert.equal(padRight('電', 4), '電  ');
    assert.equal(padLeft('9 %', 5), '  9 %');
    assert.equal(padLeft('100 %', 3), '100 %');
  });

  it('holds nothing that a terminal obeys, and is one line', () => {
    assert.equal(printable('a\u001b[2Jb\nc\rd\u009be\u0007'), 'a\ufffd[2Jb\ufffdc\ufffdd\ufffde\ufffd');
    assert.equal(printable('\u202egnp.exe'), '\ufffdgnp.exe');
    assert.equal(printable('Идиот — 電子 👩‍👧'), 'Идиот — 電子 👩‍👧');
  });

  it('gets its colours from a palette, or none', () => {
    assert.equal(paintPlain('bad', 'x'), 'x');
    assert.equal(paintColours('bad', 'x'), '\u001b[31mx\u001b[39m');
    assert.equal(paintColours('plain', 'x'), 'x');
    assert.equal(paintColours('bad', ''), '');
  });
});
