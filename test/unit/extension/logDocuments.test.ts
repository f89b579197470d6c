import assert from 'node:assert/strict';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failingLine, isShown, namedTar } from '../../../src/logDocuments/logFilter.ts';
import { LogTail } from '../../../src/logDocuments/logTail.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

const line = (level: string, text: string): string => `2026-03-01 10:00:00.000 ${level.padEnd(7)} ${text}`;

describe('lines of a worker log', () => {
  it('pass a filter by their level and by the tar that they name', () => {
    const warning = line('WARNING', 'book failed: a.tar › x.epub: full');
    assert.ok(isShown(warning, {}));
    assert.ok(isShown(warning, { level: 'WARNING', tar: 'a.tar' }));
    assert.ok(!isShown(warning, { level: 'ERROR' }));
    assert.ok(!isShown(warning, { tar: 'b.tar' }));
    assert.ok(!isShown('no line of ours', { level: 'WARNING' }));
  });

  it('tell what went wrong with a tar or a book by the last serious one of them', () => {
    const lines = [
      line('INFO', 'tar a.tar started'),
      line('WARNING', 'book failed: a.tar › x.epub: full'),
      line('WARNING', 'tar a.tar read to its end, with failed books; 3 MB read'),
      line('ERROR', 'tar b.tar failed; damaged'),
      line('INFO', 'already there (known to the destination): a.tar › y.epub'),
    ];
    assert.equal(failingLine(lines, 'a.tar'), 1);
    assert.equal(failingLine(lines, 'a.tar', 'y.epub'), 4);
    assert.equal(failingLine(lines, 'b.tar'), 3);
    assert.equal(failingLine(lines, 'c.tar'), -1);
  });

  it('name their tar wherever a worker writes it, spaces and all', () => {
    const named = (text: string): string | undefined => {
      const found = namedTar(text);
      assert.equal(found?.tar, found && text.slice(found.start, found.end));
      return found?.tar;
    };
    assert.equal(named(line('INFO', 'tar my books 1.tar completed; 3 MB read')), 'my books 1.tar');
    assert.equal(named(line('WARNING', 'book failed: my books.tar.gz › a: b.tar › c')), 'my books.tar.gz');
    assert.equal(named(line('INFO', 'already there (known to the destination): a.tgz › x')), 'a.tgz');
    assert.equal(named(line('WARNING', 'a.tar › x.epub: no title')), 'a.tar');
    assert.equal(named(line('WARNING', 'b.tar: the folder is gone')), 'b.tar');
    assert.equal(named(line('INFO', 'goes on')), undefined);
  });
});

describe('the end of a log', () => {
  const folder = useTempFolder();
  const path = (): string => join(folder(), 'a.log');

  it('comes with the log, follows it, and holds no more than its bound', async () => {
    const tail = new LogTail(folder(), 'a.log', {}, { keptLines: 10, readLines: 100 });
    assert.equal(await tail.read(), false);
    assert.equal(tail.isThere, false);
    await writeFile(path(), 'one\ntwo\nhal');
    assert.equal(await tail.read(), true);
    assert.deepEqual(tail.lines, ['one', 'two']);
    assert.equal(await tail.read(), false);
    await appendFile(path(), 'f\n');
    assert.equal(await tail.read(), true);
    assert.deepEqual(tail.lines, ['one', 'two', 'half']);
    await appendFile(path(), Array.from({ length: 30 }, (_, n) => `line ${String(n)}\n`).join(''));
    await tail.read();
    assert.equal(tail.lines.length, 10);
    assert.equal(tail.lines.at(-1), 'line 29');
  });

  it('looks further up for what a filter lets through', async () => {
    const rest = Array.from({ length: 20 }, () => line('INFO', 'tar b.tar completed')).join('\n');
    await writeFile(path(), `${line('ERROR', 'tar a.tar failed; bad')}\n${rest}\n`);
    const bounds = { keptLines: 10, readLines: 100 };
    const all = new LogTail(folder(), 'a.log', {}, bounds);
    await all.read();
    assert.equal(failingLine(all.lines, 'a.tar'), -1);
    const filtered = new LogTail(folder(), 'a.log', { tar: 'a.tar' }, bounds);
    await filtered.read();
    assert.equal(filtered.lines.length, 1);
    // What comes and does not pass changes nothing.
    await appendFile(path(), `${line('INFO', 'tar c.tar completed')}\n`);
    assert.equal(await filtered.read(), false);
  });
});
