import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KeySnapshot, writeKeySnapshot } from '../../../src/engine/dedupe/keySnapshot.ts';
import { KeyTable } from '../../../src/engine/dedupe/keyTable.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

const digest = (n: number): string => hash('sha1', String(n), 'hex');
const count = 10_000;

describe('key snapshot', () => {
  const folder = useTempFolder();
  const path = (): string => join(folder(), 'keys.bin');

  async function write(about: unknown = null): Promise<void> {
    const table = new KeyTable();
    for (let n = 0; n < count; n++) table.set(digest(n), n % 3 === 0 ? undefined : n, n % 5);
    await writeKeySnapshot(path(), table, about);
  }

  async function read(): Promise<{ table: KeyTable; about: unknown } | null> {
    const snapshot = await KeySnapshot.open(path());
    if (!snapshot) return null;
    const table = await snapshot.readTable();
    await snapshot.close();
    return table && { table, about: snapshot.about };
  }

  it('gives back the table that was written, which can grow', async () => {
    await write({ of: ['a', 1] });
    const { table, about } = (await read())!;
    assert.deepEqual(about, { of: ['a', 1] });
    for (let n = count; n < 3 * count; n++) table.set(digest(n), n, n % 5);
    assert.equal(table.count, 3 * count);
    for (let n = 0; n < 3 * count; n++) assert.equal(table.get(digest(n), n), n % 5);
    assert.equal(table.get(digest(3 * count), 3 * count), undefined);
    assert.equal(table.get(digest(1), 2), undefined);
    assert.equal(table.get(digest(3), 2), 3, 'one without size is known at any');
  });

  it('takes the place of the one before and leaves nothing else', async () => {
    await write(1);
    await write(2);
    assert.equal((await read())?.about, 2);
    assert.deepEqual(await readdir(folder()), ['keys.bin']);
  });

  it('is none where there is no file, or an empty or another one', async () => {
    assert.equal(await read(), null);
    for (const text of ['', 'x', 'x'.repeat(100_000)]) {
      await writeFile(path(), text);
      assert.equal(await read(), null);
    }
  });

  it('is none wherever one byte is not as it was written', async () => {
    await write({ of: 'a' });
    const whole = await readFile(path());
    const places = [
      0,
      27,
      28,
      31,
      32,
      whole.length - 1,
      whole.length - 28,
      whole.length - 30,
      whole.length - 36,
    ];
    for (let n = 0; n < 200; n++) places.push(Math.floor((whole.length * n) / 200));
    // The index is at the end.
    for (let at = whole.length - 1000; at < whole.length; at += 7) places.push(at);
    for (const at of places) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 1;
      await writeFile(path(), damaged);
      assert.equal(await read(), null, `byte ${String(at)}`);
    }
    await writeFile(path(), whole);
    assert.ok(await read());
  });

  it('is none when it was cut off, or has something behind it', async () => {
    await write();
    const whole = await readFile(path());
    for (const length of [31, 1000, whole.length / 2, whole.length - 1]) {
      await truncate(path(), Math.floor(length));
      assert.equal(await read(), null);
      await writeFile(path(), whole);
    }
    await writeFile(path(), Buffer.concat([whole, Buffer.from([0])]));
    assert.equal(await read(), null);
    await writeFile(path(), Buffer.concat([whole.subarray(0, 40), whole.subarray(44)]));
    assert.equal(await read(), null);
  });

  it('is none of another version', async () => {
    await write();
    const text = await readFile(path(), 'latin1');
    const other = text.replaceAll('tarshelf known keys 1', 'tarshelf known keys 2');
    assert.notEqual(other, text);
    await writeFile(path(), other, 'latin1');
    assert.equal(await read(), null);
  });
});
