import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import { open, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { BodyThread } from '../../../src/engine/bodies/bodyThread.ts';
import { DigestThreads } from '../../../src/engine/bodies/digestThreads.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

const entry = join(import.meta.dirname, '../../../src/engine/bodies/bodyThreadEntry.ts');
const slow = join(import.meta.dirname, '../../support/slowDiskDigester.mjs');

describe('the threads that digest', function () {
  this.timeout(20_000);
  const folder = useTempFolder();
  const bytes = randomBytes(4_000_000);
  let file: FileHandle;
  let two: BodyThread[];
  let threads: DigestThreads;

  function begin(path: string): void {
    two = [0, 1].map(() => new BodyThread(path, why => assert.fail(why)));
    threads = new DigestThreads(two);
  }

  beforeEach(async () => {
    await writeFile(join(folder(), 'file'), bytes);
    file = await open(join(folder(), 'file'));
  });
  afterEach(async () => {
    await threads.close();
    await file.close();
  });

  const digest = (position: number, sizeBytes: number) =>
    threads.digest([{ descriptor: file.fd, position, sizeBytes }], null, () => undefined);

  it('share what is asked, and each answer is for the one who asked', async () => {
    begin(entry);
    const positions = Array.from({ length: 40 }, (_, index) => index * 90_000);
    const asked = positions.map(position => digest(position, 300_000));
    assert.deepEqual(
      two.map(thread => thread.asked),
      [20, 20],
    );
    for (const [index, position] of positions.entries()) {
      const [found] = await asked[index]!;
      assert.ok(found && 'sha1' in found);
      assert.equal(found.sha1, hash('sha1', bytes.subarray(position, position + 300_000), 'hex'));
    }
    // From memory, as here, it is digesting that takes the time.
    assert.ok(two.every(thread => thread.shareAtDisk < 0.5));
    assert.equal(threads.groupsAtOnce, 4);
    assert.equal(new DigestThreads(two.slice(1)).groupsAtOnce, 3);
  });

  it('are one where it is the disk that is waited for: two would only make its heads go to and fro', async () => {
    begin(slow);
    for (let round = 0; round < 30; round++) await Promise.all([digest(0, 1), digest(0, 1)]);
    assert.ok(two.every(thread => thread.shareAtDisk > 0.5));
    const asked = [digest(0, 1), digest(0, 1), digest(0, 1)];
    assert.deepEqual(
      two.map(thread => thread.asked),
      [3, 0],
    );
    await Promise.all(asked);
  });
});
