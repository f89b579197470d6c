import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { readArguments } from '../../../src/cli/optionTable.ts';
import { logsOptionTable, readLogsRequest } from '../../../src/cli/verbs/logs.ts';

describe('arguments of logs', () => {
  const here = resolve('/here');
  const read = (...args: string[]) =>
    readLogsRequest(readArguments('tarshelf logs', logsOptionTable, args), here);

  it('are fifty lines of the launcher log unless told otherwise', () => {
    assert.deepEqual(read(), {
      worker: null,
      follow: false,
      lines: 50,
      stateFolder: resolve('/here/.tarshelf'),
    });
  });

  it('take a worker, a number of lines and a folder', () => {
    assert.deepEqual(read('3', '-f', '--lines', '0', '--state-dir', 's'), {
      worker: 3,
      follow: true,
      lines: 0,
      stateFolder: resolve('/here/s'),
    });
  });

  for (const wrong of [['0'], ['x'], ['../1'], ['1', '2'], ['--lines', '-1'], ['--lines', 'x']]) {
    it(`refuse ${wrong.join(' ')}`, () => {
      assert.throws(() => read(...wrong), { code: 'USAGE' });
    });
  }
});
