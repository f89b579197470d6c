import assert from 'node:assert/strict';
import { plannedTarText, planSpace, planTitle } from '../../../src/commands/texts/planText.ts';
import { problemReport } from '../../../src/commands/texts/problemReport.ts';
import { failedBookChoice } from '../../../src/commands/texts/failedBookChoice.ts';
import { sentence } from '../../../src/protocol/sentences.ts';
import { redact, type Private } from '../../../src/commands/texts/redaction.ts';
import { chosenRows } from '../../../src/commands/parts/chosenTars.ts';
import { printableItem } from '../../../src/commands/texts/printableItem.ts';
import { runCsv, runMarkdown } from '../../../src/commands/texts/runReport.ts';
import {
  hasLostBooks,
  verificationReport,
  verificationText,
} from '../../../src/commands/texts/verificationText.ts';
import type { Plan } from '../../../src/protocol/plan.ts';
import { runState, tarState } from './sampleStates.ts';

describe('a report of a problem', () => {
  const hidden: Private = {
    homeFolder: '/home/quillfeather',
    userName: 'quillfeather',
    hostName: 'inkwell.example.org',
    secrets: ['pa ss"word', 'librarian'],
  };

  it('has no home folder, no user, no host and no secret in it, however they are written', () => {
    const report = problemReport(
      {
        version: '1.2.3',
        environment: { System: 'linux on inkwell' },
        settings: {
          stateFolder: '/home/quillfeather/state',
          'calibre.library': 'http://librarian@server:8080/#books',
          odd: 'pa ss"word',
        },
        history: [
          {
            at: '2026-03-01T10:00:00.000Z',
            kind: 'engine',
            worker: null,
            tar: null,
            message: 'the engine of Quillfeather on INKWELL.example.org began',
          },
        ],
        logs: {
          'a.log': [
            'file:///home/quillfeather/tars/a.tar',
            'C:\\Users\\quillfeather\\tars',
            'postgresql://librarian:pa%20ss%22word@db/books',
            '````',
          ],
        },
      },
      hidden,
    );
    for (const word of ['quillfeather', 'inkwell', 'librarian', 'pa ss', 'pa%20ss', '/home/'])
      assert.ok(!report.toLowerCase().includes(word), `${word} in:\n${report}`);
    assert.match(report, /Tarshelf 1\.2\.3/);
    assert.match(report, /~\/state/);
    assert.match(report, /postgresql:\/\/db\/books/);
    // No line of a log ends the block that it stands in.
    assert.match(report, /`{5}text/);
  });

  it('hides a home folder of Windows in JSON, and with either slash', () => {
    const windows = { ...hidden, homeFolder: 'C:\\Users\\Q', userName: 'Q' };
    const text = redact('C:\\Users\\Q\\a C:\\\\Users\\\\Q\\\\a c:/users/q/a', windows);
    assert.equal(text, '~\\a ~\\\\a ~/a');
  });
});

describe('a report of a run', () => {
  const report = {
    run: runState({ phase: 'finished' }),
    options: null,
    tars: [tarState({ name: 'a|b.tar', phase: 'completedWithErrors' })],
    failures: [
      {
        tar: 'a|b.tar',
        worker: 2,
        message: null,
        books: [
          {
            header_offset: 0,
            size: 3,
            file: '=cmd()","<b>.epub',
            code: 'UPLOAD_FAILED' as const,
            message: 'no',
            attempts: 2,
          },
        ],
      },
    ],
  };

  it('has no marks in it that turn text round', () => {
    const [failed] = report.failures;
    assert.ok(failed);
    const text = runMarkdown({ ...report, failures: [{ ...failed, tar: 'a\u202egpj.tar' }] });
    assert.match(text, /### a\ufffdgpj\.tar/);
  });

  it('says why a tar failed in the words of the window', () => {
    const [failed] = report.failures;
    assert.ok(failed);
    const message = sentence('extractionUnwritable', '/x', 'EACCES');
    const text = runMarkdown({ ...report, failures: [{ ...failed, message }] });
    assert.match(text, /set tarshelf\.mode to in-place/);
  });

  it('keeps what members are called within its cells', () => {
    const text = runMarkdown(report);
    assert.match(text, /a\\\|b\.tar/);
    assert.ok(!text.includes('<b>'));
    assert.match(text, /UPLOAD\\_FAILED/);
  });

  it('has a row for each tar and each failed book in CSV, and no formula', () => {
    const [head, tar, book, ...rest] = runCsv(report).split('\r\n');
    assert.deepEqual(rest, ['']);
    assert.match(head ?? '', /^kind,tar,book,state,worker,/);
    assert.match(tar ?? '', /^tar,a\|b\.tar,,completedWithErrors,1,/);
    assert.match(book ?? '', /^book,a\|b\.tar,"'=cmd\(\)"",""<b>\.epub",failed,2,3,/);
    assert.equal(head?.split(',').length, tar?.split(',').length);
  });
});

describe('texts of a plan', () => {
  const plan: Plan = {
    tars: [
      {
        ...{ name: 'a.tar', folder: '/tars', sizeBytes: 1000, state: 'completed', doneBytes: 1000 },
        ...{ failedBooks: 0, worker: null },
      },
      {
        ...{ name: 'b.tar', folder: '/disk', sizeBytes: 4000, state: 'begun', doneBytes: 1000 },
        ...{ failedBooks: 0, worker: 2 },
      },
    ],
    emptyFolders: [],
    workers: 2,
    mode: 'extract',
    freeBytes: 3000,
    extractBytes: 4000,
  };

  it('sum up what is to be read, by how many, and where it goes', () => {
    assert.equal(
      planTitle(plan, { kind: 'library', folder: '/shelf' }),
      'Launch: 1 tar with 3 kB to read · 1 worker · to /shelf',
    );
    assert.deepEqual(plan.tars.map(plannedTarText), [
      '1 kB · done by an earlier run',
      '4 kB · 25 % done · worker 2',
    ]);
  });

  it('warn where there is too little room to extract', () => {
    assert.equal(planSpace(plan).isTight, true);
    assert.match(planSpace(plan).text, /^Too little room: 3 kB free/);
    assert.equal(planSpace({ ...plan, mode: 'auto' }).isTight, false);
  });
});

describe('a verified tar', () => {
  const whole = {
    ...{ tar: 'a.tar', books: 2, onShelf: 2, missing: 0, unreadable: 0, skipped: 1 },
    ...{ missingBooks: [], unreadableBooks: [], damage: null },
  };

  it('says why it or a book could not be read in the words of the window', () => {
    const found = {
      ...whole,
      ...{ unreadable: 1, damage: sentence('nothingFailedIn', '/x') },
      unreadableBooks: [{ member: 'x.epub', message: sentence('bookPutAside', 'x.epub') }],
    };
    const report = verificationReport(found, '/shelf');
    assert.equal(report.match(/"Retry Failed"/g)?.length, 2);
  });

  it('is on the shelf, or names what is not', () => {
    assert.equal(verificationText(whole), 'All 2 books in a.tar are on the shelf.');
    const lacking = {
      ...whole,
      ...{
        onShelf: 1,
        missing: 1,
        missingBooks: [{ member: '<x>.epub', sizeBytes: 3, sha1: 'ab', reason: null }],
      },
    };
    assert.equal(verificationText(lacking), 'a.tar: 1 of 2 books are on the shelf, 1 missing.');
    assert.match(verificationReport(lacking, '/shelf'), /\| \\<x\\>\.epub \| 3 B \| ab \| is not there \|/);
    assert.doesNotMatch(verificationReport(lacking, '/shelf'), /--lost/);
    const [book] = lacking.missingBooks;
    const lost = { ...lacking, missingBooks: [{ ...book!, reason: 'its file /shelf/x is gone' }] };
    assert.equal(hasLostBooks(lost), true);
    assert.match(verificationReport(lost, '/shelf'), /\| its file \/shelf\/x is gone \|/);
    assert.match(verificationReport(lost, '/shelf'), /Bring Them Again.*--lost/);
  });
});

describe('a failed book to be picked', () => {
  it('says why it failed in the words of the window', () => {
    const message = sentence('bookPutAside', 'x.epub');
    const choice = failedBookChoice('a.tar', {
      ...{ header_offset: 0, size: 3, file: 'x.epub', code: 'POISON', message, attempts: 2 },
    });
    assert.deepEqual(choice, {
      label: 'x.epub',
      detail:
        'x.epub ended the worker twice while it was read, and was put aside. "Retry Failed" tries it again.',
      value: { tar: 'a.tar', member: 'x.epub' },
    });
  });
});

describe('an item to be picked', () => {
  it('has no marks in it that turn text round, and stands for the same', () => {
    const value = { tar: 'a\u202egpj.tar' };
    assert.deepEqual(printableItem({ label: value.tar, detail: 'x\u2066', picked: true, value }), {
      label: 'a\ufffdgpj.tar',
      detail: 'x\ufffd',
      picked: true,
      value,
    });
  });
});

describe('chosen rows', () => {
  it('are all twenty where twenty were chosen', () => {
    const rows = Array.from({ length: 20 }, (_, n) => ({ kind: 'tar', tar: `${String(n)}.tar` }));
    assert.equal(chosenRows([rows[0], rows]).tars.length, 20);
  });

  it('are tars and failed books, each once, whatever else was chosen', () => {
    const tar = { kind: 'tar', tar: 'a.tar' };
    const book = { kind: 'book', tar: 'b.tar', book: { file: 'x.epub' } };
    assert.deepEqual(chosenRows([tar]), { tars: ['a.tar'], books: [] });
    assert.deepEqual(chosenRows([tar, [tar, tar, book, { kind: 'group' }, 7]]), {
      tars: ['a.tar'],
      books: [{ tar: 'b.tar', member: 'x.epub' }],
    });
    assert.deepEqual(chosenRows([]), { tars: [], books: [] });
  });
});
