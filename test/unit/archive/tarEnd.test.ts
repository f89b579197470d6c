import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTar } from '../../support/gnuTar.ts';
import { useTempFolder } from '../../support/tempFolder.ts';
import { endMark, member } from './rawTar.ts';
import { readWhole, type ReadArchive } from './readWhole.ts';

describe('the end of a tar', () => {
  const folder = useTempFolder();
  const books = Buffer.concat([member({ name: 'a' }, 'a'), member({ name: 'b' }, 'b')]);
  const zeroBlock = Buffer.alloc(512);

  async function read(...parts: Buffer[]): Promise<ReadArchive> {
    const tar = join(folder(), 'a.tar');
    await writeFile(tar, Buffer.concat(parts));
    return readWhole(tar);
  }

  it('is two blocks of zeros, with or without more of them', async () => {
    for (const zeros of [1024, 1536, 10_240, 1024 * 1024]) {
      const { members, damage, notices } = await read(books, Buffer.alloc(zeros));
      assert.equal(members.length, 2);
      assert.equal(damage, null);
      assert.deepEqual(notices, []);
    }
    assert.deepEqual((await read(endMark)).members, []);
  });

  it('may be one block, with a notice, where the file ends there', async () => {
    const { members, damage, notices } = await read(books, zeroBlock);
    assert.equal(members.length, 2);
    assert.equal(damage, null);
    assert.deepEqual(notices, [
      'the end mark at byte 2048 is one block long instead of two; nothing follows it',
    ]);
  });

  it('is not a single block of zeros with more members after it', async () => {
    const { members, damage } = await read(books, zeroBlock, books, endMark);
    assert.equal(members.length, 2);
    assert.equal(damage?.message, 'a block of zeros stands where a header should be at byte 2048');
    assert.match(
      (await read(books, zeroBlock, zeroBlock.subarray(1))).damage?.reason ?? '',
      /inside its end mark/,
    );
  });

  it('gives a notice where data follow that nobody reads', async () => {
    const first = join(folder(), 'first.tar');
    const second = join(folder(), 'second.tar');
    await makeTar(first, 'gnu', { 'a.epub': Buffer.from('a') });
    await makeTar(second, 'gnu', { 'b.epub': Buffer.from('b') });
    await appendFile(first, await readFile(second));
    const { members, damage, notices } = await readWhole(first);
    assert.equal(members.length, 1);
    assert.equal(damage, null);
    assert.match(
      notices.join(),
      /^18432 bytes follow the end mark at byte 2048 .*: \d+ of the first 18432 are not zero, from byte 10240 on$/,
    );
  });

  it('gives a notice where more follows than is looked at', async () => {
    const { notices } = await read(books, endMark, Buffer.alloc(1024 * 1024), Buffer.from('x'));
    assert.match(notices.join(), /^1048577 bytes follow .*: the first 1048576 are zero$/);
  });

  it('is not looked for in a body, nor in the padding that a last member lacks', async () => {
    const { members, damage } = await read(member({ name: 'zeros' }, Buffer.alloc(4096)), books, endMark);
    assert.equal(members.length, 3);
    assert.equal(damage, null);
    const cut = await read(books.subarray(0, books.length - 511));
    assert.equal(cut.members.length, 2);
    assert.equal(cut.damage?.message, 'the tar is cut off: its end mark is missing at byte 1537');
    assert.deepEqual(cut.filePositions, [1024, 1537]);
  });

  it('is reached as well from any member on', async () => {
    const all = await read(books, books, books, endMark);
    for (const { headerOffset } of all.members) {
      const { members, damage } = await readWhole(join(folder(), 'a.tar'), headerOffset);
      assert.equal(damage, null);
      assert.deepEqual(
        members,
        all.members.filter(found => found.headerOffset >= headerOffset),
      );
    }
    // Where no header stands, the offset is of another tar: the members behind it are still all found.
    const odd = await readWhole(join(folder(), 'a.tar'), 1025);
    assert.equal(odd.damage, null);
    assert.equal(odd.members.length, 4);
    assert.deepEqual((await readWhole(join(folder(), 'a.tar'), 512)).members, all.members.slice(1));
    assert.deepEqual((await readWhole(join(folder(), 'a.tar'), 2 ** 40)).members, []);
  });
});
