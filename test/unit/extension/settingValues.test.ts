import assert from 'node:assert/strict';
import path from 'node:path';
import {
  checkAddress,
  checkChoices,
  checkFolder,
  checkNumber,
  checkText,
} from '../../../src/settings/settingValues.ts';

const home = path.resolve('/home/reader');
const workspace = path.resolve('/work space/$&');
const open = { homeFolder: home, workspaceFolder: workspace };
const closed = { homeFolder: home };

describe('checkFolder', () => {
  it('takes an empty or missing setting for none', () => {
    for (const value of [undefined, null, '', '  ']) {
      assert.deepEqual(checkFolder(value, closed), { ok: true, value: undefined });
    }
  });

  it('keeps an absolute path', () => {
    assert.deepEqual(checkFolder(path.resolve('/tars'), closed), { ok: true, value: path.resolve('/tars') });
  });

  it('expands the home folder', () => {
    assert.deepEqual(checkFolder('~', closed), { ok: true, value: home });
    assert.deepEqual(checkFolder('~/tars', closed), { ok: true, value: path.join(home, 'tars') });
  });

  it('leaves a tilde within a name alone', () => {
    const folder = path.resolve('/tars~1');
    assert.deepEqual(checkFolder(folder, closed), { ok: true, value: folder });
  });

  it('expands the workspace folder, whatever characters it holds', () => {
    assert.deepEqual(checkFolder('${workspaceFolder}', open), { ok: true, value: workspace });
    assert.deepEqual(checkFolder('${workspaceFolder}/tars', open), {
      ok: true,
      value: path.join(workspace, 'tars'),
    });
  });

  it('takes a relative path to lie in the workspace folder', () => {
    assert.deepEqual(checkFolder('tars', open), { ok: true, value: path.join(workspace, 'tars') });
  });

  it('refuses what needs a folder when none is open', () => {
    assert.equal(checkFolder('${workspaceFolder}/tars', closed).ok, false);
    assert.equal(checkFolder('tars', closed).ok, false);
  });

  it('refuses a variable that it does not know, and what is not a text', () => {
    assert.equal(checkFolder('${env:HOME}/tars', open).ok, false);
    assert.equal(checkFolder(7, open).ok, false);
  });
});

describe('checkNumber', () => {
  const range = { min: 1, max: 64 };

  it('keeps a whole number within the range, and takes a missing one for none', () => {
    assert.deepEqual(checkNumber(1, range), { ok: true, value: 1 });
    assert.deepEqual(checkNumber(64, range), { ok: true, value: 64 });
    assert.deepEqual(checkNumber(undefined, range), { ok: true, value: undefined });
  });

  it('refuses everything else, and says what is allowed', () => {
    for (const value of [0, 65, 1.5, Number.NaN, '4', true]) {
      const checked = checkNumber(value, range);
      assert.ok(!checked.ok);
      assert.match(checked.reason, /1 to 64/);
    }
  });
});

describe('checkChoices', () => {
  const known = ['epub', 'fb2', 'pdf'] as const;

  it('takes known words, each once, and a missing setting for none', () => {
    assert.deepEqual(checkChoices(undefined, known), { ok: true, value: undefined });
    assert.deepEqual(checkChoices([], known), { ok: true, value: [] });
    assert.deepEqual(checkChoices(['pdf', 'epub', 'pdf'], known), { ok: true, value: ['pdf', 'epub'] });
  });

  it('says what is wrong with others', () => {
    assert.deepEqual(checkChoices('epub', known), { ok: false, reason: 'is no list' });
    for (const value of [['mp3'], [null], [7]]) {
      assert.deepEqual(checkChoices(value, known), {
        ok: false,
        reason: 'holds what is none of epub, fb2, pdf',
      });
    }
  });
});

describe('checkText', () => {
  it('takes away blanks around it, and takes an empty or missing setting for none', () => {
    assert.deepEqual(checkText(' Ann '), { ok: true, value: 'Ann' });
    for (const value of [undefined, null, '', ' ']) {
      assert.deepEqual(checkText(value), { ok: true, value: undefined });
    }
    assert.equal(checkText(7).ok, false);
  });
});

describe('checkAddress', () => {
  it('keeps an address of the right kind, and takes an empty or missing setting for none', () => {
    assert.deepEqual(checkAddress(' http://localhost:6006 ', 'http'), {
      ok: true,
      value: 'http://localhost:6006',
    });
    assert.equal(checkAddress('wss://books/ws', 'webSocket').ok, true);
    assert.equal(checkAddress('postgresql://me@localhost/books', 'database').ok, true);
    assert.deepEqual(checkAddress('', 'http'), { ok: true, value: undefined });
  });

  it('refuses what is none, and says how one begins', () => {
    for (const value of ['localhost:6006', 'ws://localhost', 'http://', 'file:///books']) {
      const checked = checkAddress(value, 'http');
      assert.ok(!checked.ok, value);
      assert.match(checked.reason, /begins with http:\/\/ or https:\/\//);
    }
    assert.equal(checkAddress(7, 'http').ok, false);
  });

  it('refuses a password, says where it belongs, and does not repeat it', () => {
    const wrong = [
      ['http://me:hush@localhost', 'http'],
      ['ws://me:hush@localhost/ws', 'webSocket'],
      ['postgresql://me:hush@localhost/books', 'database'],
      ['postgresql://me@localhost/books?password=hush', 'database'],
    ] as const;
    for (const [value, kind] of wrong) {
      const checked = checkAddress(value, kind);
      assert.ok(!checked.ok, value);
      assert.match(checked.reason, /Sign In/);
      assert.doesNotMatch(checked.reason, /hush/);
    }
  });
});
