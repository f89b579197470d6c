import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeSampleTars } from '../../../src/client/sampleTars.ts';
import { TarshelfError } from '../../../src/protocol/errors.ts';
import { sampleTars } from '../../../src/samples/makeSample.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

describe('A process that makes sample tars', () => {
  const folder = useTempFolder();
  const launch = { samplesPath: path.join(import.meta.dirname, '..', '..', '..', 'dist', 'samples.js') };

  it('makes them all', async () => {
    const tars = path.join(folder(), 'tars');
    await makeSampleTars(launch, tars);
    assert.deepEqual(
      readdirSync(tars).sort(),
      sampleTars()
        .map(tar => tar.name)
        .sort(),
    );
  });

  it('says what is in the way', async () => {
    const tars = path.join(folder(), 'tars');
    mkdirSync(tars);
    writeFileSync(path.join(tars, sampleTars()[0]!.name), 'mine');
    await assert.rejects(
      makeSampleTars(launch, tars),
      (thrown: unknown) => thrown instanceof TarshelfError && thrown.code === 'USAGE',
    );
  });

  it('is ended by a signal, and leaves no tar that is cut short', async () => {
    const tars = path.join(folder(), 'tars');
    const reason = new Error('enough');
    const cancelled = new AbortController();
    const making = makeSampleTars(launch, tars, cancelled.signal);
    setTimeout(() => {
      cancelled.abort(reason);
    }, 50);
    await assert.rejects(making, reason);
    // Whatever is there is whole: another one makes the rest.
    await makeSampleTars(launch, tars);
  });
});
