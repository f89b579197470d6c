import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { list } from 'tar';
import { TarshelfError } from '../../../src/protocol/errors.ts';
import type { SampleTruth } from '../../../src/samples/makeSample.ts';
import { makeSampleTars, sampleTars } from '../../../src/samples/makeSample.ts';

const main = fileURLToPath(new URL('../../../src/samples/main.ts', import.meta.url));

/**
 * What the sample tars are, on every machine. It changes when a sample is changed on purpose; then the
 * failing test shows the new one. A change for any other reason is the clock, the time zone or chance.
 */
const digestOfAllTars = '59b423fea4a957364884a85dd93a168fecbedc83';

function digestOf(folder: string): string {
  const hash = createHash('sha1');
  for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(join(folder, name)));
  return hash.digest('hex');
}

/** What a file is by its first bytes, told without any code of ours. */
function formatOf(body: Buffer): string | undefined {
  if (body.toString('latin1', 30, 58) === 'mimetypeapplication/epub+zip') return 'epub';
  if (body.toString('latin1', 60, 68) === 'BOOKMOBI') return 'mobi';
  if (body.toString('latin1', 0, 5) === '%PDF-') return 'pdf';
  if (/^<\?xml [^>]*>\s*<FictionBook /.test(body.toString('latin1', 0, 200))) return 'fb2';
  return undefined;
}

interface ReadMember {
  path: string;
  body: Buffer;
}

async function readTar(file: string): Promise<ReadMember[]> {
  const members: ReadMember[] = [];
  await list({
    file,
    strict: true,
    onReadEntry: entry => {
      if (entry.type === 'Directory') return;
      assert.equal(entry.type, 'File');
      const chunks: Buffer[] = [];
      entry.on('data', chunk => chunks.push(chunk));
      entry.on('end', () => members.push({ path: entry.path, body: Buffer.concat(chunks) }));
    },
  });
  return members;
}

describe('makeSampleTars', () => {
  let folder = '';
  let truth: SampleTruth;
  const perTar = new Map<string, ReadMember[]>();

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'makeSample-'));
    truth = await makeSampleTars(folder);
    for (const { name } of truth.tars) perTar.set(name, await readTar(join(folder, name)));
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const otherFolder = (use: (other: string) => Promise<void> | void): Promise<void> => {
    const other = mkdtempSync(join(tmpdir(), 'makeSample-other-'));
    return Promise.resolve(use(other)).finally(() => {
      rmSync(other, { recursive: true, force: true });
    });
  };

  it('tells the truth about what the tars hold, counted by another reader', () => {
    const books = new Map<string, { sha1: string; sizeBytes: number; format: string }>();
    let bookMembers = 0;
    let skipped = 0;
    for (const { body } of [...perTar.values()].flat()) {
      const format = formatOf(body);
      if (format === undefined) {
        skipped++;
        continue;
      }
      bookMembers++;
      const sha1 = createHash('sha1').update(body).digest('hex');
      books.set(`${sha1} ${String(body.length)}`, { sha1, sizeBytes: body.length, format });
    }
    assert.deepEqual(truth, {
      tars: [...perTar].map(([name, members]) => ({
        name,
        sizeBytes: statSync(join(folder, name)).size,
        members: members.length,
      })),
      books: [...books.values()],
      bookMembers,
      duplicates: bookMembers - books.size,
      skipped,
    });
  });

  it('makes six tars of 20 to 40 members and little size', () => {
    assert.equal(truth.tars.length, 6);
    assert.deepEqual(readdirSync(folder).sort(), truth.tars.map(tar => tar.name).sort());
    for (const { members } of truth.tars) assert.ok(members >= 20 && members <= 40, String(members));
    assert.ok(truth.tars.reduce((sum, tar) => sum + tar.sizeBytes, 0) < 4_000_000);
  });

  it('has what makes real tars hard', () => {
    const paths = [...perTar.values()].flat().map(member => member.path);
    assert.ok(
      paths.filter(path => /\/\d+$/.test(path)).length > paths.length / 3,
      'numbers without extension',
    );
    assert.ok(paths.some(path => /[а-я]/.test(path) && path.endsWith('.fb2')));
    assert.ok(paths.some(path => /\.[A-Z0-9]+$/.test(path)));
    const samples = sampleTars();
    assert.deepEqual(new Set(samples.map(tar => tar.format)), new Set(['gnu', 'pax', 'ustar']));
    for (const format of ['gnu', 'pax', 'ustar']) {
      const members = samples.flatMap(tar => (tar.format === format ? tar.members : []));
      assert.ok(
        members.some(member => member.name.length > 100 && !member.name.endsWith('/')),
        format,
      );
    }
    for (const format of ['epub', 'mobi', 'fb2', 'pdf']) {
      assert.ok(truth.books.filter(book => book.format === format).length >= 10, format);
    }
    const bodies = [...perTar.values()].flat().map(member => member.body);
    assert.ok(bodies.some(body => body.length === 0));
    assert.ok(bodies.some(body => body.toString('latin1').includes('encoding="windows-1251"')));
    assert.ok(bodies.some(body => body.toString('hex', 0, 3) === 'ffd8ff'));
  });

  it('has the same book twice within a tar and in several tars', () => {
    const tarsOf = new Map<string, Set<string>>();
    let twiceInOne = 0;
    for (const [tar, members] of perTar) {
      const digests = members
        .filter(({ body }) => formatOf(body) !== undefined)
        .map(({ body }) => createHash('sha1').update(body).digest('hex'));
      twiceInOne += digests.length - new Set(digests).size;
      for (const digest of digests) tarsOf.set(digest, (tarsOf.get(digest) ?? new Set()).add(tar));
    }
    assert.ok(twiceInOne > 0);
    assert.ok([...tarsOf.values()].some(tars => tars.size > 1));
  });

  it('has books that are equal in size and nothing else', () => {
    assert.ok(new Set(truth.books.map(book => book.sizeBytes)).size < truth.books.length);
    assert.equal(new Set(truth.books.map(book => book.sha1)).size, truth.books.length);
  });

  it('makes the same bytes on every machine and every day', () => {
    assert.equal(digestOf(folder), digestOfAllTars);
  });

  it('leaves tars that are there, and everything else in the folder, as they are', async () => {
    await otherFolder(async other => {
      writeFileSync(join(other, 'mine.tar'), 'mine');
      await makeSampleTars(other);
      const before = readdirSync(other).map(name => [name, statSync(join(other, name)).ctimeMs]);
      assert.deepEqual(await makeSampleTars(other), truth);
      assert.deepEqual(
        readdirSync(other).map(name => [name, statSync(join(other, name)).ctimeMs]),
        before,
      );
      assert.equal(readFileSync(join(other, 'mine.tar'), 'utf8'), 'mine');
      assert.equal(before.length, truth.tars.length + 1);
    });
  });

  it('writes again only the tar that is missing', async () => {
    await otherFolder(async other => {
      await makeSampleTars(other);
      const name = truth.tars[2]?.name ?? '';
      rmSync(join(other, name));
      await makeSampleTars(other);
      assert.equal(digestOf(other), digestOfAllTars);
    });
  });

  it('refuses to overwrite a file of another content, and then writes nothing', async () => {
    await otherFolder(async other => {
      const name = truth.tars[3]?.name ?? '';
      writeFileSync(join(other, name), 'somebody else’s');
      await assert.rejects(
        makeSampleTars(other),
        (error: unknown) => error instanceof TarshelfError && error.code === 'USAGE',
      );
      assert.deepEqual(readdirSync(other), [name]);
      assert.equal(readFileSync(join(other, name), 'utf8'), 'somebody else’s');
    });
  });

  it('says so when the folder is a file', async () => {
    await otherFolder(async other => {
      const path = join(other, 'file');
      writeFileSync(path, '');
      await assert.rejects(
        makeSampleTars(path),
        (error: unknown) => error instanceof TarshelfError && error.code === 'USAGE',
      );
    });
  });
});

describe('the samples child', () => {
  const run = (args: string[], timeZone: string): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [main, ...args], {
      encoding: 'utf8',
      env: { ...process.env, TZ: timeZone },
    });

  it('makes the same tars in a far time zone, says so in one line and exits 0', () => {
    const folder = mkdtempSync(join(tmpdir(), 'samples-child-'));
    try {
      const target = join(folder, 'new', 'samples');
      const { status, stdout, stderr } = run([target], 'Pacific/Kiritimati');
      assert.equal(stderr, '');
      assert.equal(status, 0);
      assert.match(stdout, /^[^\n]*6 tars, \d+ books \(\d+ of them duplicates\), \d+ other files\n$/);
      assert.equal(digestOf(target), digestOfAllTars);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('exits 1 with one clear line when it is given no folder or a file', () => {
    for (const args of [[], [main], ['a', 'b']]) {
      const { status, stdout, stderr } = run(args, 'UTC');
      assert.equal(status, 1);
      assert.equal(stdout, '');
      assert.match(stderr, /^samples: [^\n]+\n$/);
    }
  });
});
