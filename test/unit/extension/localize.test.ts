import assert from 'node:assert/strict';
import { setTranslate, t } from '../../../src/text/localize.ts';

describe('A text for people', () => {
  afterEach(() => {
    setTranslate();
  });

  it('comes out as it stands, with its arguments in their places', () => {
    assert.equal(t('Nothing is running.'), 'Nothing is running.');
    assert.equal(t('{1} of {0}: {1}', 'books', 3), '3 of books: 3');
  });

  it('keeps what an argument holds, and a place that has no argument', () => {
    assert.equal(t('Read {0}', '$& {1}'), 'Read $& {1}');
    assert.equal(t('{0} and {1}', 'one'), 'one and {1}');
  });

  it('comes out in the language of the window, once that is known', () => {
    setTranslate((message, ...args) => `<${message}|${args.join('|')}>`);
    assert.equal(t('{0} books', 3), '<{0} books|3>');
  });
});
