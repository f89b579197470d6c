import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFile, open, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { FileSource, type ByteSource, type ReadHeaders } from '../../../src/engine/archive/byteSource.ts';
import { readHeadersAhead, type HeaderChain } from '../../../src/engine/archive/headersAhead.ts';
import { TarDamage } from '../../../src/engine/archive/tarDamage.ts';
import { readTarIndex } from '../../../src/engine/archive/tarIndex.ts';
import { openArchive } from '../../../src/engine/archive/openArchive.ts';
import { extractWithGnuTar, makeTar, run, type TarFormat } from '../../support/gnuTar.ts';
import { useTempFolder } from '../../support/tempFolder.ts';
import { readWhole, type ReadMember } from './readWhole.ts';

function filesOf(members: readonly ReadMember[]): object[] {
  return members
    .filter(member => member.kind === 'file')
    .map(({ name, sha1, sizeBytes }) => ({ name: name.replace(/^\.\//, ''), sha1, sizeBytes }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

const longName = `${'folder-with-a-long-name/'.repeat(8)}${'book'.repeat(20)}.epub`;
const cyrillicName = 'Библиотека/Антон Чехов/Вишнёвый сад.fb2';
const longCyrillicName = `${'Библиотека/'.repeat(9)}Преступление и наказание.epub`;

describe('tar index', () => {
  const folder = useTempFolder();

  for (const format of ['ustar', 'gnu', 'pax'] as const satisfies TarFormat[]) {
    it(`reads names, sizes and bytes of a ${format} tar as GNU tar does`, async () => {
      const tar = join(folder(), 'a.tar');
      const files: Record<string, Buffer> = {
        'plain.epub': randomBytes(1000),
        'exactly-one-block': randomBytes(512),
        empty: Buffer.alloc(0),
        [cyrillicName]: randomBytes(70_000),
        [longCyrillicName]: randomBytes(3),
        'large body': randomBytes(300_000),
        'after the large body': randomBytes(10),
      };
      // A ustar name has at most 255 bytes, and at most 100 after its last usable slash.
      if (format !== 'ustar') files[longName] = randomBytes(513);
      await makeTar(tar, format, files);
      const { members, damage } = await readWhole(tar);
      assert.equal(damage, null);
      const truth = (await extractWithGnuTar(tar)).sort((a, b) => (a.name < b.name ? -1 : 1));
      assert.equal(truth.length, Object.keys(files).length);
      assert.deepEqual(filesOf(members), truth);
    });
  }

  it('brings every small body along, also where a read for headers ends inside it', async () => {
    const tar = join(folder(), 'a.tar');
    const files: Record<string, Buffer> = { 'large body': randomBytes(100_000) };
    for (let n = 0; n < 400; n++) files[`${String(n)}.txt`] = randomBytes(2000 + 37 * (n % 50));
    await makeTar(tar, 'gnu', files);
    const archive = await openArchive(tar, folder());
    const found: Record<string, Buffer> = {};
    for await (const member of archive.members()) {
      const name = member.name.replace(/^\.\//, '');
      assert.equal(member.body === null, name === 'large body', name);
      found[name] = member.body ?? (await member.read(0, member.sizeBytes));
    }
    await archive.close();
    assert.deepEqual(found, files);
  });

  it('takes nothing from where it read before when a read fails, whichever does', async () => {
    const tar = join(folder(), 'a.tar');
    const files: Record<string, Buffer> = {};
    // All of one size, so that what stands where something stood before looks right.
    for (let n = 0; n < 700; n++) files[`${String(n).padStart(3, '0')}.txt`] = randomBytes(2000);
    await makeTar(tar, 'gnu', files);
    const file = await FileSource.open(tar);
    const unplugged = Object.assign(new Error('unplugged'), { code: 'EIO' });
    let failing = 0;
    for (let failAt = 1; failAt < 100; failAt++) {
      let reads = 0;
      const source: ByteSource = {
        sizeBytes: file.sizeBytes,
        read: (target, position) =>
          ++reads === failAt ? Promise.reject(unplugged) : file.read(target, position),
        close: () => Promise.resolve(),
      };
      let thrown: unknown;
      try {
        for await (const found of readTarIndex(source, { takesBodies: true }))
          for (const { member, body } of found)
            if (body) assert.ok(body.equals(files[member.name.replace(/^\.\//, '')]!), member.name);
      } catch (error) {
        thrown = error;
      }
      // A body that was not read is for whoever wants it; a header is not.
      if (thrown !== undefined) {
        assert.equal(thrown, unplugged);
        failing++;
      }
      if (reads < failAt) break;
      assert.notEqual(failAt, 99, 'not all reads were failed once');
    }
    assert.ok(failing > 0);
    await file.close();
  });

  describe('whose headers are read some at a time', () => {
    interface Read {
      readonly found: object[];
      readonly reads: number;
      readonly thrown: string | null;
    }

    /** @param readHeaders null: each header is read by itself */
    async function index(tar: string, readHeaders: ReadHeaders | null): Promise<Read> {
      let reads = 0;
      const file = await FileSource.open(tar, () => undefined, readHeaders);
      const source: ByteSource = {
        sizeBytes: file.sizeBytes,
        read: (target, position) => {
          reads++;
          return file.read(target, position);
        },
        readHeader: (position, length, leastJump) => file.readHeader(position, length, leastJump),
        close: () => file.close(),
      };
      const found: object[] = [];
      let thrown: string | null = null;
      try {
        for await (const group of readTarIndex(source, { takesBodies: true })) found.push(...group);
      } catch (error) {
        assert.ok(error instanceof TarDamage);
        thrown = error.message;
      } finally {
        await source.close();
      }
      return { found, reads, thrown };
    }

    const asked: HeaderChain[] = [];
    const ahead: ReadHeaders = at => {
      const chain = readHeadersAhead(at);
      asked.push(chain);
      return Promise.resolve(chain);
    };

    for (const format of ['ustar', 'gnu', 'pax'] as const satisfies TarFormat[]) {
      it(`is the same index of a ${format} tar, also of one that is cut off or damaged`, async () => {
        const tar = join(folder(), 'a.tar');
        const files: Record<string, Buffer> = {};
        for (let n = 0; n < 100; n++) {
          const name = n % 9 === 5 ? longCyrillicName : format !== 'ustar' && n % 9 === 7 ? longName : '';
          // Mostly large ones, some small ones among them.
          const size = n % 10 === 3 ? n * 100 : 70_000 + ((n * 7919) % 100_000);
          files[`${String(n)}/${name}b`] = randomBytes(size);
        }
        await makeTar(tar, format, files);
        asked.length = 0;
        const whole = await index(tar, ahead);
        assert.deepEqual(whole.found, (await index(tar, null)).found);
        assert.equal(whole.thrown, null);
        const together = Math.max(...asked.map(({ positions }) => positions.length));
        assert.ok(together > 5, `at most ${String(together)} together`);

        const bytes = await readFile(tar);
        for (let n = 0; n < 20; n++) {
          const damaged = Buffer.from(bytes);
          damaged.fill(n, Math.floor((bytes.length * n) / 20), Math.floor((bytes.length * (n + 0.3)) / 20));
          await writeFile(tar, n % 2 === 0 ? damaged : bytes.subarray(0, (bytes.length * n) / 20));
          const one = await index(tar, null);
          const some = await index(tar, ahead);
          assert.deepEqual([some.found, some.thrown], [one.found, one.thrown]);
        }
      });
    }

    it('is the same where they cannot be read together', async () => {
      const tar = join(folder(), 'a.tar');
      const files: Record<string, Buffer> = {};
      for (let n = 0; n < 20; n++) files[String(n)] = randomBytes(100_000);
      await makeTar(tar, 'gnu', files);
      const one = await index(tar, null);
      const failing = await index(tar, () => Promise.reject(new Error('no thread')));
      assert.deepEqual(failing.found, one.found);
      assert.ok(one.found.length >= 20);
    });
  });

  it('tells members with the same name apart by their offset', async () => {
    const tar = join(folder(), 'a.tar');
    await makeTar(tar, 'gnu', { 'book.epub': Buffer.from('first') });
    await writeFile(join(folder(), 'book.epub'), 'second, longer');
    run('tar', ['-rf', tar, '-C', folder(), 'book.epub']);
    const { members } = await readWhole(tar);
    assert.deepEqual(
      members.map(({ name, sizeBytes, headerOffset }) => ({ name, sizeBytes, headerOffset })),
      [
        { name: 'book.epub', sizeBytes: 5, headerOffset: 0 },
        { name: 'book.epub', sizeBytes: 14, headerOffset: 1024 },
      ],
    );
  });

  it('yields folders, links and pipes as what they are', async () => {
    const source = join(folder(), 'in');
    run('mkdir', ['-p', join(source, 'sub')]);
    await writeFile(join(source, 'sub', 'a.txt'), 'a');
    run('ln', [join(source, 'sub', 'a.txt'), join(source, 'sub', 'hard.txt')]);
    run('ln', ['-s', 'a.txt', join(source, 'sub', 'soft.txt')]);
    run('mkfifo', [join(source, 'sub', 'zfifo')]);
    const tar = join(folder(), 'a.tar');
    run('tar', ['-cf', tar, '--sort=name', '-C', source, 'sub']);
    const { members, damage } = await readWhole(tar);
    assert.equal(damage, null);
    assert.deepEqual(
      members.map(({ name, kind, sizeBytes }) => ({ name, kind, sizeBytes })),
      [
        { name: 'sub/', kind: 'directory', sizeBytes: 0 },
        { name: 'sub/a.txt', kind: 'file', sizeBytes: 1 },
        { name: 'sub/hard.txt', kind: 'file', sizeBytes: 1 },
        { name: 'sub/soft.txt', kind: 'other', sizeBytes: 0 },
        { name: 'sub/zfifo', kind: 'other', sizeBytes: 0 },
      ],
    );
  });

  for (const format of ['gnu', 'pax'] as const) {
    it(`goes on rightly after a sparse file in a ${format} tar`, async () => {
      const sparse = join(folder(), 'sparse.bin');
      const handle = await open(sparse, 'w');
      // Many islands: more than the map in the header block holds.
      for (let island = 0; island < 40; island++)
        await handle.write(Buffer.from('x'), 0, 1, island * 1024 * 1024);
      await handle.close();
      await writeFile(join(folder(), 'after.epub'), 'the book after it');
      const tar = join(folder(), 'a.tar');
      run('tar', ['-cSf', tar, `--format=${format}`, '-C', folder(), 'sparse.bin', 'after.epub']);
      const { members, damage } = await readWhole(tar);
      assert.equal(damage, null);
      assert.deepEqual(
        members.map(member => member.kind),
        ['other', 'file'],
      );
      assert.equal(members[1]?.sizeBytes, 17);
      assert.equal(members[1].name, 'after.epub');
    });
  }

  it('reads a member of more than 8 GiB and the one after it', async () => {
    const large = join(folder(), 'large.bin');
    await truncate(await touched(large), 9 * 1024 ** 3);
    await writeFile(join(folder(), 'after.epub'), 'the book after it');
    for (const format of ['gnu', 'pax'] as const) {
      // The header as GNU tar writes it, over a body that takes no room on the disk.
      const tar = join(folder(), `${format}.tar`);
      const head = run('sh', [
        '-c',
        `tar -cf - --format=${format} -C "$1" large.bin | head -c 2048 | base64`,
        'sh',
        folder(),
      ]);
      const tail = run('sh', [
        '-c',
        `tar -cf - --format=${format} -C "$1" after.epub | base64`,
        'sh',
        folder(),
      ]);
      const headBytes = Buffer.from(head, 'base64');
      const headerBytes = format === 'pax' ? 1536 : 512;
      await writeFile(tar, headBytes.subarray(0, headerBytes));
      await truncate(tar, headerBytes + 9 * 1024 ** 3);
      await appendFile(tar, Buffer.from(tail, 'base64'));
      const archive = await openArchive(tar, folder());
      const sizes: [string, number][] = [];
      for await (const { name, sizeBytes } of archive.members()) sizes.push([name, sizeBytes]);
      await archive.close();
      assert.deepEqual(sizes, [
        ['large.bin', 9 * 1024 ** 3],
        ['after.epub', 17],
      ]);
    }
  }).timeout(20_000);

  it('yields what stands before a cut, and reports the cut, wherever it is', async () => {
    const whole = join(folder(), 'whole.tar');
    await makeTar(whole, 'pax', {
      'a.epub': randomBytes(700),
      [longCyrillicName]: randomBytes(2000),
      'c.epub': randomBytes(100),
    });
    const bytes = await readFile(whole);
    const all = (await readWhole(whole)).members;
    const endMark = (all.at(-1)?.bodyOffset ?? 0) + 512;
    const cut = join(folder(), 'cut.tar');
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: endMark + 511 }), async length => {
        await writeFile(cut, bytes.subarray(0, length));
        const { members, damage } = await readWhole(cut);
        assert.ok(damage, `cut at ${String(length)} of ${String(bytes.length)} is damage`);
        assert.ok(damage.offset <= length);
        assert.deepEqual(members, all.slice(0, members.length));
        const complete = all.filter(member => member.bodyOffset + member.sizeBytes <= length);
        assert.equal(members.length, complete.length);
      }),
      { numRuns: 150 },
    );
  });

  it('reports a header that was overwritten, with its offset', async () => {
    const tar = join(folder(), 'a.tar');
    await makeTar(tar, 'ustar', {
      'a.epub': randomBytes(700),
      'b.epub': randomBytes(700),
      'c.epub': randomBytes(7),
    });
    const bytes = await readFile(tar);
    bytes.fill(0x41, 1536, 1600);
    await writeFile(tar, bytes);
    const { members, damage } = await readWhole(tar);
    assert.deepEqual(
      members.map(member => member.name),
      ['a.epub'],
    );
    assert.equal(damage?.offset, 1536);
  });

  it('says that a file is no tar, and that an empty one is empty', async () => {
    const path = join(folder(), 'a.tar');
    await writeFile(path, 'just some text, not a tar at all. '.repeat(100));
    assert.match((await readWhole(path)).damage?.reason ?? '', /no tar/);
    await writeFile(path, '');
    assert.match((await readWhole(path)).damage?.reason ?? '', /empty/);
  });

  it('never runs on for ever or crashes on arbitrary bytes in the headers', async () => {
    const tar = join(folder(), 'a.tar');
    await makeTar(tar, 'pax', {
      [longCyrillicName]: randomBytes(700),
      b: randomBytes(1),
      c: randomBytes(600),
    });
    const bytes = await readFile(tar);
    const mutated = join(folder(), 'mutated.tar');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        async changes => {
          const copy = Buffer.from(bytes);
          for (const [at, value] of changes) copy[at] = value;
          await writeFile(mutated, copy);
          const { members } = await readWhole(mutated);
          for (const member of members) assert.ok(member.bodyOffset + member.sizeBytes <= copy.length);
        },
      ),
      { numRuns: 200 },
    );
  });
});

async function touched(path: string): Promise<string> {
  await writeFile(path, '');
  return path;
}
