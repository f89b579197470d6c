import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, copyFile, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Archive } from '../../../src/engine/archive/archive.ts';
import { openArchive } from '../../../src/engine/archive/openArchive.ts';
import { atOnce } from '../../../src/engine/system/diskRoom.ts';
import { makeExtraction, writeMark } from '../../../src/engine/extraction/extractionFolder.ts';
import { readThroughFolder, type ReadingRequest } from '../../../src/engine/extraction/readThroughFolder.ts';
import { removeExtractions } from '../../../src/engine/extraction/removeExtractions.ts';
import { makeTar, run } from '../../support/gnuTar.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

function noNotice(message: string): void {
  throw new Error(message);
}

describe('reading through a folder', () => {
  const folder = useTempFolder();
  const path = (): string => join(folder(), 'set.tar');
  const root = (): string => join(folder(), 'tar_extraction_temp');
  const opened: Archive[] = [];

  async function open(): Promise<Archive> {
    const archive = await openArchive(path(), join(folder(), 'spool'));
    opened.push(archive);
    return archive;
  }

  afterEach(async () => {
    for (const archive of opened.splice(0)) await archive.close();
  });

  async function read(request: Partial<ReadingRequest> = {}): Promise<Archive> {
    return readThroughFolder(await open(), {
      tar: 'set.tar',
      mode: 'extract',
      stateFolder: folder(),
      stop: new AbortController().signal,
      onNotice: noNotice,
      onExtracted: () => undefined,
      whenRoom: atOnce,
      openAgain: () => openArchive(path(), join(folder(), 'spool')),
      ...request,
    });
  }

  async function bodies(archive: Archive, from = 0): Promise<string[]> {
    const found: string[] = [];
    for await (const member of archive.members({ from })) {
      if (member.kind !== 'file') continue;
      await member.keep();
      const digest = createHash('sha1');
      for await (const chunk of member.chunks()) digest.update(chunk);
      const head = await member.read(0, 10);
      assert.equal(head.length, Math.min(10, member.sizeBytes));
      found.push(`${member.name} ${digest.digest('hex')}`);
      await member.release();
    }
    return found;
  }

  async function folders(): Promise<string[]> {
    return existsSync(root()) ? readdir(root()) : [];
  }

  async function only(): Promise<string> {
    const [name, ...others] = await folders();
    assert.ok(name !== undefined && others.length === 0);
    return join(root(), name);
  }

  const files: Record<string, Buffer> = {
    'a.epub': randomBytes(1000),
    'deep/er/b.epub': randomBytes(100_000),
    'empty.epub': Buffer.alloc(0),
    'large.pdf': randomBytes(3_000_000),
  };

  beforeEach(async () => {
    await makeTar(path(), 'gnu', files);
  });

  it('extracts every file as it is, tells how far it is, and leaves no mark of being under way', async () => {
    const positions: number[] = [];
    const expected = await bodies(await open());
    const archive = await read({ onExtracted: position => positions.push(position) });
    const made = await only();
    assert.match(made, /set_\d{10}$/);
    for (const [name, body] of Object.entries(files))
      assert.deepEqual(await readFile(join(made, name)), body);
    assert.ok(!existsSync(join(made, '.tarshelf-extracting')));
    assert.deepEqual(
      positions,
      [...positions].sort((a, b) => a - b),
    );
    assert.ok(positions.length > Object.keys(files).length, 'also within a large file');
    assert.deepEqual(await bodies(archive), expected);
  });

  it('gives both of two members of one name their own bytes', async () => {
    await writeFile(join(folder(), 'a.epub'), randomBytes(1000));
    run('tar', ['-rf', path(), '-C', folder(), 'a.epub']);
    const expected = await bodies(await open());
    assert.equal(expected.length, 5);
    assert.deepEqual(await bodies(await read()), expected);
  });

  it('gives both members of one name from the offset of the second on, where a folder has one file for both', async () => {
    await writeFile(join(folder(), 'a.epub'), randomBytes(1000));
    run('tar', ['-rf', path(), '-C', folder(), 'a.epub']);
    const expected = (await bodies(await open())).filter(text => text.startsWith('a.epub'));
    const headers: number[] = [];
    for await (const member of (await open()).members()) headers.push(member.headerOffset);
    await mkdir(join(root(), 'set_1'), { recursive: true });
    await copyFile(join(folder(), 'a.epub'), join(root(), 'set_1', 'a.epub'));
    const archive = await read({ onNotice: () => undefined });
    assert.deepEqual(await bodies(archive, headers.at(-1)), expected);
  });

  it('gives the same members from an offset on', async () => {
    const headers: number[] = [];
    for await (const member of (await open()).members()) headers.push(member.headerOffset);
    const expected = await bodies(await open());
    assert.deepEqual(await bodies(await read(), headers[2]), expected.slice(2));
  });

  it('extracts a compressed tar from its stream', async () => {
    const expected = await bodies(await open());
    await writeFile(path(), gzipSync(await readFile(path())));
    const archive = await read();
    assert.deepEqual(await readFile(join(await only(), 'large.pdf')), files['large.pdf']);
    assert.deepEqual(await bodies(archive), expected);
  });

  it('reads a compressed tar as it is in mode auto', async () => {
    await writeFile(path(), gzipSync(await readFile(path())));
    assert.equal((await bodies(await read({ mode: 'auto' }))).length, 4);
    assert.deepEqual(await folders(), []);
  });

  it('says how much to free, or what to do instead, before it extracts anything', async () => {
    await assert.rejects(read({ freeBytes: () => Promise.resolve(1_000_000) }), {
      code: 'EXTRACTION_NO_SPACE',
      message: /^set\.tar needs .* has 1(\.0)? MB: free \d+ MB or use --mode in-place\.$/,
    });
    assert.deepEqual(await folders(), []);
  });

  it('leaves the space to the extractions that are under way', async () => {
    const gigabyte = 1e9;
    const identity = { sizeBytes: 10 * gigabyte, mtimeMs: 1 };
    const freeBytes = (): Promise<number> => Promise.resolve(2 * gigabyte);
    const other = await makeExtraction(root(), 'an other.tar', identity);
    const refused = { code: 'EXTRACTION_NO_SPACE', message: /has 0 B beside the extractions under way/ };
    await assert.rejects(read({ freeBytes }), refused);
    // What is extracted of it has its space already.
    await writeMark(other.path, { ...identity, tar: 'an other.tar', syncedOffset: 9.5 * gigabyte });
    await read({ freeBytes });
    await removeExtractions(folder(), name => name === 'set.tar', noNotice);
    // One that a run left long ago is not under way.
    await writeMark(other.path, { ...identity, tar: 'an other.tar', syncedOffset: 0 });
    await utimes(join(other.path, '.tarshelf-extracting'), 1, 1);
    await read({ freeBytes });
  });

  it('asks for no space for what is extracted already', async () => {
    await read();
    const made = await only();
    await read({ mode: 'auto', onNotice: () => undefined, freeBytes: () => Promise.resolve(0) });
    assert.equal(await only(), made);
  });

  it('goes on where a stop came, in the same folder', async () => {
    const stop = new AbortController();
    await read({
      stop: stop.signal,
      onExtracted: position => {
        if (position > 150_000) stop.abort();
      },
    });
    const made = await only();
    assert.ok(existsSync(join(made, '.tarshelf-extracting')));
    // Whoever changes a file that is known to be whole shows that it is not written again.
    await writeFile(join(made, 'a.epub'), Buffer.alloc(1000, 'x'));
    const archive = await read();
    assert.equal(await only(), made);
    assert.deepEqual(await readFile(join(made, 'large.pdf')), files['large.pdf']);
    assert.deepEqual(await readFile(join(made, 'a.epub')), Buffer.alloc(1000, 'x'));
    assert.equal((await bodies(archive)).length, 4);
  });

  it('trusts nothing in a folder under way that is not known to be on the disk', async () => {
    const stop = new AbortController();
    await read({
      stop: stop.signal,
      onExtracted: position => {
        if (position > 150_000) stop.abort();
      },
    });
    const expected = await bodies(await open());
    // As after a power cut: the right length, and other bytes.
    await writeFile(join(await only(), 'large.pdf'), Buffer.alloc(3_000_000));
    assert.deepEqual(await bodies(await read({ mode: 'auto', onNotice: () => undefined })), expected);
    assert.deepEqual(await bodies(await read()), expected);
  });

  it('reads from the tar what vanishes from the folder', async () => {
    const expected = await bodies(await open());
    const archive = await read();
    await rm(join(await only(), 'a.epub'));
    await appendFile(join(await only(), 'large.pdf'), 'more');
    assert.deepEqual(await bodies(archive), expected);
  });

  it('removes the folders that it made, and no other', async () => {
    await read();
    await mkdir(join(root(), 'set_1'));
    await mkdir(join(root(), 'other_2'));
    await removeExtractions(folder(), name => name === 'set.tar', noNotice);
    assert.deepEqual((await folders()).sort(), ['other_2', 'set_1']);
  });
});
