import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sampleTars } from '../../../src/samples/makeSample.ts';
import type { TarFormat, TarMember } from '../../../src/samples/tarWriter.ts';
import { encodeTar, tarChunks } from '../../../src/samples/tarWriter.ts';

const mtime = new Date('2024-02-03T04:05:06Z');

function file(name: string, size: number): TarMember {
  return { name, body: Buffer.from(Array.from({ length: size }, (_, at) => (at * 7 + size) & 0xff)), mtime };
}

function directory(name: string): TarMember {
  return { name, body: Buffer.alloc(0), mtime };
}

/** Names and sizes at and around the limits that every format can hold. */
function commonMembers(): TarMember[] {
  const deep = `${'d'.repeat(74)}/${'e'.repeat(79)}`;
  return [
    directory('root/'),
    file('root/empty', 0),
    file('root/one byte', 1),
    file('root/a block', 512),
    file('root/a block and a byte', 513),
    file(`root/${'n'.repeat(94)}`, 10),
    file(`root/${'n'.repeat(95)}`, 11),
    file(`root/${'n'.repeat(96)}`, 12),
    file('root/Вишнёвый сад', 13),
    directory(`${'d'.repeat(74)}/`),
    directory(`${deep}/`),
    // A prefix of 154 bytes, and a name of all 100.
    file(`${deep}/${'f'.repeat(100)}`, 14),
    directory(`root/${'g'.repeat(94)}/`),
    file(`root/${'g'.repeat(94)}/h`, 15),
    file('last', 20_000),
  ];
}

/** Names that ustar cannot hold. */
function longMembers(): TarMember[] {
  return [
    ...commonMembers(),
    file(`root/${'l'.repeat(200)}.epub`, 16),
    file(`root/${'Достоевский '.repeat(10)}.fb2`, 17),
    directory(`root/${'D'.repeat(150)}/`),
    directory(`root/${'D'.repeat(150)}/${'E'.repeat(101)}/`),
    file(`root/${'D'.repeat(150)}/${'E'.repeat(101)}/${'魯'.repeat(70)}`, 18),
  ];
}

const withLocale = { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC' };

function tar(...args: string[]): string {
  return execFileSync('tar', args, { env: withLocale, encoding: 'utf8' });
}

const isGnuTar = tar('--version').includes('GNU tar');

describe('tarWriter', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tarWriter-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** Lists and extracts with the system's tar and compares every member. */
  function compareWithTar(members: readonly TarMember[], format: TarFormat): void {
    const path = join(folder, 'sample.tar');
    writeFileSync(path, encodeTar(members, format));
    const listing = isGnuTar ? ['--quoting-style=literal', '-tf', path] : ['-tf', path];
    assert.deepEqual(
      tar(...listing)
        .trimEnd()
        .split('\n'),
      members.map(member => member.name),
    );
    tar('-xf', path, '-C', folder);
    for (const member of members) {
      const extracted = join(folder, member.name);
      if (member.name.endsWith('/')) {
        assert.ok(statSync(extracted).isDirectory(), member.name);
        continue;
      }
      assert.deepEqual(readFileSync(extracted), Buffer.from(member.body), member.name);
      assert.equal(statSync(extracted).mtimeMs, member.mtime.getTime(), member.name);
    }
  }

  it('writes ustar that tar lists and extracts as the same members', () => {
    compareWithTar(commonMembers(), 'ustar');
  });

  for (const format of ['gnu', 'pax'] as const) {
    it(`writes ${format} with names of any length that tar lists and extracts as the same members`, () => {
      compareWithTar(longMembers(), format);
    });
  }

  it('keeps fractions of a second in pax', () => {
    const half = new Date(mtime.getTime() + 500);
    compareWithTar([{ name: 'half', body: Buffer.from('x'), mtime: half }], 'pax');
  });

  for (const sample of sampleTars()) {
    it(`writes ${sample.name} (${sample.format}) so that tar extracts what went in`, () => {
      compareWithTar(sample.members, sample.format);
    });
  }

  it('marks gnu by its own magic and the others by that of POSIX', () => {
    const magic = (format: TarFormat): string =>
      encodeTar([file('a', 1)], format).toString('latin1', 257, 265);
    assert.equal(magic('gnu'), 'ustar  \0');
    assert.equal(magic('ustar'), 'ustar\x0000');
    assert.equal(magic('pax'), 'ustar\x0000');
  });

  it('ends with two zero blocks and fills up to whole records of 10240 bytes', () => {
    // Header and body of `a` take 1024 bytes less than a record, then exactly a record.
    for (const [size, records] of [
      [0, 1],
      [10_240 - 1024 - 512, 1],
      [10_240 - 1024 - 511, 2],
    ] as const) {
      const bytes = encodeTar([file('a', size)], 'ustar');
      assert.equal(bytes.length, records * 10_240);
      assert.ok(bytes.subarray(-1024).every(byte => byte === 0));
    }
    assert.deepEqual(encodeTar([], 'ustar'), Buffer.alloc(10_240));
  });

  it('gives the same bytes piece by piece', () => {
    const members = longMembers();
    assert.deepEqual(Buffer.concat([...tarChunks(members, 'gnu')]), encodeTar(members, 'gnu'));
  });

  it('refuses a name that ustar cannot hold, and a directory with a body', () => {
    assert.throws(() => encodeTar([file('n'.repeat(101), 1)], 'ustar'), RangeError);
    assert.throws(() => encodeTar([file(`${'p'.repeat(156)}/n`, 1)], 'ustar'), RangeError);
    assert.throws(() => encodeTar([file('directory/', 1)], 'gnu'), RangeError);
    assert.throws(() => encodeTar([file('', 1)], 'gnu'), RangeError);
  });
});
