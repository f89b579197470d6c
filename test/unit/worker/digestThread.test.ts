import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import { open, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { DigestThread, type DigestedPlace } from '../../../src/engine/worker/digestThread.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

const entry = join(import.meta.dirname, '../../../src/engine/worker/digestEntry.ts');
const faulty = join(import.meta.dirname, '../../support/neverEndingReader.mjs');

describe('the thread that reads and digests', function () {
  this.timeout(20_000);
  const folder = useTempFolder();
  const bytes = randomBytes(20_000_000);
  let thread: DigestThread;
  let file: FileHandle;

  beforeEach(async () => {
    const path = join(folder(), 'file');
    await writeFile(path, bytes);
    file = await open(path);
  });
  afterEach(async () => {
    await thread.close();
    await file.close();
  });

  const place = (position: number, sizeBytes: number) => ({ descriptor: file.fd, position, sizeBytes });
  const digest = (...places: ReturnType<typeof place>[]) => thread.digest(places, () => undefined);
  const sha1 = (position: number, sizeBytes: number) =>
    hash('sha1', bytes.subarray(position, position + sizeBytes), 'hex');

  it('gives the SHA-1 and the beginning of each place, in their order', async () => {
    thread = new DigestThread(entry);
    const places: [number, number][] = [
      ...([
        [0, 1],
        [512, 262_143],
        [513, 262_144],
        [7, 262_145],
        [100, 5_000_001],
        [19_999_999, 1],
      ] as const),
    ].map(([position, size]) => [position, size]);
    const [some, more] = await Promise.all([
      digest(...places.slice(0, 3).map(each => place(...each))),
      digest(...places.slice(3).map(each => place(...each))),
    ]);
    for (const [index, found] of [...some, ...more].entries()) {
      const [position, size] = places[index]!;
      assert.ok('sha1' in found);
      assert.equal(found.sha1, sha1(position, size));
      const head = bytes.subarray(position, position + Math.min(size, 4100));
      assert.ok(head.equals(found.head), `the beginning of ${String(index)}`);
    }
  });

  it('tells of what it reads while it reads', async () => {
    thread = new DigestThread(entry);
    const told: number[] = [];
    await thread.digest([place(0, 20_000_000)], read => told.push(read));
    assert.ok(told.length >= 2, String(told));
    assert.equal(
      told.reduce((sum, read) => sum + read, 0),
      20_000_000,
    );
  });

  it('says where a file ends too early, and what the system says, and goes on with the others', async () => {
    thread = new DigestThread(entry);
    const found: readonly DigestedPlace[] = await digest(
      place(19_000_000, 2_000_000),
      { ...place(0, 10), descriptor: 9999 },
      place(0, 10),
    );
    assert.deepEqual(found[0], { endsAt: 1_000_000 });
    assert.ok(found[1] && 'error' in found[1]);
    assert.equal(found[1].error.code, 'EBADF');
    assert.ok(found[2] && 'sha1' in found[2]);
    assert.equal(found[2].sha1, sha1(0, 10));
  });

  it('says so where it ended over a body, and begins anew', async () => {
    // The reader with a fault stumbles over what is no book.
    thread = new DigestThread(faulty);
    await assert.rejects(digest(place(0, 10)), /The thread that reads books has failed/);
    await assert.rejects(digest(place(0, 10)), /The thread that reads books has failed/);
    await thread.close();
    thread = new DigestThread(entry);
    assert.equal((await digest(place(0, 10))).length, 1);
  });

  it('fails what waits when it is closed', async () => {
    thread = new DigestThread(entry);
    const waiting = assert.rejects(digest(place(0, 20_000_000)), /has failed/);
    await thread.close();
    await waiting;
  });
});
