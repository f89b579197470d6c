import assert from 'node:assert/strict';
import { appendFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LogReader } from '../../../src/client/logReader.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

describe('log reader', () => {
  const folder = useTempFolder();
  const path = (times = 0): string => join(folder(), times === 0 ? 'a.log' : `a.log.${String(times)}`);
  const reader = (): LogReader => new LogReader(folder(), 'a.log');

  it('gives the last lines, and older files where the newest has too few', async () => {
    await writeFile(path(2), '1\n2\n');
    await writeFile(path(1), '3\n4\n');
    await writeFile(path(), '5\n6\n');
    assert.deepEqual(await reader().last(1), ['6']);
    assert.deepEqual(await reader().last(3), ['4', '5', '6']);
    assert.deepEqual(await reader().last(50), ['1', '2', '3', '4', '5', '6']);
    assert.deepEqual(await reader().last(0), []);
  });

  it('finds the last lines of a file that is many chunks long', async () => {
    const lines = Array.from({ length: 30_000 }, (_, n) => `line ${String(n)} Чехов`);
    await writeFile(path(), lines.join('\n') + '\n');
    assert.deepEqual(await reader().last(3), lines.slice(-3));
    assert.deepEqual(await reader().last(10_000), lines.slice(-10_000));
  });

  it('goes on where the last lines ended, and gives a line when it is whole', async () => {
    await writeFile(path(), '1\nhal');
    const log = reader();
    assert.deepEqual(await log.last(5), ['1']);
    assert.deepEqual(await log.next(), []);
    await appendFile(path(), 'f\n3\n');
    assert.deepEqual(await log.next(), ['half', '3']);
    assert.deepEqual(await log.next(), []);
  });

  it('misses no line when the log is rotated, also twice between two readings', async () => {
    await writeFile(path(), '1\n');
    const log = reader();
    await log.last(5);
    await appendFile(path(), '2\n');
    await rename(path(), path(1));
    await writeFile(path(), '3\n');
    await rename(path(1), path(2));
    await rename(path(), path(1));
    await writeFile(path(), '4\n');
    assert.deepEqual(await log.next(), ['2', '3', '4']);
    assert.deepEqual(await log.next(), []);
  });

  it('waits where the name is free for a moment', async () => {
    await writeFile(path(), '1\n');
    const log = reader();
    await log.last(5);
    await rename(path(), path(1));
    assert.deepEqual(await log.next(), []);
    await writeFile(path(), '2\n');
    assert.deepEqual(await log.next(), ['2']);
  });

  it('begins with all of a log that appears later', async () => {
    const log = reader();
    assert.equal(await log.last(5), null);
    assert.deepEqual(await log.next(), []);
    await writeFile(path(), '1\n2\n');
    assert.deepEqual(await log.next(), ['1', '2']);
  });

  it('begins anew with a log that was emptied or replaced', async () => {
    await writeFile(path(), '1\n2\n');
    const log = reader();
    await log.last(5);
    await truncate(path(), 0);
    await appendFile(path(), '3\n');
    assert.deepEqual(await log.next(), ['3']);
    await writeFile(path(7), '4\n');
    await rm(path());
    await rename(path(7), path());
    assert.deepEqual(await log.next(), ['4']);
  });
});
