import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { link, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { Header, Pax } from 'tar';
import { openArchive } from '../../src/engine/archive/openArchive.ts';
import { readPaxRecords, type PaxRecords } from '../../src/engine/archive/paxRecords.ts';
import { TarDamage } from '../../src/engine/archive/tarDamage.ts';
import { blockKind } from '../../src/engine/archive/tarHeader.ts';
import { TarWalk, type MemberKind } from '../../src/engine/archive/tarWalk.ts';
import { run } from '../support/gnuTar.ts';
import { useTempFolder } from '../support/tempFolder.ts';

interface Entry {
  readonly name: string;
  readonly kind: MemberKind;
  readonly isLink: boolean;
  readonly headerOffset: number;
  readonly body: Buffer;
}

interface ReadEntries {
  readonly entries: Entry[];
  readonly damage: TarDamage | null;
}

const pieces = [
  'a',
  'Книга',
  'very long name '.repeat(8).trim(),
  'x y',
  "it's",
  '{b}',
  '"q"',
  '-dash',
  'ß.epub',
];
const nameArbitrary = fc
  .array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 4 })
  .chain(parts => fc.nat(99).map(number => `${parts.join('/')}/${String(number)}.txt`));
const sizeArbitrary = fc.oneof(
  fc.constantFrom(0, 1, 511, 512, 513, 1024, 65_535, 65_536, 200_000),
  fc.nat(5000),
);
const fileArbitrary = fc.record({
  name: nameArbitrary,
  sizeBytes: sizeArbitrary,
  fill: fc.nat(255),
  linkedAs: fc.option(nameArbitrary, { freq: 5, nil: undefined }),
  twice: fc.boolean(),
});
type RandomFile = typeof fileArbitrary extends fc.Arbitrary<infer T> ? T : never;

describe('any archive', () => {
  const folder = useTempFolder();

  /** A tar of the files, their folders, links and repeated names, as GNU tar writes it. */
  async function makeRandomTar(
    format: 'ustar' | 'gnu' | 'pax',
    files: readonly RandomFile[],
  ): Promise<{ tar: string; bytes: Buffer }> {
    const source = await mkdtemp(join(folder(), 'in-'));
    const names: string[] = [];
    for (const { name, sizeBytes, fill, linkedAs, twice } of files) {
      if (format === 'ustar' && [name, linkedAs ?? ''].some(text => Buffer.byteLength(text) > 99)) continue;
      await mkdir(join(source, dirname(name)), { recursive: true });
      await writeFile(join(source, name), Buffer.alloc(sizeBytes, `${String(fill)} ${name}`));
      names.push(`./${name}`);
      if (linkedAs !== undefined && linkedAs !== name) {
        await mkdir(join(source, dirname(linkedAs)), { recursive: true });
        await rm(join(source, linkedAs), { force: true });
        await link(join(source, name), join(source, linkedAs));
        names.push(`./${linkedAs}`);
      }
      if (twice) names.push(`./${dirname(name)}`, `./${name}`);
    }
    const tar = `${source}.tar`;
    await writeFile(`${source}.list`, names.map(name => `${name}\0`).join(''));
    run('tar', ['-cf', tar, `--format=${format}`, '-C', source, '--null', '-T', `${source}.list`]);
    return { tar, bytes: await readFile(tar) };
  }

  const tarArbitrary = fc.record({
    format: fc.constantFrom('ustar' as const, 'gnu' as const, 'pax' as const),
    files: fc.array(fileArbitrary, { maxLength: 12 }),
  });

  it('is read by position as GNU tar lists and extracts it, and the same when compressed', async () => {
    await fc.assert(
      fc.asyncProperty(tarArbitrary, async ({ format, files }) => {
        const { tar, bytes } = await makeRandomTar(format, files);
        const { entries, damage } = await readEntries(tar);
        assert.equal(damage, null);
        const names = gnuTar(['-tf', tar, '--quoting-style=literal']).toString().split('\n').slice(0, -1);
        assert.deepEqual(
          entries.map(entry => entry.name),
          names,
        );
        const own = entries.filter(entry => entry.kind === 'file' && !entry.isLink);
        assert.ok(Buffer.concat(own.map(entry => entry.body)).equals(gnuTar(['-xOf', tar])));
        // A link holds what was extracted under its name, unless that name came again.
        const extracted = `${tar}.out`;
        await mkdir(extracted);
        gnuTar(['-xf', tar, '-C', extracted]);
        for (const entry of entries.filter(found => found.isLink && isLast(found, entries)))
          assert.ok(entry.body.equals(await readFile(join(extracted, entry.name))), entry.name);

        for (const pack of [gzipSync, zstdCompressSync]) {
          await writeFile(`${tar}.packed`, pack(bytes));
          const stream = await readEntries(`${tar}.packed`);
          assert.equal(stream.damage, null);
          assert.equal(stream.entries.length, entries.length);
          for (const [index, entry] of entries.entries()) {
            const found = stream.entries[index];
            assert.equal(found?.headerOffset, entry.headerOffset);
            assert.equal(found.kind, entry.isLink ? 'other' : entry.kind);
            if (!entry.isLink) assert.ok(found.body.equals(entry.body));
          }
        }
      }),
      { numRuns: 20 },
    );
  }).timeout(60_000);

  it('is read from any of its members on', async () => {
    await fc.assert(
      fc.asyncProperty(tarArbitrary, fc.nat(20), async ({ format, files }, index) => {
        const { tar } = await makeRandomTar(format, files);
        const { entries } = await readEntries(tar);
        const from = entries[index % Math.max(1, entries.length)]?.headerOffset ?? 0;
        const rest = await readEntries(tar, from);
        assert.deepEqual(
          rest.entries,
          entries.filter(entry => entry.headerOffset >= from),
        );
      }),
      { numRuns: 10 },
    );
  }).timeout(60_000);

  it('gives what stands before a cut, and nothing that is not in it', async () => {
    await fc.assert(
      fc.asyncProperty(
        tarArbitrary,
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        async (random, share) => {
          const { tar, bytes } = await makeRandomTar(random.format, random.files);
          const { entries } = await readEntries(tar);
          for (const pack of [(all: Buffer) => all, gzipSync, zstdCompressSync]) {
            const packed = pack(bytes);
            const cut = packed.subarray(0, Math.floor(packed.length * share));
            await writeFile(`${tar}.cut`, cut);
            const { entries: found, damage } = await readEntries(`${tar}.cut`);
            // A plain tar may lose what fills up its last record.
            if (packed !== bytes) assert.ok(damage);
            if (!damage) assert.equal(found.length, entries.length);
            for (const [index, entry] of found.entries()) {
              const whole = entries[index];
              assert.ok(whole);
              assert.equal(entry.headerOffset, whole.headerOffset);
              if (packed === bytes || !whole.isLink) assert.ok(entry.body.equals(whole.body));
            }
          }
        },
      ),
      { numRuns: 15 },
    );
  }).timeout(60_000);

  it('ends in an end mark or in damage, whatever is changed in it', async () => {
    const { tar, bytes } = await makeRandomTar('pax', [
      { name: 'Книга/1.txt', sizeBytes: 700, fill: 1, linkedAs: 'a/2.txt', twice: true },
      { name: 'very long name '.repeat(12), sizeBytes: 70_000, fill: 2, linkedAs: undefined, twice: false },
    ]);
    const change = fc.record({
      at: fc.double({ min: 0, max: 0.9999, noNaN: true }),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }),
    });
    const packings = [(all: Buffer) => all, gzipSync, zstdCompressSync].map(pack => pack(bytes));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...packings),
        fc.array(change, { minLength: 1, maxLength: 6 }),
        async (packed, changes) => {
          const changed = Buffer.from(packed);
          for (const { at, bytes: put } of changes)
            changed.set(put.subarray(0, 1), Math.floor(at * changed.length));
          for (const { at, bytes: put } of changes.slice(1)) {
            const position = Math.floor((at * changed.length) / 4);
            changed.set(put.subarray(0, changed.length - position), position);
          }
          await writeFile(tar, changed);
          for (const { body, kind } of (await readEntries(tar)).entries)
            assert.ok(kind === 'file' || body.length < 1e6);
        },
      ),
      { numRuns: 300 },
    );
  }).timeout(60_000);

  it('has headers that the tar package decodes alike', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'B', '.', ' ', 'я', '/', 'ß', '-'), minLength: 1 });
    const types = ['File', 'OldFile', 'ContiguousFile', 'Directory', 'SymbolicLink', 'Link', 'FIFO'] as const;
    const fields = fc.record({
      path: fc.oneof(
        text,
        fc.array(text, { maxLength: 12 }).map(parts => parts.join('folder/')),
      ),
      size: fc.oneof(fc.nat(100_000), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 10_000 })),
      type: fc.constantFrom(...types),
    });
    // Elsewhere the package throws for numbers that are none, or takes what GNU tar does not.
    const checkedByte = fc.oneof(fc.nat(99), fc.integer({ min: 157, max: 256 }));
    fc.assert(
      fc.property(
        fields,
        fc.option(fc.tuple(checkedByte, fc.nat(255)), { nil: undefined }),
        (given, change) => {
          const block = Buffer.alloc(512);
          new Header({ ...given, mode: 0o644, mtime: new Date(0) }).encode(block);
          if (change) block[change[0]] = change[1];
          const theirs = new Header(block);
          assert.equal(blockKind(block, 0) === 'header', theirs.cksumValid);
          if (!theirs.cksumValid || change) return;
          const walk = new TarWalk(Infinity);
          const ours = walk.take(block, 0) ?? walk.finish(512);
          assert.equal(ours?.name, theirs.path);
          // As in GNU tar, a slash makes a directory of a contiguous file too.
          const isDirectory = theirs.type === 'Directory' || theirs.path?.endsWith('/') === true;
          if (given.type !== 'SymbolicLink' && given.type !== 'Link' && given.type !== 'FIFO')
            assert.equal(ours?.kind === 'directory', isDirectory);
          if (ours?.kind === 'file') assert.equal(ours.sizeBytes, theirs.size);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('has pax records that the tar package writes, whatever is in them', () => {
    const records = fc.record({
      path: fc.string({ minLength: 1, unit: 'binary' }),
      linkpath: fc.string({ minLength: 1, unit: 'binary' }),
      size: fc.maxSafeNat(),
    });
    fc.assert(
      fc.property(records, given => {
        const known: PaxRecords = {};
        readPaxRecords(Buffer.from(new Pax(given).encodeBody()), known);
        assert.deepEqual(known, {
          path: Buffer.from(given.path),
          linkPath: Buffer.from(given.linkpath),
          sizeBytes: given.size,
        });
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), bytes => {
        readPaxRecords(Buffer.from(bytes), {});
      }),
    );
  });

  async function readEntries(path: string, from = 0): Promise<ReadEntries> {
    const archive = await openArchive(path, folder());
    const entries: Entry[] = [];
    try {
      for await (const member of archive.members({ from })) {
        await member.keep();
        const chunks: Buffer[] = [];
        for await (const chunk of member.chunks()) chunks.push(chunk);
        const { name, kind, headerOffset, bodyOffset } = member;
        entries.push({
          name,
          kind,
          headerOffset,
          isLink: bodyOffset <= headerOffset,
          body: Buffer.concat(chunks),
        });
        await member.release();
      }
      return { entries, damage: null };
    } catch (thrown) {
      if (!(thrown instanceof TarDamage)) throw thrown;
      return { entries, damage: thrown };
    } finally {
      await archive.close();
    }
  }
});

function isLast(entry: Entry, entries: readonly Entry[]): boolean {
  return entries.findLast(other => other.name === entry.name) === entry;
}

/** Standard output of GNU tar, as bytes. */
function gnuTar(args: readonly string[]): Buffer {
  const result = spawnSync('tar', args, { maxBuffer: 1024 ** 3 });
  assert.equal(result.status, 0, result.stderr.toString());
  return result.stdout;
}
