import assert from 'node:assert/strict';
import { plannedTarText, planSpace, planTitle } from '../../../src/commands/texts/planText.ts';
import { problemReport } from '../../../src/commands/texts/problemReport.ts';
import { redact, type Private } from '../../../src/commands/texts/redaction.ts';
import { chosenRows } from '../../../src/commands/parts/chosenTars.ts';
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
