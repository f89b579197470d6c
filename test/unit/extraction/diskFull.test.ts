import assert from 'node:assert/strict';
import { open, readdir, readFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Archive, ArchiveMember } from '../../../src/engine/archive/archive.ts';
import { atOnce, isDiskFull, writeAt, type WhenRoom } from '../../../src/engine/system/diskRoom.ts';
import { makeExtraction } from '../../../src/engine/extraction/extractionFolder.ts';
import { extractTar } from '../../../src/engine/extraction/extractTar.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

describe('extracting', () => {
  const folder = useTempFolder();

  it('gives the space back when the disk becomes full all the same, and says so', async () => {
    const identity = { sizeBytes: 1000, mtimeMs: 1 };
    const made = await makeExtraction(folder(), 'set.tar', identity);
    const member: ArchiveMember = {
      name: 'a.epub',
      headerOffset: 0,
      bodyOffset: 512,
      sizeBytes: 100,
      endOffset: 1024,
      kind: 'file',
      reason: null,
      filePosition: 1024,
      fileBytes: 100,
      read: () => Promise.resolve(Buffer.alloc(10)),
      // What a full disk says when it is asked to hold a spooled body.
      // eslint-disable-next-line require-yield -- it fails before the first
      async *chunks() {
        await Promise.resolve();
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      },
      keep: () => Promise.resolve(),
      release: () => Promise.resolve(),
    };
    const archive: Archive = {
      identity,
      readsInPlace: true,
      async *members() {
        await Promise.resolve();
        yield member;
      },
      close: () => Promise.resolve(),
    };
    const stop = new AbortController().signal;
    const options = { stop, onExtracted: () => undefined, whenRoom: atOnce };
    await assert.rejects(extractTar(archive, made, new Map(), options), {
      code: 'EXTRACTION_NO_SPACE',
      message: new RegExp(`${join(folder())}.*--mode in-place`),
    });
    assert.deepEqual(await readdir(folder()), []);
  });

  it('goes on behind what was written before the disk was full', async () => {
    const handle = await open(join(folder(), 'body'), 'w');
    let room = 3;
    const write = (bytes: Buffer, from: number, length: number, position: number) => {
      if (room === 0) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      const fits = Math.min(room, length);
      room -= fits;
      return handle.write(bytes, from, fits, position);
    };
    let waits = 0;
    const whenRoom: WhenRoom = async task => {
      for (;;) {
        try {
          return await task();
        } catch (thrown) {
          assert.ok(isDiskFull(thrown));
          waits++;
          room = 4;
        }
      }
    };
    const narrow = { write } as unknown as FileHandle;
    await writeAt(narrow, Buffer.from('a whole '), 0, whenRoom);
    await writeAt(narrow, Buffer.from('book'), 8, whenRoom);
    await handle.close();
    assert.equal(await readFile(join(folder(), 'body'), 'utf8'), 'a whole book');
    assert.equal(waits, 3);
  });
});
