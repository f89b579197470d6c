import assert from 'node:assert/strict';
import type { FailedBook } from '../../../src/protocol/progressFile.ts';
import { TarRows } from '../../../src/views/tarRows.ts';

const book: FailedBook = {
  ...{ file: 'a.epub', header_offset: 512, size: 9, code: 'UPLOAD_FAILED', message: 'No.', attempts: 1 },
};

describe('rows of tars', () => {
  it('are the same each time that they are asked for', () => {
    const rows = new TarRows();
    assert.equal(rows.tar('a.tar'), rows.tar('a.tar'));
    assert.equal(rows.book('a.tar', book), rows.book('a.tar', { ...book }));
    assert.notEqual(rows.tar('a.tar'), rows.tar('b.tar'));
    assert.equal(rows.of({ kind: 'group', group: 'failed' }), rows.of({ kind: 'group', group: 'failed' }));
  });

  it('are others for a book that failed for another reason', () => {
    const rows = new TarRows();
    const before = rows.book('a.tar', book);
    const after = rows.book('a.tar', { ...book, message: 'Still no.', attempts: 2 });
    assert.notEqual(after, before);
    assert.equal(rows.book('a.tar', { ...book, message: 'Still no.', attempts: 2 }), after);
  });

  it('show a hundred more below a row each time', () => {
    const rows = new TarRows();
    const group = rows.of({ kind: 'group', group: 'waiting' });
    assert.equal(rows.shownBelow(group), 100);
    rows.showMoreBelow(group);
    rows.showMoreBelow(group);
    assert.equal(rows.shownBelow(group), 300);
  });

  it('of tars that are gone are forgotten, with all below them; the others stay the same', () => {
    const rows = new TarRows();
    const group = rows.of({ kind: 'group', group: 'failed' });
    const moreTars = rows.of({ kind: 'more', of: group });
    const kept = rows.tar('kept.tar');
    const keptBook = rows.book('kept.tar', book);
    const gone = rows.tar('gone.tar');
    rows.book('gone.tar', book);
    rows.note('gone.tar', 'Nothing is recorded yet.');
    const moreBooks = rows.of({ kind: 'more', of: gone });
    rows.showMoreBelow(gone);
    assert.equal(rows.size, 8);
    rows.forgetBut(tar => tar === 'kept.tar');
    assert.equal(rows.size, 4);
    assert.ok(!rows.has(gone) && !rows.has(moreBooks));
    assert.equal(rows.tar('kept.tar'), kept);
    assert.equal(rows.book('kept.tar', book), keptBook);
    assert.equal(rows.of({ kind: 'group', group: 'failed' }), group);
    assert.ok(rows.has(moreTars));
    assert.equal(rows.shownBelow(rows.tar('gone.tar')), 100);
  });

  it('of run after run are no more than those of the last', () => {
    const rows = new TarRows();
    for (let run = 0; run < 50; run++) {
      for (let n = 0; n < 100; n++) rows.tar(`${String(run)}-${String(n)}.tar`);
      rows.forgetBut(tar => tar.startsWith(`${String(run)}-`));
    }
    assert.equal(rows.size, 100);
  });
});
