import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { memberName } from '../../../src/engine/archive/memberName.ts';
import { openArchive } from '../../../src/engine/archive/openArchive.ts';
import { WorkerProgress } from '../../../src/engine/progress/workerProgress.ts';
import { progressFileName } from '../../../src/protocol/progressFile.ts';
import { noCounts } from '../../../src/protocol/snapshot.ts';
import { useTempFolder } from '../../support/tempFolder.ts';
import { endMark, member, paxHeader } from './rawTar.ts';
import { sha1 } from './readWhole.ts';

const names: readonly (readonly [Buffer, string])[] = [
  [Buffer.from('plain.epub'), 'plain.epub'],
  [Buffer.from('/etc/passwd'), '/etc/passwd'],
  [Buffer.from('../../up.epub'), '../../up.epub'],
  [Buffer.from('C:\\books\\a.epub'), 'C:\\books\\a.epub'],
  [Buffer.from('Вишнёвый сад.fb2'), 'Вишнёвый сад.fb2'],
  [Buffer.from('brackets {{}{.epub'), 'brackets {{}{.epub'],
  [Buffer.from('"quoted" \\".epub'), '"quoted" \\".epub'],
  [Buffer.from('two\nlines\r\n.epub'), 'twolines.epub'],
  [Buffer.from('nul\0inside\0.epub'), 'nulinside.epub'],
  [Buffer.from('bell\x07 escape\x1b[31m delete\x7f.epub'), 'bell escape[31m delete.epub'],
  [Buffer.from('next\u0085line\u2028.epub'), 'nextline.epub'],
  // Windows-1251: no UTF-8.
  [Buffer.from([0xca, 0xed, 0xe8, 0xe3, 0xe0, 0x2e, 0x66, 0x62, 0x32]), '\ufffd\ufffd\ufffd\ufffd\ufffd.fb2'],
  // A surrogate alone, as some programs encode it.
  [Buffer.from([0x61, 0xed, 0xa0, 0x80, 0x2e, 0x66, 0x62, 0x32]), 'a\ufffd\ufffd\ufffd.fb2'],
  [Buffer.from(''), ''],
];

const unexpected = (message: string): void => {
  throw new Error(message);
};

describe('names of members', () => {
  const folder = useTempFolder();

  it('are shown without control characters, and otherwise as they are', () => {
    for (const [bytes, shown] of names) assert.equal(memberName(bytes), shown);
    assert.equal(memberName(Buffer.from('a long name'), 2, 6), 'long');
  });

  it('whatever they hold, survive in a progress file', async () => {
    const tar = join(folder(), 'a.tar');
    const parts = names.flatMap(([name], index) => [
      ...(name.length > 0 ? [paxHeader({ path: name })] : []),
      member({ name: '' }, `book ${String(index)}`),
    ]);
    await writeFile(tar, Buffer.concat([...parts, endMark]));
    const archive = await openArchive(tar, folder());
    const progress = await WorkerProgress.load(folder(), 1, unexpected);
    progress.beginTar('a.tar', tar, archive.identity, new Date());
    const expected = new Map<string, string>();
    for await (const found of archive.members()) {
      const digest = sha1(await found.read(0, found.sizeBytes));
      progress.addBook({ sha1: digest, sizeBytes: found.sizeBytes }, found.name, 'uploaded', new Date());
      expected.set(digest, found.name);
    }
    await archive.close();
    progress.endTar('a.tar', 'completed', noCounts(), null, new Date());
    await progress.commit();

    assert.deepEqual(
      [...expected.values()],
      names.map(([, shown]) => shown),
    );
    await progress.close();
    const written = JSON.parse(await readFile(join(folder(), progressFileName(1)), 'utf8')) as {
      completed_files: Record<string, { file: string }>;
    };
    for (const [digest, name] of expected) assert.equal(written.completed_files[digest]?.file, name);
  });
});
