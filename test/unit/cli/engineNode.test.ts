import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findEngineNode } from '../../../src/cli/engineNode.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

describe("the engine's Node", () => {
  const folder = useTempFolder();
  const programFolder = (): string => join(folder(), 'dist');

  it('is this one where it is new enough', () => {
    for (const version of ['22.13.0', '22.20.1', '24.0.0']) {
      assert.equal(findEngineNode(programFolder(), version), process.execPath);
    }
  });

  it('is the one that was installed with the program where this one is too old', async () => {
    const bin = join(folder(), 'node_modules', 'node', 'bin');
    const node = join(bin, process.platform === 'win32' ? 'node.exe' : 'node');
    await mkdir(bin, { recursive: true });
    await writeFile(node, '');
    for (const version of ['20.20.2', '22.12.0'])
      assert.equal(findEngineNode(programFolder(), version), node);
  });

  it('is asked for in one line where there is none', () => {
    assert.throws(() => findEngineNode(programFolder(), '20.20.2'), {
      code: 'USAGE',
      message: 'Tarshelf needs Node 22.13 or newer, and this is 20.20.2. Install a newer one.',
    });
  });
});
