import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import type { Finished } from '../support/commandLine.ts';
import { extractWithGnuTar, makeTar } from '../support/gnuTar.ts';
import { useIngest } from '../support/ingestFixture.ts';
import { keyOf, keysInLibrary } from '../support/libraryTruth.ts';

describe('ingest of compressed tars', () => {
  const { folder, source, state, library, ingest } = useIngest();

  it('puts every book of them on the shelf once, large ones too, and leaves nothing behind', async () => {
    const packings = { 'a.tar.gz': gzipSync, 'b.TGZ': gzipSync, 'c.tar.zst': zstdCompressSync };
    const expected = new Set<string>();
    let sizeBytes = 0;
    for (const [name, pack] of Object.entries(packings)) {
      const files: Record<string, Buffer> = {
        'in all.epub': Buffer.from('a book that all of them hold'),
        'large.pdf': Buffer.concat([Buffer.from(`%PDF-1.4 ${name}`), Buffer.alloc(40 * 1024 * 1024, name)]),
        'picture.jpg': randomBytes(100_000),
      };
      for (let n = 0; n < 30; n++) files[`many/${String(n)}.txt`] = Buffer.from(`${name} ${String(n % 20)}`);
      const tar = join(folder(), 'plain.tar');
      await makeTar(tar, 'gnu', files);
      for (const file of await extractWithGnuTar(tar))
        if (!file.name.endsWith('.jpg')) expected.add(`${file.sha1}-${String(file.sizeBytes)}`);
      const packed = pack(await readFile(tar));
      sizeBytes += packed.length;
      await writeFile(join(source(), name), packed);
    }
    const { code, summary, stderr } = await ingest('--batch-size', '7', '--workers', '2');
    assert.equal(stderr, '');
    assert.equal(code, 0);
    assert.deepEqual(await keysInLibrary(library()), [...expected].sort());
    assert.deepEqual(summary?.tars, { total: 3, completed: 3, failed: 0 });
    assert.equal(summary.books.uploaded, expected.size);
    assert.equal(summary.bytes, sizeBytes);
    assert.deepEqual(await readdir(join(state(), 'spool')), []);
  }).timeout(60_000);

  it('uploads what stands before a cut, and calls the tar failed', async () => {
    const tar = join(folder(), 'plain.tar');
    await makeTar(tar, 'gnu', { 'a.epub': randomBytes(200_000), 'b.epub': randomBytes(200_000) });
    await writeFile(join(source(), 'cut.tar.gz'), gzipSync(await readFile(tar)).subarray(0, 300_000));
    const { code, summary, stdout } = await ingest();
    assert.equal(code, 1);
    assert.deepEqual(summary?.tars, { total: 1, completed: 0, failed: 1 });
    assert.equal(summary.books.uploaded, 1);
    assert.match(stdout, /TAR_DAMAGED.*cut\.tar\.gz: the compressed file is cut off/);
  });

  const doubtful = {
    'a.tar.gz': (tar: Buffer) => gzipSync(tar, { level: 0 }),
    'a.tar.zst': (tar: Buffer) => zstdCompressSync(tar, { params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
  };
  for (const [name, pack] of Object.entries(doubtful))
    for (const mode of ['in-place', 'extract']) {
      it(`calls all books of ${name} doubtful whose checksum fails, and reads it anew, mended or not (${mode})`, async () => {
        const tar = join(folder(), 'plain.tar');
        const bodies = Array.from({ length: 30 }, () => randomBytes(20_000));
        await makeTar(tar, 'gnu', Object.fromEntries(bodies.map((body, n) => [`${String(n)}.epub`, body])));
        const whole = pack(await readFile(tar));
        // What cannot be compressed is stored as it is: a wrong byte in it shows at the checksum only.
        const damaged = Buffer.from(whole);
        const at = placeOf(bodies[3]!, damaged);
        damaged[at] = (damaged[at] ?? 0) ^ 1;
        const path = join(source(), name);
        const time = new Date(2020, 1);
        await writeFile(path, damaged);
        await utimes(path, time, time);

        const first = await ingest('--batch-size', '7', '--mode', mode);
        assert.equal(first.code, 1, first.stdout);
        assert.deepEqual(first.summary?.tars, { total: 1, completed: 0, failed: 1 });
        const found = first.summary.books.found;
        assert.ok(found > 20, String(found));
        const line = failureOf(first);
        assert.match(
          line,
          new RegExp(
            `TAR_DAMAGED.*${name}: the compressed file is damaged .* at byte \\d+\\. .*doubtful as well, .*books: ${String(found)}\\)`,
          ),
        );

        const again = await ingest('--batch-size', '7', '--mode', mode);
        assert.equal(again.code, 1);
        assert.equal(failureOf(again), line);
        assert.deepEqual(again.summary?.books, { found, uploaded: 0, duplicates: found, failed: 0 });

        // Of the same size and time, as a program that copies both would leave it.
        await writeFile(path, whole);
        await utimes(path, time, time);
        const mended = await ingest('--batch-size', '7', '--mode', mode);
        assert.equal(mended.code, 0, mended.stdout);
        assert.equal(mended.summary?.books.found, 30);
        assert.equal(mended.summary.books.uploaded, 30 - found + 1);
        const keys = await keysInLibrary(library());
        assert.equal(keys.length, 31, 'the damaged book stays beside the whole one');
        for (const body of bodies) assert.ok(keys.includes(keyOf(body)));
      }).timeout(60_000);
    }

  /** Where a run of a body's bytes stands in a packed tar; by chance, others of them were found before and are not repeated. */
  function placeOf(body: Buffer, packed: Buffer): number {
    for (let from = 0; from + 50 <= body.length; from += 50) {
      const at = packed.indexOf(body.subarray(from, from + 50));
      if (at !== -1) return at + 25;
    }
    return assert.fail('no part of the body is stored as it is');
  }

  function failureOf({ stdout }: Finished): string {
    const line = stdout.split('\n').find(said => said.startsWith('{"type":"tar"'));
    return JSON.stringify((JSON.parse(line ?? '{}') as { failure?: unknown }).failure);
  }

  it('tells of data after an end mark', async () => {
    const tar = join(folder(), 'plain.tar');
    await makeTar(tar, 'gnu', { 'a.epub': Buffer.from('a') });
    const bytes = await readFile(tar);
    await writeFile(join(source(), 'joined.tar'), Buffer.concat([bytes, bytes]));
    const { code, summary, stdout } = await ingest();
    assert.equal(code, 0);
    assert.equal(summary?.books.uploaded, 1);
    assert.match(stdout, /joined\.tar: \d+ bytes follow the end mark/);
  });
});
