import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { BodyPool } from '../../../src/engine/worker/bodyPool.ts';
import { DigestThread } from '../../../src/engine/worker/digestThread.ts';

const entry = join(import.meta.dirname, '../../../src/engine/worker/digestEntry.ts');
const faulty = join(import.meta.dirname, '../../support/neverEndingReader.mjs');

describe('the thread that digests', function () {
  this.timeout(20_000);
  let thread: DigestThread;
  const pool = new BodyPool(64 * 1024 * 1024);

  function bodyOf(bytes: Buffer): Buffer {
    const body = pool.take(bytes.length);
    bytes.copy(body);
    return body;
  }

  afterEach(() => thread.close());

  it('gives the SHA-1 of each body', async () => {
    thread = new DigestThread(entry);
    for (const length of [128 * 1024, 700_001, 5_000_000]) {
      const bytes = randomBytes(length);
      const body = bodyOf(bytes);
      assert.ok(thread.wants(body));
      assert.equal(await thread.digest(body), hash('sha1', bytes, 'hex'));
    }
  });

  it('takes one at a time, none that is small, and none whose memory is not shared', async () => {
    thread = new DigestThread(entry);
    const first = bodyOf(randomBytes(1_000_000));
    const second = bodyOf(randomBytes(1_000_000));
    const digesting = thread.digest(first);
    assert.equal(thread.wants(second), false);
    await digesting;
    assert.equal(thread.wants(second), true);
    assert.equal(thread.wants(bodyOf(randomBytes(100_000))), false);
    assert.equal(thread.wants(Buffer.alloc(1_000_000)), false);
  });

  it('says so where it ended over a body, and begins anew', async () => {
    thread = new DigestThread(faulty);
    const body = bodyOf(randomBytes(1_000_000));
    // The reader with a fault stumbles over what is no book.
    assert.equal(await thread.digest(body), null);
    await thread.close();
    thread = new DigestThread(entry);
    const next = bodyOf(randomBytes(1_000_000));
    assert.match((await thread.digest(next)) ?? '', /^[0-9a-f]{40}$/);
  });

  it('wants nothing once it is closed', async () => {
    thread = new DigestThread(entry);
    await thread.close();
    assert.equal(thread.wants(bodyOf(randomBytes(1_000_000))), false);
  });
});
