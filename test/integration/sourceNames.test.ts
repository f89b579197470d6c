import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tarshelf } from '../support/commandLine.ts';
import { makeTar } from '../support/gnuTar.ts';
import { useIngest } from '../support/ingestFixture.ts';
import { keysInLibrary } from '../support/libraryTruth.ts';

describe('a source folder with names that no run can go by', () => {
  const { source, state, library, ingest } = useIngest();
  const lines = (stdout: string): Record<string, unknown>[] =>
    stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>);

  // Where names are bytes; other systems have none that are not text.
  if (process.platform === 'linux') {
    /** As an old Russian system called its tars. */
    async function putNamed(bytes: readonly number[], book: string): Promise<void> {
      const path = join(source(), 'new.tar');
      await makeTar(path, 'gnu', { [`${book}.epub`]: Buffer.from(book) });
      const name = Buffer.from([...bytes, ...Buffer.from('.tar')]);
      await rename(path, Buffer.concat([Buffer.from(`${source()}/`), name]));
    }

    it('fails each tar whose name is not UTF-8 by itself, and reads the others', async () => {
      // Both decode to the same two replacement characters.
      await putNamed([0xcb, 0xce], 'koi');
      await putNamed([0xea, 0xed], 'cp1251');
      await makeTar(join(source(), 'книги �.tar'), 'gnu', { 'a.epub': Buffer.from('a') });
      const { code, stdout, summary } = await ingest();
      assert.equal(code, 1, stdout);
      assert.deepEqual(summary?.tars, { total: 3, completed: 1, failed: 2 });
      assert.equal(summary.books.uploaded, 1);
      const failed = lines(stdout).filter(line => line['type'] === 'tar' && line['result'] === 'failed');
      assert.deepEqual(
        failed.map(({ name, failure }) => [name, failure]),
        ['\\xcb\\xce.tar', '\\xea\\xed.tar'].map(name => [
          name,
          {
            code: 'TAR_NOT_READABLE',
            message: `The name of ${join(source(), name)} is not UTF-8, so the tar was not read. Rename the file, then launch again.`,
          },
        ]),
      );
      const { stdout: told } = await tarshelf(['status', '--state-dir', state()]);
      assert.match(told, /^2 failed tars:\n {2}\\xcb\\xce\.tar: The name of .*cb\\xce\.tar is not UTF-8/m);

      await rename(
        Buffer.concat([Buffer.from(`${source()}/`), Buffer.from([0xcb, 0xce]), Buffer.from('.tar')]),
        join(source(), 'кн.tar'),
      );
      const again = await ingest();
      assert.deepEqual(again.summary?.tars, { total: 3, completed: 2, failed: 1 });
      assert.equal((await keysInLibrary(library())).length, 2);
    });

    it('ends with a failure, and not without an end, where no other tar is there', async () => {
      await putNamed([0xff, 0xfe], 'x');
      const { code, stdout, summary } = await ingest('--workers', '3');
      assert.equal(code, 1);
      assert.match(stdout, /"message":"The name of .*xff.*xfe\.tar is not UTF-8/);
      assert.deepEqual(summary?.tars, { total: 1, completed: 0, failed: 1 });
    });
  }

  it('tells once of what it does not read for its compression, and what to do', async () => {
    await makeTar(join(source(), 'a.tar'), 'gnu', { 'a.epub': Buffer.from('a') });
    await writeFile(join(source(), 'b.tar.xz'), 'x');
    const notices = async (): Promise<unknown[]> =>
      lines((await ingest()).stdout).flatMap(line => (line['type'] === 'notice' ? [line['message']] : []));
    const why = 'Tarshelf reads .tar, .tar.gz, .tgz and .tar.zst alone';
    assert.deepEqual(await notices(), [
      `${join(source(), 'b.tar.xz')} was passed over: ${why}. Unpack it to a plain .tar, then launch again.`,
    ]);
    await writeFile(join(source(), 'c.TBZ2'), 'x');
    assert.deepEqual(await notices(), [
      `2 files were passed over (${join(source(), 'b.tar.xz')}, ${join(source(), 'c.TBZ2')}): ${why}. Unpack them to plain .tar files, then launch again.`,
    ]);
  });

  it('says so where there is nothing else', async () => {
    await writeFile(join(source(), 'b.tar.bz2'), 'x');
    const { code, stderr } = await ingest();
    assert.equal(code, 2);
    assert.match(stderr, /^tarshelf: .*b\.tar\.bz2 was passed over: .* Unpack it to a plain \.tar/);
  });
});
