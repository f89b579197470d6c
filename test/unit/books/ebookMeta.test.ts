import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findCalibreProgram } from '../../../src/engine/system/calibreProgram.ts';
import { EbookMeta } from '../../../src/engine/books/metadata/ebookMeta.ts';
import { parseEbookMeta } from '../../../src/engine/books/metadata/ebookMetaOutput.ts';
import { untilGone } from '../../support/processTree.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

const never = new AbortController().signal;

function field(name: string, value: string): string {
  return `${name.padEnd(20)}: ${value}\n`;
}

describe("ebook-meta's output", () => {
  it('is read field by field', () => {
    const output =
      field('Title', 'Улитка на склоне: роман') +
      field('Title sort', 'Улитка') +
      field('Author(s)', 'Аркадий Стругацкий & Борис Стругацкий [Стругацкий, Аркадий & Стругацкий, Борис]') +
      field('Publisher', 'АСТ, Москва') +
      field('Tags', 'a, b') +
      field('Series', 'Мир #Полудня #2.50') +
      field('Languages', 'rus, eng') +
      field('Timestamp', '2001-01-01T00:00:00+00:00') +
      field('Published', '1966-05-01T00:00:00+00:00') +
      field('Identifiers', 'isbn:9780306406157, uri:https://example.org/a, b:c') +
      field('Comments', 'Text.');
    assert.deepEqual(parseEbookMeta(output, 'book1'), {
      title: 'Улитка на склоне: роман',
      authors: ['Аркадий Стругацкий', 'Борис Стругацкий'],
      language: 'rus',
      series: { name: 'Мир #Полудня', index: 2.5 },
      publisher: 'АСТ, Москва',
      date: '1966-05-01T00:00:00+00:00',
      identifiers: { isbn: '9780306406157', uri: 'https://example.org/a', b: 'c' },
    });
  });

  it('does not take a line of a comment for a field, nor a warning before it', () => {
    const output =
      'Syntax Warning: Unknown Metadata type\nNo field: this\n' +
      field('Title', 'T').replaceAll('\n', '\r\n') +
      field('Comments', 'First line') +
      field('Publisher', 'not one') +
      field('Author(s)', 'nobody');
    const { title, authors, publisher } = parseEbookMeta(output, 'book1');
    assert.deepEqual({ title, authors, publisher }, { title: 'T', authors: [], publisher: undefined });
  });

  it('has no title and no author where calibre knows none', () => {
    for (const title of ['Unknown', 'book1', 'Book1']) {
      const found = parseEbookMeta(field('Title', title) + field('Author(s)', 'Unknown'), 'book1');
      assert.equal(found.title, undefined);
      assert.deepEqual(found.authors, []);
    }
    assert.deepEqual(parseEbookMeta('', 'book1').authors, []);
  });

  it('keeps the ampersand of a name', () => {
    assert.deepEqual(
      parseEbookMeta(field('Title', 'T') + field('Author(s)', 'A && B & C [A]'), 'x').authors,
      ['A & B', 'C'],
    );
  });
});

describe("calibre's programs", () => {
  it('are found in PATH first, then where the installers put them', () => {
    const find = (path: string, platform: NodeJS.Platform, ...files: string[]) =>
      findCalibreProgram('ebook-meta', path, platform, file => files.includes(file));
    assert.equal(
      find('/a:.:/b', 'linux', 'ebook-meta', '/b/ebook-meta', '/opt/calibre/ebook-meta'),
      '/b/ebook-meta',
    );
    assert.equal(find('/a', 'linux', '/opt/calibre/ebook-meta'), '/opt/calibre/ebook-meta');
    const app = '/Applications/calibre.app/Contents/MacOS/ebook-meta';
    assert.equal(find('/a', 'darwin', app), app);
    const exe = 'C:\\Program Files\\Calibre2\\ebook-meta.exe';
    assert.equal(find('C:\\Windows;D:\\x', 'win32', exe), exe);
    assert.equal(find('/a:/b', 'linux'), undefined);
  });
});

// Stands in for calibre with a program that hangs or fails: real ones do so for books that nobody can hand out.
if (process.platform !== 'win32') {
  describe('ebook-meta as a process', () => {
    const folder = useTempFolder();
    const temporary = (): string => join(folder(), 'tmp');

    async function program(script: string): Promise<string> {
      const file = join(folder(), 'ebook-meta');
      await writeFile(file, `#!/bin/sh\n${script}\n`);
      await chmod(file, 0o755);
      await mkdir(temporary(), { recursive: true });
      return file;
    }

    async function calibre(script: string, timeoutMs = 20_000, atOnce = 2): Promise<EbookMeta> {
      return new EbookMeta({
        program: await program(script),
        temporaryFolder: temporary(),
        timeoutMs,
        atOnce,
      });
    }

    const nothingLeft = async (): Promise<void> => {
      assert.deepEqual(await readdir(temporary()), []);
    };
    // A child of its own, as calibre starts them, whose pid the test can see.
    const hangs = (): string => `sleep 1000 & echo $! > ${folder()}/pid; wait`;
    async function hanging(): Promise<number> {
      for (;;) {
        const pid = Number(await readFile(join(folder(), 'pid'), 'utf8').catch(() => ''));
        if (pid > 0) return pid;
        await sleep(10);
      }
    }

    it('gets a copy of the book with the right extension, which is removed after', async () => {
      const meta = await calibre(`printf 'Title               : %s\\n' "$(cat "$1") \${1##*.}"`);
      const found = await meta.read('fb2.zip', [Buffer.from('two '), Buffer.from('pieces')], never);
      assert.equal(found.title, 'two pieces fbz');
      await nothingLeft();
    });

    it('is ended with all that it started when its time is over', async () => {
      const meta = await calibre(hangs(), 1500);
      const reading = assert.rejects(
        meta.read('chm', [Buffer.from('x')], never),
        /took longer than 1.5 seconds/,
      );
      const pid = await hanging();
      await reading;
      await untilGone(pid, 5000);
      await nothingLeft();
    });

    it('is ended with all that it started at a stop', async () => {
      const stop = new AbortController();
      const meta = await calibre(hangs());
      const reading = assert.rejects(
        meta.read('chm', [Buffer.from('x')], stop.signal),
        thrown => thrown === stop.signal.reason,
      );
      const pid = await hanging();
      stop.abort();
      await reading;
      await untilGone(pid, 5000);
      await nothingLeft();
    });

    it('has no answer where the program fails, is missing, or writes without end', async () => {
      for (const script of ['exit 3', 'yes', 'kill -9 $$']) {
        const meta = await calibre(script);
        await assert.rejects(
          meta.read('lit', [Buffer.from('x')], never),
          { name: 'UnreadableBookError' },
          script,
        );
      }
      const missing = new EbookMeta({ program: join(folder(), 'none'), temporaryFolder: temporary() });
      await assert.rejects(missing.read('lit', [Buffer.from('x')], never), { name: 'UnreadableBookError' });
      await nothingLeft();
    });

    it('runs at most so many at once', async () => {
      const running = join(folder(), 'running');
      await mkdir(running);
      const meta = await calibre(
        `touch ${running}/$$; ls ${running} | wc -l >> ${folder()}/counts; sleep 0.1; rm ${running}/$$`,
      );
      await Promise.all(Array.from({ length: 6 }, () => meta.read('lit', [Buffer.from('x')], never)));
      const counts = (await readFile(join(folder(), 'counts'), 'utf8')).trim().split('\n').map(Number);
      assert.equal(counts.length, 6);
      assert.ok(Math.max(...counts) <= 2, counts.join());
    });

    it('removes what a process left that was killed, and nothing of one that lives', async () => {
      const meta = await calibre('true');
      await mkdir(join(temporary(), 'tarshelf-metadata-99999999-abc'));
      const living = `tarshelf-metadata-${String(process.ppid)}-abc`;
      await mkdir(join(temporary(), living));
      await meta.read('lit', [Buffer.from('x')], never);
      assert.deepEqual(await readdir(temporary()), [living]);
    });
  });
}
