import assert from 'node:assert/strict';
import fc from 'fast-check';
import { bookMetadataFromName } from '../../../src/engine/books/metadata/bookMetadata.ts';
import { cleanText } from '../../../src/engine/books/metadata/cleanText.ts';
import { commonLanguages, normalizeLanguage } from '../../../src/engine/books/metadata/language.ts';
import { displayNames } from '../../../src/engine/books/metadata/personName.ts';

describe('bookMetadataFromName', () => {
  it('takes the base name without its extension as the title', () => {
    const titles: [string, string][] = [
      ['part/one/Замок.epub', 'Замок'],
      ['a\\b\\Emma.MOBI', 'Emma'],
      ['Emma.fb2.zip', 'Emma'],
      ['16470000', '16470000'],
      ['Vol. 1', 'Vol. 1'],
      ['Release v1.2', 'Release v1.2'],
      ['photo.jpg', 'photo'],
      ['archive.7z', 'archive'],
      ['.epub', '.epub'],
      ['a/ .epub', '.epub'],
      ['', 'Untitled'],
      ['a/\0\x01', 'Untitled'],
    ];
    for (const [name, title] of titles) {
      assert.deepEqual(
        bookMetadataFromName(name),
        {
          title,
          authors: [],
          language: null,
          series: null,
          publisher: null,
          date: null,
          identifiers: {},
          warning: null,
        },
        name,
      );
    }
  });
});

describe('cleanText', () => {
  it('folds white space and removes control characters', () => {
    assert.equal(cleanText(' \tWar\r\n and\u00a0\u2003Peace\0\x07\x7f\u0085\ufeff ', 256), 'War and Peace');
    assert.equal(cleanText('a\u202eb\ud800c', 256), 'abc');
  });

  it('composes letters and their marks', () => {
    assert.equal(cleanText('Bronte\u0308 Ё', 256), 'Brontë Ё');
  });

  it('cuts at whole characters', () => {
    assert.equal(cleanText('𝔘'.repeat(300), 256), '𝔘'.repeat(256));
    assert.equal(cleanText(`${'a'.repeat(255)} tail`, 256), 'a'.repeat(255));
  });

  it('keeps what languages need: joiners and marks of direction of single letters', () => {
    assert.equal(cleanText('می\u200cخواهم', 256), 'می\u200cخواهم');
  });

  it('folds white space that only control characters divide', () => {
    assert.equal(cleanText('!\t\u0000\t¡', 256), '! ¡');
  });

  it('leaves each character as it is composed, whatever it stands beside', () => {
    for (let code = 0x20; code < 0xfffe; code++) {
      const character = String.fromCharCode(code);
      if (/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u.test(character)) continue;
      const text = `a${character}e`;
      const composed = text.normalize('NFC').replace(/\s+/g, ' ');
      assert.equal(cleanText(text, 256), composed, code.toString(16));
      assert.equal(cleanText(` ${text}  ${text} `, 256), `${composed} ${composed}`, code.toString(16));
    }
  });

  it('gives clean text of bounded length for any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 400 }),
        fc.integer({ min: 1, max: 50 }),
        (text, length) => {
          const clean = cleanText(text, length);
          assert.ok(Array.from(clean).length <= length);
          assert.doesNotMatch(clean, /\p{Cc}|\p{Cs}|^\s|\s$|\s\s/u);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('displayNames', () => {
  it('puts the last name last', () => {
    assert.deepEqual(displayNames('Tolstoy, Leo'), ['Leo Tolstoy']);
    assert.deepEqual(displayNames('Jane Austen'), ['Jane Austen']);
  });

  it('leaves what follows a comma and is no first name', () => {
    assert.deepEqual(displayNames('Martin Luther King, Jr.'), ['Martin Luther King, Jr.']);
    assert.deepEqual(displayNames('Penguin, Ltd'), ['Penguin, Ltd']);
    assert.deepEqual(displayNames('One, Two, Three'), ['One, Two, Three']);
  });

  it('separates names at semicolons', () => {
    assert.deepEqual(displayNames('Ilf, Ilya;Petrov, Yevgeny'), ['Ilya Ilf', 'Yevgeny Petrov']);
  });
});

describe('normalizeLanguage', () => {
  it('says of common languages what the platform says', () => {
    const english = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' });
    for (const [stated, code] of commonLanguages) {
      assert.deepEqual([stated, code], [stated, Intl.getCanonicalLocales(stated)[0]]);
      assert.notEqual(english.of(code), undefined, code);
    }
  });

  it('gives ISO 639-1 for codes of either standard, tags and names', () => {
    const languages: [string, string | null][] = [
      ['ru', 'ru'],
      ['RUS', 'ru'],
      ['ru-RU', 'ru'],
      ['ru_RU', 'ru'],
      ['Russian', 'ru'],
      ['русский', 'ru'],
      ['eng', 'en'],
      ['en-US', 'en'],
      ['english', 'en'],
      ['fre', 'fr'],
      ['fra', 'fr'],
      ['Français', 'fr'],
      ['ger', 'de'],
      ['Deutsch', 'de'],
      ['cze', 'cs'],
      ['ces', 'cs'],
      ['cz', 'cs'],
      ['slk', 'sk'],
      ['zho', 'zh'],
      ['zh-Hans-CN', 'zh'],
      ['jpn', 'ja'],
      ['ukr', 'uk'],
      ['iw', 'he'],
      [' ru ', 'ru'],
      ['grc', 'grc'],
    ];
    for (const [stated, language] of languages) assert.equal(normalizeLanguage(stated), language, stated);
  });

  it('gives null for what is no language', () => {
    for (const stated of [
      '',
      'und',
      'mul',
      'zxx',
      'xx',
      'utf-8',
      'Klingonish',
      '???',
      'x'.repeat(1000),
      'r\0u',
    ]) {
      assert.equal(normalizeLanguage(stated), null, stated);
    }
  });
});
