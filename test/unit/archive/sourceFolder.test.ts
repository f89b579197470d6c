import assert from 'node:assert/strict';
import { link, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { findTars, folderOfTar } from '../../../src/engine/archive/sourceFolder.ts';
import { TarshelfError, type ErrorCode } from '../../../src/protocol/errors.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

describe('source folders', () => {
  const folder = useTempFolder();
  const first = (): string => join(folder(), 'first');
  const second = (): string => join(folder(), 'second');

  beforeEach(async () => {
    for (const name of [first(), second()]) await mkdir(name);
  });

  async function found(...folders: string[]): Promise<string[]> {
    const { tars } = await findTars(folders);
    return tars.map(tar =>
      join(tar.folder, tar.name)
        .slice(folder().length + 1)
        .replaceAll(sep, '/'),
    );
  }

  const fails =
    (code: ErrorCode, ...texts: string[]) =>
    (thrown: unknown): boolean => {
      assert.ok(thrown instanceof TarshelfError);
      assert.equal(thrown.code, code);
      for (const text of texts) assert.ok(thrown.message.includes(text), `${text} in: ${thrown.message}`);
      return true;
    };

  it('give their tars, plain and compressed, in whatever case, sorted, and nothing else', async () => {
    const tars = ['A.TAR', 'a.tar', 'b.tar.gz', 'c.Tgz', 'd.tar.ZST'];
    for (const name of [...tars, 'a.tar.bz2', 'a.tar.part', 'atar', 'b.gz', 'x.zst', 'tar.gz'])
      await writeFile(join(first(), name), 'some bytes');
    await mkdir(join(first(), 'folder.tar'));
    assert.deepEqual(
      await found(first()),
      tars.map(name => `first/${name}`),
    );
    assert.equal((await findTars([first()])).tars[0]?.sizeBytes, 10);
  });

  it('tell of tars that are compressed otherwise, and of nothing else', async () => {
    for (const name of ['b.TAR.XZ', 'a.tar.bz2', 'c.tbz', 'x.xz', 'a.tar.part', 'd.tar'])
      await writeFile(join(first(), name), 'some bytes');
    await mkdir(join(first(), 'folder.tar.xz'));
    const { passedOver } = await findTars([first()]);
    assert.deepEqual(
      passedOver,
      ['a.tar.bz2', 'b.TAR.XZ', 'c.tbz'].map(name => ({ name, folder: first() })),
    );
  });

  if (process.platform === 'linux') {
    it('are each there whose names are no UTF-8, under a name of their own that can be read', async () => {
      const names = [
        Buffer.from([0xff, 0x2e, 0x74, 0x61, 0x72]),
        Buffer.from([0xfe, 0x2e, 0x74, 0x61, 0x72]),
        Buffer.concat([Buffer.from('книга 📚 '), Buffer.from([0xd0]), Buffer.from('.tar')]),
        // A replacement character that is really there.
        Buffer.from('\uFFFD.tar'),
      ];
      for (const name of names)
        await writeFile(Buffer.concat([Buffer.from(`${first()}/`), name]), 'some bytes');
      const { tars } = await findTars([first()]);
      assert.deepEqual(
        tars.map(({ name, nameBytes, sizeBytes }) => [name, nameBytes?.toString('hex'), sizeBytes]),
        [
          ['\\xfe.tar', 'fe2e746172', 10],
          ['\\xff.tar', 'ff2e746172', 10],
          ['книга 📚 \\xd0.tar', names[2]?.toString('hex'), 10],
          ['\uFFFD.tar', undefined, 10],
        ],
      );
    });
  }

  it('come one after another, and have nothing to say of what lies below them', async () => {
    await mkdir(join(first(), 'below'));
    for (const path of ['second/b.tar', 'second/c.tar', 'first/d.tar', 'first/below/a.tar'])
      await writeFile(join(folder(), path), 'some bytes');
    assert.deepEqual(await found(second(), first()), ['second/b.tar', 'second/c.tar', 'first/d.tar']);
    assert.deepEqual(await found(first(), join(first(), 'below')), ['first/d.tar', 'first/below/a.tar']);
    assert.deepEqual(await found(first(), folder()), ['first/d.tar']);
  });

  it('are read once that are named twice, with a slash, by another way or by a link', async () => {
    await writeFile(join(first(), 'a.tar'), 'some bytes');
    await symlink(first(), join(folder(), 'link'), 'dir');
    const named = [first(), `${first()}${sep}`, join(second(), '..', 'first'), join(folder(), 'link')];
    for (const other of named) {
      const { folders } = await findTars([first(), other]);
      assert.deepEqual(folders, [first()]);
      assert.deepEqual(await found(first(), other), ['first/a.tar']);
    }
  });

  it('give once a file that two of them have', async () => {
    await writeFile(join(first(), 'a.tar'), 'some bytes');
    await link(join(first(), 'a.tar'), join(second(), 'a.tar'));
    await writeFile(join(first(), 'b.tar'), 'some bytes');
    await symlink(join(first(), 'b.tar'), join(second(), 'b.tar'));
    assert.deepEqual(await found(first(), second()), ['first/a.tar', 'first/b.tar']);
    assert.equal(await folderOfTar([second(), first()], 'a.tar'), second());
  });

  it('may not have two tars of one name, be they as alike as they may', async () => {
    for (const name of ['a.tar', 'b.tar', 'c.tar']) {
      await writeFile(join(first(), name), 'some bytes');
      await writeFile(join(second(), name), 'some bytes');
    }
    const paths = [join(first(), 'a.tar'), join(second(), 'a.tar')];
    await assert.rejects(found(first(), second()), fails('SOURCE_NAME_TWICE', ...paths, 'Rename', '2 more'));
    await assert.rejects(folderOfTar([first(), second()], 'a.tar'), fails('SOURCE_NAME_TWICE', ...paths));
  });

  it('may not have a broken link and a tar of one name', async () => {
    await writeFile(join(first(), 'a.tar'), '');
    await symlink('nowhere', join(second(), 'a.tar'));
    await assert.rejects(found(first(), second()), fails('SOURCE_NAME_TWICE'));
  });

  it('have all to be there, whatever the others hold', async () => {
    await writeFile(join(first(), 'a.tar'), 'some bytes');
    const gone = join(folder(), 'gone');
    await assert.rejects(found(first(), gone), fails('SOURCE_MISSING', gone, 'connected', 'leave it out'));
    await assert.rejects(
      found(first(), join(first(), 'a.tar')),
      fails('SOURCE_NOT_A_FOLDER', join(first(), 'a.tar')),
    );
  });

  it('are told apart by who has a tar', async () => {
    await writeFile(join(second(), 'a.tar'), 'some bytes');
    assert.equal(await folderOfTar([first(), second()], 'a.tar'), second());
    await assert.rejects(
      folderOfTar([first(), second()], 'b.tar'),
      fails('TAR_NOT_READABLE', 'b.tar', first(), second()),
    );
  });
});
