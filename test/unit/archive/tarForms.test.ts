import assert from 'node:assert/strict';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../support/gnuTar.ts';
import { useTempFolder } from '../../support/tempFolder.ts';
import { endMark, header, member, padded, paxHeader, paxRecords } from './rawTar.ts';
import { readWhole, sha1, type ReadArchive } from './readWhole.ts';

describe('the forms of tars', () => {
  const folder = useTempFolder();
  const after = member({ name: 'after.epub' }, 'the book after it');

  async function read(...parts: Buffer[]): Promise<ReadArchive> {
    const tar = join(folder(), 'a.tar');
    await writeFile(tar, Buffer.concat(parts));
    return readWhole(tar);
  }

  /** Reads `parts`, a book after them and an end mark; that book must be found. */
  async function readBefore(...parts: Buffer[]): Promise<ReadArchive['members']> {
    const { members, damage, notices } = await read(...parts, after, endMark);
    assert.equal(damage, null);
    assert.deepEqual(notices, []);
    const last = members.pop();
    assert.equal(last?.name, 'after.epub');
    assert.equal(last.sha1, sha1('the book after it'));
    return members;
  }

  it('reads tars from before ustar, where a slash makes a directory', async () => {
    const members = await readBefore(
      header({ name: 'old/', magic: 'none', type: '\0' }),
      member({ name: 'old/book.txt', magic: 'none', type: '\0' }, 'an old book'),
    );
    assert.deepEqual(
      members.map(({ name, kind, sha1: digest }) => [name, kind, digest]),
      [
        ['old/', 'directory', sha1('')],
        ['old/book.txt', 'file', sha1('an old book')],
      ],
    );
  });

  it('joins the folders of a ustar name, but takes nothing from there in a gnu tar', async () => {
    const members = await readBefore(
      member({ name: 'a.txt', prefix: 'some/folder' }, 'a'),
      member({ name: 'b.txt', prefix: '14000000000', magic: 'gnu' }, 'b'),
      member({ name: 'n'.repeat(100), prefix: 'p'.repeat(155) }, 'c'),
    );
    assert.deepEqual(
      members.map(found => found.name),
      ['some/folder/a.txt', 'b.txt', `${'p'.repeat(155)}/${'n'.repeat(100)}`],
    );
  });

  it('takes sizes with blanks in front or NULs behind, and checksums added up as signed bytes', async () => {
    const members = await readBefore(
      member({ name: 'blanks', sizeField: '         3\0 ' }, 'one'),
      member({ name: 'full', sizeField: '000000000003' }, 'two'),
      member({ name: Buffer.from('Книга'), signedChecksum: true }, 'six'),
    );
    assert.deepEqual(
      members.map(({ name, sizeBytes }) => [name, sizeBytes]),
      [
        ['blanks', 3],
        ['full', 3],
        ['Книга', 3],
      ],
    );
  });

  it('calls a size that is none, or beyond all disks, damage', async () => {
    const negative = Buffer.alloc(12, 0xff);
    const huge = Buffer.concat([Buffer.from([0x80]), Buffer.alloc(11, 0xff)]);
    for (const sizeField of ['x', '00000x', '8', negative, huge]) {
      const { members, damage } = await read(after, header({ sizeField }), after, endMark);
      assert.equal(members.length, 1);
      assert.equal(damage?.message, 'a header has no valid size at byte 1024');
    }
    const { damage } = await read(paxHeader({ size: '1e3' }), member({}, 'x'), endMark);
    assert.equal(damage?.message, 'a header has no valid size at byte 1024');
  });

  it('takes the values of pax records whole, newlines and NULs and all', async () => {
    const members = await readBefore(
      paxHeader({ comment: 'a\n17 path=not me\n\0', path: 'two\nlines and a \0 in it.epub', mtime: '1' }),
      member({ name: 'short' }, 'book'),
    );
    assert.equal(members[0]?.name, 'two' + 'lines and a  in it.epub');
    assert.equal(members[0].headerOffset, 0);
  });

  it('lets a pax size overrule the header for the next member only', async () => {
    const body = padded(Buffer.from('y'.repeat(700)));
    const members = await readBefore(
      paxHeader({ size: '700' }),
      header({ name: 'a', sizeBytes: 1 }),
      body,
      member({ name: 'b' }, 'bb'),
    );
    assert.deepEqual(
      members.map(({ name, sizeBytes }) => [name, sizeBytes]),
      [
        ['a', 700],
        ['b', 2],
      ],
    );
  });

  it('stays in step whatever a global header says', async () => {
    const members = await readBefore(
      paxHeader({ path: 'global', size: '700', linkpath: 'x', 'GNU.sparse.major': '1', comment: 'c' }, 'g'),
      member({ name: 'a' }, 'aa'),
      paxHeader({ path: 'of b' }),
      paxHeader({ size: '1' }, 'g'),
      member({ name: 'b' }, 'bb'),
    );
    assert.deepEqual(
      members.map(({ name, sizeBytes, kind, headerOffset }) => [name, sizeBytes, kind, headerOffset]),
      [
        ['a', 2, 'file', 1024],
        ['of b', 2, 'file', 2048],
      ],
    );
  });

  it('reads Solaris headers as pax ones, and an empty value as none', async () => {
    const records = Buffer.concat([paxRecords({ path: 'taken back' }), paxRecords({ path: '' })]);
    const members = await readBefore(
      paxHeader({ path: 'solaris' }, 'X'),
      member({ name: 'a' }, 'a'),
      member({ name: 'x', type: 'x' }, records),
      member({ name: 'b' }, 'b'),
    );
    assert.deepEqual(
      members.map(found => found.name),
      ['solaris', 'b'],
    );
  });

  it('goes on with the header alone where pax records are garbled', async () => {
    for (const records of [
      '99 path=too long\n',
      'path=no length\n',
      '13 path=abcdef',
      '9 nothing\n',
      '\n\0\0',
    ]) {
      const members = await readBefore(member({ type: 'x' }, records), member({ name: 'a' }, 'a'));
      assert.equal(members[0]?.name, 'a', records);
    }
  });

  it('prefers a pax name to a long one, as GNU tar does', async () => {
    const long = member({ name: '././@LongLink', type: 'L', magic: 'gnu' }, 'long name\0');
    const pax = paxHeader({ path: 'pax name' });
    const members = await readBefore(
      long,
      pax,
      member({}, 'a'),
      pax,
      long,
      member({}, 'b'),
      long,
      member({}, 'c'),
    );
    assert.deepEqual(
      members.map(found => found.name),
      ['pax name', 'pax name', 'long name'],
    );
  });

  it('calls extended headers that are cut off, too long or followed by nothing damage', async () => {
    const pax = paxHeader({ path: 'name' });
    assert.match(
      (await read(after, pax, endMark)).damage?.message ?? '',
      /missing after its .* at byte 2048/,
    );
    assert.match(
      (await read(after, pax.subarray(0, 600))).damage?.message ?? '',
      /inside an ext.* at byte 1024/,
    );
    const long = header({ type: 'x', sizeBytes: 2 ** 30 });
    assert.match((await read(long, after, endMark)).damage?.message ?? '', /too long to be real at byte 0/);
  });

  it('reads an extended header that is longer than any window', async () => {
    const members = await readBefore(
      paxHeader({ comment: 'c'.repeat(900_000), path: 'after it' }),
      member({}, 'a'),
    );
    assert.equal(members[0]?.name, 'after it');
  });

  it('stays in step through many small members, large ones and small ones again', async () => {
    const parts: Buffer[] = [];
    const expected: [string, string][] = [];
    for (let n = 0; n < 3000; n++) {
      const body = Buffer.alloc(n % 500 === 499 ? 400_000 : (n * 37) % 3000, `body ${String(n)} `);
      if (n % 7 === 0) parts.push(paxHeader({ path: `pax ${String(n)}` }));
      parts.push(member({ name: `plain ${String(n)}` }, body));
      expected.push([n % 7 === 0 ? `pax ${String(n)}` : `plain ${String(n)}`, sha1(body)]);
      if (n % 1000 !== 999) continue;
      parts.push(header({ name: 'link', type: '1', linkName: `plain ${String(n - 995)}` }));
      expected.push(['link', expected.find(([name]) => name === `plain ${String(n - 995)}`)?.[1] ?? '']);
    }
    const members = await readBefore(...parts);
    assert.deepEqual(
      members.map(({ name, sha1: digest }) => [name, digest]),
      expected,
    );
  });

  it('skips what is no file with a reason, and stays in step', async () => {
    const members = await readBefore(
      header({ name: 's', type: '2', linkName: 'a' }),
      header({ name: 'c', type: '3' }),
      header({ name: 'b', type: '4' }),
      header({ name: 'p', type: '6' }),
      member({ name: 'd/', type: 'D', magic: 'gnu' }, 'Ya.epub\0Nb.epub\0\0'.repeat(100)),
      header({ name: 'V', type: 'V', magic: 'gnu' }),
      member({ name: 'm', type: 'M', magic: 'gnu' }, 'rest'.repeat(200)),
      member({ name: 'acl', type: 'A' }, 'user::rwx'),
      member({ name: 'names', type: 'N', magic: 'gnu' }, 'Rename a to b\n\0'),
    );
    assert.deepEqual(
      members.map(({ name, kind, reason }) => [name, kind, reason]),
      [
        ['s', 'other', 'symbolic link'],
        ['c', 'other', 'device'],
        ['b', 'other', 'device'],
        ['p', 'other', 'named pipe'],
        ['d/', 'other', 'list of a folder from an incremental backup'],
        ['V', 'other', 'label of the tar'],
        ['m', 'other', 'rest of a file that another volume began'],
        ['acl', 'other', 'note of the program that made the tar'],
        ['names', 'other', 'note of the program that made the tar'],
      ],
    );
  });

  it('takes types that nobody knows, and contiguous files, for files', async () => {
    const members = await readBefore(member({ type: '7' }, 'seven'), member({ type: 'q' }, 'unknown'));
    assert.deepEqual(
      members.map(({ kind, sha1: digest }) => [kind, digest]),
      [
        ['file', sha1('seven')],
        ['file', sha1('unknown')],
      ],
    );
  });

  it('tells by what follows whether a link or directory that names a size has a body', async () => {
    const types = [
      { type: '5', name: 'd/' },
      { type: '2', name: 's', linkName: 'a' },
    ];
    for (const fields of types) {
      for (const parts of [
        [header({ ...fields, sizeBytes: 4096 })],
        [member(fields, 'z'.repeat(4096))],
        [member(fields, 'z'.repeat(100)), header({ ...fields, sizeBytes: 4096 })],
      ]) {
        const members = await readBefore(...parts);
        assert.equal(members.length, parts.length);
        assert.ok(members.every(found => found.sizeBytes === 0));
      }
    }
    const { members, damage } = await read(after, header({ type: '5', name: 'd/', sizeBytes: 512 }), endMark);
    assert.equal(damage, null);
    assert.equal(members[1]?.kind, 'directory');
    const last = await read(after, header({ type: '5', name: 'd/', sizeBytes: 512 }));
    assert.equal(last.members.length, 2);
    assert.match(last.damage?.reason ?? '', /end mark is missing/);
  });

  it('skips the sparse files of GNU tar in all its versions, and of star', async () => {
    const sparse = join(folder(), 'sparse.bin');
    await truncate(await touched(sparse), 4 * 1024 * 1024);
    await writeFile(sparse, 'island', { flag: 'r+' });
    await writeFile(join(folder(), 'after.epub'), 'the book after it');
    for (const version of ['0.0', '0.1', '1.0']) {
      const tar = join(folder(), `${version}.tar`);
      const options = ['-cSf', tar, '--format=pax', `--sparse-version=${version}`, '-C', folder()];
      run('tar', [...options, 'sparse.bin', 'after.epub']);
      const { members, damage } = await readWhole(tar);
      assert.equal(damage, null);
      assert.deepEqual(
        members.map(({ name, kind, reason }) => [name, kind, reason]),
        [
          ['sparse.bin', 'other', 'sparse file'],
          ['after.epub', 'file', null],
        ],
        version,
      );
    }
    // The flag of star lies elsewhere. Each further block of a map has its own.
    const map = Buffer.alloc(512);
    const goesOn = Buffer.from(map);
    goesOn[504] = 1;
    const members = await readBefore(
      header({ type: 'S', name: 'star', sizeBytes: 5, patch: { 355: 1, 508: 0x74, 509: 0x61, 510: 0x72 } }),
      goesOn,
      map,
      padded(Buffer.from('hello')),
      member({ type: 'S', name: 'gnu', magic: 'gnu', patch: { 355: 1 } }, 'hello'),
    );
    assert.deepEqual(
      members.map(({ name, kind, reason, sizeBytes }) => [name, kind, reason, sizeBytes]),
      [
        ['star', 'other', 'sparse file', 5],
        ['gnu', 'other', 'sparse file', 5],
      ],
    );
    const cut = await read(header({ type: 'S', magic: 'gnu', sizeBytes: 5, patch: { 482: 1 } }), goesOn);
    assert.match(cut.damage?.message ?? '', /cut off inside a sparse map at byte 1024/);
  });

  it('reads incremental and labelled backups of GNU tar', async () => {
    const source = join(folder(), 'in');
    run('mkdir', ['-p', join(source, 'books')]);
    await writeFile(join(source, 'books', 'a.epub'), 'a book');
    const tar = join(folder(), 'a.tar');
    const options = ['-cf', tar, '--format=gnu', '-V', 'My label', '-g', join(folder(), 'list')];
    run('tar', [...options, '-C', source, 'books']);
    const { members, damage } = await readWhole(tar);
    assert.equal(damage, null);
    assert.deepEqual(
      members.map(({ name, kind, sha1: digest }) => [name, kind, digest === sha1('a book')]),
      [
        ['My label', 'other', false],
        ['books/', 'other', false],
        ['books/a.epub', 'file', true],
      ],
    );
  });
});

async function touched(path: string): Promise<string> {
  await writeFile(path, '');
  return path;
}
