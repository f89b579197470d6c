import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  HandFile,
  handFilePath,
  nameInHand,
  noSlot,
  readHand,
} from '../../../src/engine/progress/handFile.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

describe('hand file', () => {
  const folder = useTempFolder();
  const path = (): string => handFilePath(folder(), 3);

  it('has what is in hand, and nothing of what was put down', async () => {
    const hand = HandFile.open(path());
    hand.begin('книга.tar', 2 ** 40);
    const first = hand.take(0);
    hand.take(1536);
    hand.take(2 ** 50);
    assert.deepEqual(await readHand(path()), {
      tar: 'книга.tar',
      epoch: 2 ** 40,
      offsets: [0, 1536, 2 ** 50],
    });
    hand.drop(first);
    hand.take(512);
    assert.deepEqual((await readHand(path()))?.offsets, [512, 1536, 2 ** 50]);
    hand.close();
  });

  it('is empty between two tars, when it is opened again, and where there is none', async () => {
    assert.equal(await readHand(path()), null);
    const hand = HandFile.open(path());
    assert.equal(await readHand(path()), null);
    hand.begin('a.tar', 1);
    hand.take(512);
    hand.begin('b.tar', 2);
    assert.deepEqual(await readHand(path()), { tar: 'b.tar', epoch: 2, offsets: [] });
    hand.take(1024);
    hand.end();
    assert.equal(await readHand(path()), null);
    hand.begin('c.tar', 3);
    hand.close();
    HandFile.open(path()).close();
    assert.equal(await readHand(path()), null);
  });

  it('outlives a kill of its process', async () => {
    const child = fork(join(import.meta.dirname, '../../support/handHolder.ts'), [path()]);
    await once(child, 'message');
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.deepEqual(await readHand(path()), { tar: 'set.tar', epoch: 7, offsets: [1024, 8 * 1024 ** 4] });
  });

  it('holds 32 members, and goes on without the 33rd', async () => {
    const hand = HandFile.open(path());
    hand.begin('a.tar', 1);
    const slots = Array.from({ length: 32 }, (_, n) => hand.take(n * 512));
    assert.equal(new Set(slots).size, 32);
    assert.equal(hand.take(99_999), noSlot);
    hand.drop(noSlot);
    assert.equal((await readHand(path()))?.offsets.length, 32);
    for (const slot of slots) hand.drop(slot);
    assert.deepEqual((await readHand(path()))?.offsets, []);
    hand.close();
  });

  it('has several at once that are taken together, beside others, as far as there are slots', async () => {
    const hand = HandFile.open(path());
    hand.begin('a.tar', 1);
    const alone = [hand.take(0), hand.take(512), hand.take(1024)];
    hand.drop(alone[1] ?? noSlot);
    const together = hand.takeAll([2048, 2560, 3072]);
    assert.deepEqual((await readHand(path()))?.offsets, [0, 1024, 2048, 2560, 3072]);
    const rest = hand.takeAll(Array.from({ length: 40 }, (_, n) => 100_000 + n * 512));
    assert.equal((await readHand(path()))?.offsets.length, 32);
    assert.equal(hand.takeAll([99_999]), 0);
    hand.dropAll(0);
    hand.dropAll(rest);
    hand.take(512);
    await new Promise(resolve => setImmediate(resolve));
    assert.deepEqual((await readHand(path()))?.offsets, [0, 512, 1024, 2048, 2560, 3072]);
    hand.dropAll(together);
    for (const slot of [alone[0], alone[2]]) hand.drop(slot ?? noSlot);
    await new Promise(resolve => setImmediate(resolve));
    assert.deepEqual((await readHand(path()))?.offsets, [512]);
    hand.begin('b.tar', 2);
    assert.deepEqual((await readHand(path()))?.offsets, []);
    hand.takeAll([512, 1024]);
    assert.deepEqual((await readHand(path()))?.offsets, [512, 1024]);
    hand.close();
  });

  it('cuts off a name that is longer than its place', async () => {
    const name = `${'я'.repeat(600)}.tar`;
    const hand = HandFile.open(path());
    hand.begin(name, 1);
    hand.take(0);
    assert.deepEqual(await readHand(path()), { tar: nameInHand(name), epoch: 1, offsets: [0] });
    assert.equal(nameInHand('short.tar'), 'short.tar');
    hand.close();
  });

  it('lets the work go on where it cannot be written', async () => {
    await mkdir(path());
    const hand = HandFile.open(path());
    hand.begin('a.tar', 1);
    hand.drop(hand.take(512));
    hand.end();
    hand.close();
    hand.take(512);
  });

  it('says nothing where its bytes make no sense', async () => {
    for (const bytes of ['', 'TSHAND1\n', 'x'.repeat(1536), `TSHAND1\n${'\xff'.repeat(3000)}`]) {
      await writeFile(path(), bytes, 'latin1');
      assert.equal(await readHand(path()), null);
    }
  });

  it('takes 100,000 members in hand and puts them down in less than three seconds', () => {
    const hand = HandFile.open(path());
    hand.begin('a.tar', 1);
    const begunAt = performance.now();
    for (let n = 0; n < 100_000; n++) hand.drop(hand.take(n * 512));
    const tookMs = performance.now() - begunAt;
    assert.ok(tookMs < 3000, `it took ${tookMs.toFixed(0)} ms`);
    if (process.env['TARSHELF_FIGURES'] !== undefined) console.log(`100,000 pairs: ${tookMs.toFixed(0)} ms`);
    hand.close();
  });
});
