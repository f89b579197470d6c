import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EventLog } from '../../../src/engine/system/eventLog.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

describe('event log', () => {
  const folder = useTempFolder();
  const path = (): string => join(folder(), 'a.log');
  const lines = async (name = 'a.log'): Promise<string[]> =>
    (await readFile(join(folder(), name), 'utf8')).trimEnd().split('\n');

  it('writes one line an event, with time and level', async () => {
    const log = new EventLog(path());
    log.info('tar a.tar started');
    log.error('two\nlines\tin one \u0000');
    log.close();
    const written = await lines();
    assert.equal(written.length, 2);
    assert.match(written[0]!, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} INFO {4}tar a\.tar started$/);
    assert.match(written[1]!, / ERROR {3}two lines in one$/);
  });

  it('goes on after what earlier runs wrote', async () => {
    for (const text of ['first', 'second']) {
      const log = new EventLog(path());
      log.info(text);
      log.close();
    }
    assert.equal((await lines()).length, 2);
  });

  it('is rotated by size, and keeps so many files and no more', async () => {
    const log = new EventLog(path(), { largestBytes: 200, keptFiles: 2 });
    for (let n = 0; n < 40; n++) log.info(`event ${String(n)}`);
    log.close();
    assert.deepEqual((await readdir(folder())).sort(), ['a.log', 'a.log.1', 'a.log.2']);
    for (const name of await readdir(folder())) assert.ok((await stat(join(folder(), name))).size <= 200);
    const all = [...(await lines('a.log.2')), ...(await lines('a.log.1')), ...(await lines())];
    const last = Array.from(all, line => /event (\d+)$/.exec(line)?.[1]);
    assert.deepEqual(
      last,
      Array.from(last, (_, index) => String(40 - last.length + index)),
    );
  });

  it('drops lines that it cannot write, and says later how many', async () => {
    await mkdir(path());
    const log = new EventLog(path());
    log.info('lost');
    log.info('lost as well');
    await rm(path(), { recursive: true });
    log.info('written');
    log.close();
    const written = await lines();
    assert.equal(written.length, 2);
    assert.match(written[0]!, /WARNING 2 lines before this could not be written$/);
    assert.match(written[1]!, /written$/);
  });
});
