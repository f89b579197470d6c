import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { rootFolder } from '../../../scripts/paths.ts';
import { engineText } from '../../../src/text/engineText.ts';
import { setTranslate } from '../../../src/text/localize.ts';
import { findSentence, sentence, sentences, type SentenceName } from '../../../src/protocol/sentences.ts';

const names = Object.keys(sentences) as SentenceName[];

/** What may stand in a sentence: paths with everything that they may have, and what systems say. */
const samples: readonly (readonly string[])[] = [
  ['C:\\My Books (old)\\a.b. c', 'http://localhost:8080/#Calibre_Library', '— $1 $& {0}', '3 GB', '1 GB'],
  ['two\nlines', '“quoted”: so (it) is.', 'books-1.tar, books-2.tar', ' ', 'at byte 7'],
];

describe('A sentence of the engine', () => {
  it('is found again, with what stands in it', () => {
    for (const name of names) {
      const values = ['/srv/books', 'EACCES, permission denied', '512', '3 GB', '1 GB'];
      const places = new Set(sentences[name].match(/\{\d\}/g));
      const text = sentence(name, ...values);
      assert.deepEqual(findSentence(text), { name, values: values.slice(0, places.size) }, text);
    }
  });

  it('is found, and is whole, whatever stands in it', () => {
    for (const name of names) {
      for (const values of samples) {
        const text = sentence(name, ...values);
        const found = findSentence(text);
        // Where a value looks like what stands between two, nobody knows which of it is which.
        assert.deepEqual([found?.name, found && sentence(name, ...found.values)], [name, text]);
      }
    }
  });

  it('has its values in their order, which is how they are found', () => {
    for (const name of names) {
      const first = [...new Set(sentences[name].match(/\{\d\}/g))];
      assert.deepEqual(
        first,
        first.map((_place, index) => `{${String(index)}}`),
        name,
      );
    }
  });

  it('says what to do next where something has failed', () => {
    const toDo =
      /\b(?:Check|Choose|Give|Connect|Rename|Make|Watch|Launch|launch|Free|free|get|Get|Leave|Mend|Set|Start|See|Sign in|Correct|Plug in|Install|Close|Resume|Name|Pause|Look|Try|End|end that process|Ask|Update|lists|tries it again|is tried again)\b/;
    // Between these stand notes and answers, which tell of no failure.
    const notes = names.indexOf('pausedByPerson');
    const failures = [...names.slice(0, notes), ...names.slice(names.indexOf('engineIsGone'))];
    const withoutAdvice = failures.filter(
      name => /[.}]$/.test(sentences[name]) && !toDo.test(sentences[name]),
    );
    assert.deepEqual(withoutAdvice, [
      // What a destination does not take is nothing that anybody mends.
      ...['bookEmpty', 'bookTooLarge', 'bookOfOtherType'],
      // The advice comes with a value.
      ...['bookWithoutLanguage', 'bookOfOtherLanguage', 'libraryUnusable'],
    ]);
    for (const name of [
      'diskFull',
      'quotaUsedUp',
      'diskReadOnly',
      'notPermitted',
      'folderGone',
      'diskErrors',
    ] as const)
      assert.match(sentences[name], /\. (?:Free|Make|Change|Connect|Check) /, name);
  });

  it('keeps what looks like a place in a value', () => {
    assert.equal(sentence('sourceIsFile', '{0} $& {1}').startsWith('{0} $& {1} is a file.'), true);
  });

  it('is none where a text only begins or ends like one', () => {
    for (const text of ['', 'No worker is paused', 'No worker is paused. And more.', 'x'.repeat(20_000)])
      assert.equal(findSentence(text), undefined);
  });

  describe('in a window', () => {
    const ofCommandLine = /--[a-z]|"tarshelf [a-z]|TARSHELF_/;

    it('advises nothing that only the command line has', () => {
      const values = ['/srv/books', '2', '3', '4', '5'];
      const advised = names.map(name => engineText(sentence(name, ...values)));
      assert.deepEqual(
        advised.filter(text => ofCommandLine.test(text)),
        [],
      );
      assert.equal(
        engineText(sentence('extractionUnwritable', '/x', 'EACCES')),
        'Cannot write /x (EACCES). Make it writable or set tarshelf.mode to in-place, then launch again.',
      );
    });

    it('has all that stands in it there, too', () => {
      for (const name of names) {
        const values = ['/1', '/2', '/3', '/4', '/5'];
        const text = engineText(sentence(name, ...values));
        const places = new Set(sentences[name].match(/\{\d\}/g)).size;
        for (const value of values.slice(0, places)) assert.ok(text.includes(value), text);
      }
    });

    it('names settings where others of the engine name options, whatever stands around them', () => {
      const [server, webSocket] = ['tarshelf.mybookshelf2.server', 'tarshelf.mybookshelf2.webSocket'];
      assert.equal(
        engineText('Start it, or check the two addresses (--server, --websocket).'),
        `Start it, or check the two addresses (${server}, ${webSocket}).`,
      );
      assert.equal(
        engineText('a.epub (--not-ours) has no language. Set the fallback language (--language), and retry.'),
        'a.epub (--not-ours) has no language. Set the fallback language (tarshelf.mybookshelf2.fallbackLanguage), and retry.',
      );
      for (const file of globSync('src/engine/**/*.ts', { cwd: rootFolder })) {
        const code = readFileSync(path.join(rootFolder, file), 'utf8');
        for (const [named] of code.matchAll(/\((?:--[a-z]+(?:, )?)+\)|\(TARSHELF_\w+\)/g))
          assert.doesNotMatch(engineText(`Check it ${named}.`), ofCommandLine, file);
      }
    });
  });

  describe('in another language', () => {
    beforeEach(() => {
      setTranslate(
        (message, ...args) =>
          `<${message.replaceAll(/\{(\d)\}/g, (_all, n: string) => String(args[Number(n)]))}>`,
      );
    });
    afterEach(() => {
      setTranslate();
    });

    it('comes with the sentences that stand in it', () => {
      const text = sentence('libraryUnusable', '/shelf', sentence('diskFull'));
      assert.equal(text, 'The library /shelf cannot take books: its disk is full. Free some space.');
      assert.equal(
        engineText(text),
        '<The library /shelf cannot take books: <its disk is full. Free some space>.>',
      );
    });

    it('stays in English where it is not known', () => {
      assert.equal(engineText('Something new.'), 'Something new.');
    });
  });
});
