import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTar } from '../../support/gnuTar.ts';
import { useIngest } from '../../support/ingestFixture.ts';
import { MyBookshelf2Server } from '../../support/mybookshelf2/mybookshelf2Server.ts';
import { firstMessage, OwnedWorker, shelfOptions } from '../../support/ownedWorker.ts';
import { slowLine } from '../../support/slowLine.ts';

describe('a worker', function () {
  this.timeout(60_000);
  const { source, state } = useIngest();

  beforeEach(async () => {
    await mkdir(state());
  });

  it('beats once a second with growing bytes while a large book goes over a slow line', async () => {
    const body = Buffer.alloc(40 * 1024 * 1024, 'a text. ');
    await makeTar(join(source(), 'a.tar'), 'gnu', { 'large.txt': body });
    const server = await MyBookshelf2Server.start();
    const line = await slowLine(Number(new URL(server.apiUrl).port), 5 * 1024 * 1024);
    let owned: OwnedWorker | undefined;
    try {
      const options = { ...shelfOptions(server), apiUrl: `http://127.0.0.1:${String(line.port)}` };
      const folders = { sourceFolders: [source()], stateFolder: state() };
      owned = await OwnedWorker.start(
        firstMessage(folders, options, `mybookshelf2:${options.apiUrl}`, 'admin'),
      );
      await owned.until(event => event.type === 'tar:ended');
      const { beats } = owned;
      const uploading = beats.filter(({ event }) => event.phase === 'upload');
      assert.ok(uploading.length >= 4, `${String(uploading.length)} beats`);
      const grown = uploading.slice(1).map(({ event }, n) => event.bytes - (uploading[n]?.event.bytes ?? 0));
      // What the system takes at once, and sends by and by, is megabytes.
      assert.ok(grown.filter(bytes => bytes > 0).length >= 4, grown.join(' '));
      const pauses = beats.slice(1).map(({ at }, n) => at - (beats[n]?.at ?? 0));
      assert.ok(Math.max(...pauses) < 1800, pauses.map(ms => ms.toFixed(0)).join(' '));
      assert.equal(beats[0]?.event.phase, 'starting');
      const last = owned.heard.at(-1)?.event;
      assert.ok(last?.type === 'tar:ended' && last.result === 'completed');
    } finally {
      await owned?.end();
      await line.close();
      await server.close();
    }
  });
});
