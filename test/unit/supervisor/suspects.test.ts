import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSuspects } from '../../../src/engine/supervisor/crew/suspects.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

/** The file as it is described, byte by byte. */
function hand(tar: string, epoch: number, slots: Record<number, number>): Buffer {
  const bytes = Buffer.alloc(1024 + 32 * 16);
  bytes.write('TSHAND1\n', 0, 'latin1');
  bytes.writeBigUInt64LE(BigInt(epoch), 8);
  bytes.writeUInt16LE(Buffer.byteLength(tar), 16);
  bytes.write(tar, 18);
  for (const [slot, offset] of Object.entries(slots))
    bytes.writeBigUInt64LE(BigInt(offset) + 1n, 1024 + Number(slot) * 16);
  return bytes;
}

describe('suspects of a death', () => {
  const folder = useTempFolder();

  it('are the members that the process noted under the lease that it had', async () => {
    await writeFile(join(folder(), 'worker2.hand'), hand('Книги.tar', 3, { 0: 0, 5: 512, 31: 2 ** 40 }));
    const of = (tar: string, epoch: number, worker = 2): Promise<number[]> =>
      readSuspects(folder(), worker, { tar, epoch });
    assert.deepEqual(await of('Книги.tar', 3), [0, 512, 2 ** 40]);
    assert.deepEqual(await of('Книги.tar', 4), [], 'of an earlier lease');
    assert.deepEqual(await of('b.tar', 3), [], 'of another tar');
    assert.deepEqual(await of('Книги.tar', 3, 1), [], 'no such file');
  });

  it('are nobody where the file makes no sense', async () => {
    const whole = hand('a.tar', 1, { 0: 512 });
    for (const damaged of [
      Buffer.alloc(0),
      whole.subarray(0, 900),
      Buffer.from(whole).fill(0, 0, 8),
      Buffer.from(whole).fill(0xff, 16, 18),
    ]) {
      await writeFile(join(folder(), 'worker1.hand'), damaged);
      assert.deepEqual(await readSuspects(folder(), 1, { tar: 'a.tar', epoch: 1 }), []);
    }
  });
});
