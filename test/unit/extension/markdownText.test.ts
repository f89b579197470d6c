import assert from 'node:assert/strict';
import { escapeMarkdown } from '../../../src/views/markdownText.ts';

describe('escapeMarkdown', () => {
  it('leaves nothing that makes a link, an icon, a table cell or a tag', () => {
    const escaped = escapeMarkdown('[x](command:y) $(sync~spin) a|b <img src=z> **c** `d`');
    assert.doesNotMatch(escaped, /(?<!\\)[[\]()|*`]|\$|</);
  });

  it('leaves no marks that turn text round', () => {
    assert.equal(escapeMarkdown('a\u202egpj \u2066x'), 'a\ufffdgpj \ufffdx');
  });

  it('keeps words apart by plain spaces, on one line', () => {
    assert.equal(escapeMarkdown('two\n words'), 'two words');
  });
});
