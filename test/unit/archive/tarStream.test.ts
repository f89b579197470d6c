import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { constants, gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { largestKeptBody, type ArchiveMember } from '../../../src/engine/archive/archive.ts';
import { openArchive } from '../../../src/engine/archive/openArchive.ts';
import { FileSource, type ByteSource } from '../../../src/engine/archive/byteSource.ts';
import { ForwardReader } from '../../../src/engine/archive/forwardReader.ts';
import { canUnpack, packingOf, Unpacked } from '../../../src/engine/archive/unpacked.ts';
import { TarshelfError } from '../../../src/protocol/errors.ts';
import { makeTar, run } from '../../support/gnuTar.ts';
import { useTempFolder } from '../../support/tempFolder.ts';
import { endMark, header, member } from './rawTar.ts';
import { readWhole, sha1, type ReadArchive } from './readWhole.ts';

const packings = [
  { name: 'tar.gz', pack: (bytes: Buffer) => gzipSync(bytes, { level: 1 }) },
  { name: 'tar.zst', pack: (bytes: Buffer) => zstdCompressSync(bytes) },
] as const;

/** A zstd frame that unpacks to nothing, of any length from 8 on. */
function skippableFrame(length: number): Buffer {
  const frame = Buffer.alloc(length);
  frame.writeUInt32LE(0x184d2a53, 0);
  frame.writeUInt32LE(length - 8, 4);
  return frame;
}

describe('compressed tars', () => {
  const folder = useTempFolder();
  const spool = (): string => join(folder(), 'spool');
  const packed = (): string => join(folder(), 'a.packed');

  async function read(bytes: Buffer, from = 0): Promise<ReadArchive> {
    await writeFile(packed(), bytes);
    return readWhole(packed(), from, spool());
  }

  for (const { name, pack } of packings) {
    describe(name, () => {
      it('give the same members and bytes as the tar in them', async () => {
        const tar = join(folder(), 'a.tar');
        await makeTar(tar, 'pax', {
          'a.epub': randomBytes(700),
          empty: Buffer.alloc(0),
          'Библиотека/Вишнёвый сад.fb2': randomBytes(3_000_000),
          [`${'long/'.repeat(40)}name.epub`]: Buffer.alloc(5_000_000, 'text '),
          'z.epub': randomBytes(1),
        });
        const plain = await readWhole(tar);
        const { members, damage, notices, filePositions } = await read(pack(await readFile(tar)));
        assert.equal(damage, null);
        assert.deepEqual(notices, []);
        assert.deepEqual(members, plain.members);
        const { length } = await readFile(packed());
        assert.ok(filePositions.every((position, at) => position >= (filePositions[at - 1] ?? 0)));
        assert.ok((filePositions.at(-1) ?? 0) <= length);
        assert.ok((filePositions[2] ?? 0) > 2_900_000, 'it has read what it has unpacked');
      });

      it('keep a large body in a file without a name, and give it back', async () => {
        const large = Buffer.alloc(largestKeptBody + 1_000_001, 'a large book ');
        await writeFile(
          packed(),
          pack(Buffer.concat([member({ name: 'a' }, large), member({ name: 'b' }, 'b'), endMark])),
        );
        const archive = await openArchive(packed(), spool());
        const kept: ArchiveMember[] = [];
        for await (const found of archive.members()) {
          await found.keep();
          kept.push(found);
        }
        assert.deepEqual(await readdir(spool()), []);
        const [first, second] = kept;
        assert.ok(first && second);
        assert.equal(sha1(await second.read(0, 10)), sha1('b'));
        for (let times = 0; times < 2; times++) {
          const chunks: Buffer[] = [];
          for await (const chunk of first.chunks()) chunks.push(chunk);
          assert.equal(sha1(Buffer.concat(chunks)), sha1(large));
        }
        assert.equal((await first.read(13, 12)).toString(), 'a large book');
        assert.equal((await first.read(large.length - 2, 12)).length, 2);
        await first.release();
        await archive.close();
      });

      it('give the beginning of a member without keeping it, but only while it passes', async () => {
        const books = ['first', 'second', 'third'].map(text => member({ name: text }, text.repeat(30_000)));
        await writeFile(packed(), pack(Buffer.concat([...books, endMark])));
        const archive = await openArchive(packed(), spool());
        const seen: ArchiveMember[] = [];
        for await (const found of archive.members()) {
          assert.equal((await found.read(0, 4)).toString(), found.name.slice(0, 4));
          assert.equal((await found.read(1, 2)).toString(), found.name.slice(1, 3));
          if (found.name === 'second') await found.keep();
          seen.push(found);
        }
        assert.equal(sha1((await seen[1]?.read(0, 1e6)) ?? ''), sha1('second'.repeat(30_000)));
        await assert.rejects(async () => seen[0]?.read(0, 4), /not kept/);
        await seen[1]?.release();
        await assert.rejects(async () => seen[1]?.keep(), /not kept/);
        await archive.close();
      });

      it('skip what stands before the place to begin at', async () => {
        const books = Buffer.concat([
          member({ name: 'a' }, 'a'.repeat(600)),
          member({ name: 'b' }, 'b'),
          endMark,
        ]);
        const { members, damage } = await read(pack(books), 1536);
        assert.equal(damage, null);
        assert.deepEqual(
          members.map(found => [found.name, found.sha1]),
          [['b', sha1('b')]],
        );
      });

      it('skip hard links with a reason, and read what they point to', async () => {
        const { members } = await read(
          pack(Buffer.concat([member({ name: 'a' }, 'a'), header({ type: '1', linkName: 'a' }), endMark])),
        );
        assert.deepEqual(
          members.map(found => [found.kind, found.reason]),
          [
            ['file', null],
            ['other', 'hard link in a compressed tar'],
          ],
        );
      });

      it('give what stands before a cut, and report the cut', async () => {
        const bodies = [1, 2, 3, 4, 5].map(() => randomBytes(300_000));
        const tar = Buffer.concat([...bodies.map((body, n) => member({ name: String(n) }, body)), endMark]);
        const whole = pack(tar);
        for (const length of [100_000, 700_000, 1_000_000, 1_400_000, whole.length - 1]) {
          const { members, damage } = await read(whole.subarray(0, length));
          assert.match(damage?.reason ?? '', /^the compressed file is cut off/);
          // Random bytes do not get shorter; zstd unpacks by blocks of 128 KB.
          assert.ok(
            members.length >= Math.floor((length - 150_000) / 300_600),
            `${String(members.length)} of them`,
          );
          assert.ok(members.every((found, n) => found.sha1 === sha1(bodies[n] ?? '')));
          assert.ok((damage?.offset ?? Infinity) <= tar.length);
        }
      });

      it('report a cut of the tar in a whole compressed file', async () => {
        const tar = Buffer.concat([
          member({ name: 'a' }, 'a'),
          member({ name: 'b' }, 'b'.repeat(2000)),
          endMark,
        ]);
        const inBody = await read(pack(tar.subarray(0, 3000)));
        assert.equal(inBody.members.length, 1);
        assert.equal(inBody.damage?.message, 'the tar is cut off inside a member at byte 1024');
        assert.equal(inBody.damage.isDoubtful, false, 'the checksum was right');
        const inHeader = await read(pack(tar.subarray(0, 1100)));
        assert.equal(inHeader.damage?.message, 'the tar is cut off inside a header at byte 1024');
        const noEnd = await read(pack(tar.subarray(0, 1024)));
        assert.match(noEnd.damage?.message ?? '', /its end mark is missing at byte 1024/);
        assert.match((await read(pack(Buffer.alloc(0)))).damage?.message ?? '', /the file is empty/);
        assert.match((await read(pack(randomBytes(5000)))).damage?.message ?? '', /this is no tar/);
        const noHeader = await read(pack(Buffer.concat([member({ name: 'a' }, 'a'), randomBytes(5000)])));
        assert.equal(noHeader.damage?.isDoubtful, true, 'the checksum was not seen');
        const lone = await read(pack(tar.subarray(0, -512)));
        assert.equal(lone.damage, null);
        assert.match(lone.notices.join(), /one block long/);
      });

      it('report a cut of a member that is not kept as well', async () => {
        const whole = pack(Buffer.concat([member({ name: 'a' }, randomBytes(900_000)), endMark]));
        for (const bytes of [
          whole.subarray(0, 400_000),
          pack(member({ name: 'a' }, 'a'.repeat(900)).subarray(0, 600)),
        ]) {
          await writeFile(packed(), bytes);
          const archive = await openArchive(packed(), spool());
          await assert.rejects(async () => {
            for await (const found of archive.members()) assert.equal(found.name, 'a');
          }, /cut off/);
          await archive.close();
        }
      });

      it('give a notice of what follows the end mark', async () => {
        const tar = Buffer.concat([member({ name: 'a' }, 'a'), endMark]);
        const { members, damage, notices } = await read(pack(Buffer.concat([tar, tar])));
        assert.equal(damage, null);
        assert.equal(members.length, 1);
        assert.match(notices.join(), /^2048 bytes follow the end mark at byte 2048 .* from byte 2048 on$/);
      });

      it('are read to their end when several were joined', async () => {
        const parts = [member({ name: 'a' }, randomBytes(200_000)), member({ name: 'b' }, 'b'), endMark];
        const { members, damage } = await read(Buffer.concat(parts.map(part => pack(part))));
        assert.equal(damage, null);
        assert.deepEqual(
          members.map(found => found.name),
          ['a', 'b'],
        );
      });

      it('can be left in the middle', async () => {
        await writeFile(
          packed(),
          pack(Buffer.concat([member({}, randomBytes(5_000_000)), member({}, 'b'), endMark])),
        );
        const archive = await openArchive(packed(), spool());
        for await (const found of archive.members()) {
          await found.keep();
          break;
        }
        await archive.close();
        await (await openArchive(packed(), spool())).close();
      });
    });
  }

  it('unpack to the end of all frames, also where one ends with a read', async () => {
    const tar = Buffer.concat([
      member({ name: 'a' }, randomBytes(1000)),
      member({ name: 'b' }, 'b'),
      endMark,
    ]);
    for (const at of [600, 1536, 2048]) {
      const [first, second] = [zstdCompressSync(tar.subarray(0, at)), zstdCompressSync(tar.subarray(at))];
      for (const boundary of [65_536, 65_535, 65_537, 131_072]) {
        const { members, damage } = await read(
          Buffer.concat([skippableFrame(boundary - first.length), first, skippableFrame(8), second]),
        );
        assert.equal(damage, null);
        assert.equal(members.length, 2);
      }
    }
  });

  it('report damage that only their own checksums show', async () => {
    const tar = Buffer.concat([member({ name: 'a' }, 'a'), endMark, Buffer.alloc(8192)]);
    const bytes = gzipSync(tar);
    bytes[bytes.length - 8] = (bytes[bytes.length - 8] ?? 0) ^ 1;
    const { members, damage } = await read(bytes);
    assert.match(damage?.reason ?? '', /damaged \(incorrect data check\)/);
    assert.equal(damage?.isDoubtful, true);
    assert.ok(members.length <= 1);
  });

  it('give all before a cut that is met while nobody takes what was unpacked', async () => {
    const small = Array.from({ length: 2000 }, () => Buffer.from(randomBytes(500).toString('hex')));
    const whole = gzipSync(Buffer.concat([...small.map(body => member({}, body)), endMark]));
    for (let cutAt = 400_000; cutAt < 600_000; cutAt += 20_000) {
      const bytes = whole.subarray(0, cutAt);
      await writeFile(packed(), bytes);
      const archive = await openArchive(packed(), spool());
      let count = 0;
      await assert.rejects(async () => {
        for await (const found of archive.members()) {
          await found.keep();
          if (count++ % 400 === 0) await sleep(20);
          await found.release();
        }
      }, /the compressed file is cut off/);
      await archive.close();
      const unpacked = gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
      assert.equal(count, Math.floor((unpacked.length + 24) / 1536));
    }
  });

  it('report a damage in the middle, and give what stands before it', async () => {
    const small = Array.from({ length: 2000 }, () => Buffer.from(randomBytes(500).toString('hex')));
    const bytes = gzipSync(Buffer.concat([...small.map(body => member({}, body)), endMark]));
    const damageAt = Math.floor(bytes.length / 2);
    bytes.fill(0xff, damageAt, damageAt + 1000);
    const { members, damage } = await read(bytes);
    assert.ok(damage);
    assert.ok(members.length > 900 && members.length < 1100, `${String(members.length)} members`);
    const before = members.slice(0, 900);
    assert.ok(before.every((found, n) => found.sha1 === sha1(small[n] ?? '')));
  });

  it('are told by their first bytes, whatever they are called', async () => {
    const tar = Buffer.concat([member({ name: 'a' }, 'a'), endMark]);
    for (const bytes of [tar, gzipSync(tar), zstdCompressSync(tar)]) {
      const { members } = await read(bytes);
      assert.equal(members.length, 1);
    }
    assert.equal(packingOf(Buffer.from('PK\x03\x04')), null);
    assert.equal(packingOf(Buffer.from([0x1f, 0x8b])), null);
    assert.ok(canUnpack('zstd'));
  });

  it('of GNU tar and gzip are read', async () => {
    await writeFile(join(folder(), 'a.epub'), 'a');
    run('tar', ['-czf', packed(), '-C', folder(), 'a.epub']);
    const { members, damage } = await readWhole(packed());
    assert.equal(damage, null);
    assert.equal(members[0]?.sha1, sha1('a'));
  });

  it('say what to do when there is no room for a large body', async () => {
    await writeFile(join(folder(), 'in the way'), '');
    await writeFile(
      packed(),
      gzipSync(Buffer.concat([member({}, Buffer.alloc(largestKeptBody + 1)), endMark])),
    );
    const archive = await openArchive(packed(), join(folder(), 'in the way'));
    await assert.rejects(
      async () => {
        for await (const found of archive.members()) await found.keep();
      },
      (error: unknown) => error instanceof TarshelfError && error.code === 'STATE_NOT_WRITABLE',
    );
    await archive.close();
  });

  it('pass on as it was said that their disk cannot be read, and call it no damage', async () => {
    const bytes = gzipSync(randomBytes(500_000));
    const source: ByteSource = {
      sizeBytes: bytes.length,
      read: (target, position) =>
        position > 200_000
          ? Promise.reject(Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' }))
          : Promise.resolve(bytes.copy(target, 0, position)),
      close: () => Promise.resolve(),
    };
    const unpacked = new Unpacked(source, 'gzip');
    const reader = new ForwardReader(unpacked);
    await assert.rejects(reader.skipTo(bytes.length), { code: 'EIO' });
    assert.ok(reader.position > 100_000, String(reader.position));
    unpacked.close();
  });

  it('are unpacked no further than a little ahead of whoever takes the bytes', async () => {
    for (const bytes of [randomBytes(20_000_000), Buffer.alloc(100_000_000)]) {
      const compressed = gzipSync(bytes, { level: 1 });
      await writeFile(packed(), compressed);
      const source = await FileSource.open(packed());
      const unpacked = new Unpacked(source, 'gzip');
      await sleep(150);
      assert.ok(unpacked.filePosition < compressed.length / 5, `${String(unpacked.filePosition)} bytes in`);
      let length = 0;
      for (let chunk = await unpacked.next(); chunk; chunk = await unpacked.next()) length += chunk.length;
      assert.equal(length, bytes.length);
      unpacked.close();
      await source.close();
    }
  });
});
