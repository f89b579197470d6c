import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../support/gnuTar.ts';
import { useTempFolder } from '../../support/tempFolder.ts';
import { endMark, header, member, paxHeader } from './rawTar.ts';
import { readWhole, sha1, type ReadMember } from './readWhole.ts';

describe('hard links', () => {
  const folder = useTempFolder();

  async function read(...parts: Buffer[]): Promise<ReadMember[]> {
    const tar = join(folder(), 'a.tar');
    await writeFile(tar, Buffer.concat([...parts, endMark]));
    const { members, damage } = await readWhole(tar);
    assert.equal(damage, null);
    return members;
  }
  const link = (name: string, linkName: string): Buffer => header({ name, type: '1', linkName });
  const brief = (members: readonly ReadMember[]): unknown[] =>
    members.map(({ name, kind, reason, sha1: digest }) => [name, kind === 'file' ? digest : reason]);

  for (const format of ['ustar', 'gnu', 'pax'] as const) {
    it(`are books with the bytes of the member they name in a ${format} tar`, async () => {
      const source = join(folder(), 'in');
      run('mkdir', [source]);
      const names = ['a.epub', 'z.epub'];
      if (format !== 'ustar')
        names.push(`${'long name '.repeat(20)}.epub`, `${'a long name '.repeat(15)}.epub`);
      await writeFile(join(source, names[0] ?? ''), 'the book');
      for (const name of names.slice(1)) run('ln', [join(source, 'a.epub'), join(source, name)]);
      const tar = join(folder(), 'a.tar');
      run('tar', ['-cf', tar, `--format=${format}`, '-C', source, '--', ...names.reverse()]);
      const { members } = await readWhole(tar);
      assert.deepEqual(
        members.map(found => found.name),
        names,
      );
      const [first] = members;
      for (const found of members) {
        assert.equal(found.kind, 'file');
        assert.equal(found.sha1, sha1('the book'));
        assert.equal(found.bodyOffset, first?.bodyOffset);
      }
      assert.equal(new Set(members.map(found => found.headerOffset)).size, names.length);
    });
  }

  it('mean the last member before them of that name', async () => {
    const members = await read(
      member({ name: 'a' }, 'first'),
      link('to first', 'a'),
      member({ name: 'a' }, 'second'),
      link('to second', './a'),
      link('to the link', 'to first'),
      member({ name: 'a' }, 'third'),
    );
    assert.deepEqual(brief(members), [
      ['a', sha1('first')],
      ['to first', sha1('first')],
      ['a', sha1('second')],
      ['to second', sha1('second')],
      ['to the link', sha1('first')],
      ['a', sha1('third')],
    ]);
  });

  it('are found by their whole names, beyond what can be shown of them', async () => {
    const members = await read(
      paxHeader({ path: 'a\nb' }),
      member({}, 'with a newline'),
      member({ name: 'ab' }, 'without'),
      paxHeader({ linkpath: 'a\nb' }),
      link('x', 'cut'),
    );
    assert.equal(members.at(-1)?.sha1, sha1('with a newline'));
  });

  it('are found wherever the reads of the tar happen to part them', async () => {
    const long = (name: string): string => `${'long '.repeat(30)}${name}`;
    const longHeader = (type: 'L' | 'K', name: string): Buffer =>
      member({ type, magic: 'gnu' }, `${long(name)}\0`);
    const target = Buffer.concat([longHeader('L', 'target'), member({ name: 'cut' }, 'book')]);
    const links = [
      ...[longHeader('L', 'first'), longHeader('K', 'target')],
      header({ name: 'cut', type: '1', linkName: 'cut', sizeBytes: 4 }),
      ...[longHeader('K', 'first'), header({ name: 'short', type: '1', linkName: 'cut', sizeBytes: 4 })],
      header({ name: 'last', type: '1', linkName: 'short', sizeBytes: 4 }),
      header({ name: 'very last', type: '1', linkName: 'last' }),
    ];
    for (let blocks = 110; blocks < 126; blocks++) {
      const filler = member({ name: 'filler' }, Buffer.alloc(blocks * 512, 'x'));
      const after = member({ name: 'after' }, Buffer.alloc(100_000, 'y'));
      const members = await read(target, filler, ...links, after);
      assert.deepEqual(
        members.map(found => found.name),
        [long('target'), 'filler', long('first'), 'short', 'last', 'very last', 'after'],
      );
      for (const found of members.slice(2, -1))
        assert.equal(found.sha1, sha1('book'), `${String(blocks)} blocks`);
    }
  });

  it('are skipped with a reason when they point to no file before them', async () => {
    const members = await read(
      link('forward', 'later'),
      header({ name: 'soft', type: '2', linkName: 'later' }),
      link('to soft', 'soft'),
      link('to itself', 'to itself'),
      member({ name: 'later' }, 'book'),
    );
    assert.deepEqual(brief(members), [
      ['forward', 'hard link to nothing before it'],
      ['soft', 'symbolic link'],
      ['to soft', 'hard link to something that is no file'],
      ['to itself', 'hard link to nothing before it'],
      ['later', sha1('book')],
    ]);
  });

  it('are files of their own where the writer gave them a body', async () => {
    const members = await read(
      member({ name: 'a' }, 'book'),
      member({ name: 'b', type: '1', linkName: 'a' }, 'book'),
      header({ name: 'c', type: '1', linkName: 'a', sizeBytes: 4 }),
      member({ name: 'd' }, 'other'),
    );
    assert.deepEqual(brief(members), [
      ['a', sha1('book')],
      ['b', sha1('book')],
      ['c', sha1('book')],
      ['d', sha1('other')],
    ]);
    assert.equal(members[1]?.bodyOffset, 1536);
  });

  it('are found when the reading begins behind what they point to', async () => {
    const tar = join(folder(), 'a.tar');
    await writeFile(
      tar,
      Buffer.concat([member({ name: 'a' }, 'book'), member({ name: 'b' }, 'b'), link('c', 'a'), endMark]),
    );
    assert.deepEqual(brief((await readWhole(tar, 1024)).members), [
      ['b', sha1('b')],
      ['c', sha1('book')],
    ]);
  });
});
