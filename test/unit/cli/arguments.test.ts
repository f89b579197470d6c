import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { ingestOptionTable, readIngestRequest, type IngestRequest } from '../../../src/cli/arguments.ts';
import { readArguments } from '../../../src/cli/optionTable.ts';
import { TarshelfError } from '../../../src/protocol/errors.ts';
import type { IngestOptions } from '../../../src/protocol/ingestOptions.ts';

const here = resolve('/somewhere/now');

function read(args: readonly string[]): IngestRequest {
  return readIngestRequest('ingest', readArguments('tarshelf ingest', ingestOptionTable, args), here);
}

function optionsOf(...args: string[]): IngestOptions {
  return read(args).options;
}

describe('arguments of tarshelf ingest', () => {
  it('have defaults for everything but the source folder', () => {
    assert.deepEqual(read(['tars']), {
      detach: false,
      json: false,
      passwordFile: null,
      options: {
        sourceFolders: [join(here, 'tars')],
        stateFolder: join(here, '.tarshelf'),
        workers: 4,
        batchSize: 1000,
        parallelUploads: 1,
        mode: 'auto',
        afterCompletion: 'keep',
        metadataReader: 'auto',
        destination: { kind: 'library', folder: join(here, '.tarshelf', 'library') },
      },
    });
  });

  it('are all taken, before and after the folder, with a blank or an equals sign', () => {
    const args = [
      '--workers=2',
      'tars',
      '--mode',
      'extract',
      '--after-completion=move',
      '--metadata=calibre',
      '--batch-size',
      '50',
      '--parallel-uploads=10',
      '--destination',
      'library',
    ];
    assert.deepEqual(read([...args, '--state-dir', 'state', '--library=../books', '--json']), {
      detach: false,
      json: true,
      passwordFile: null,
      options: {
        sourceFolders: [join(here, 'tars')],
        stateFolder: join(here, 'state'),
        workers: 2,
        batchSize: 50,
        parallelUploads: 10,
        mode: 'extract',
        afterCompletion: 'move',
        metadataReader: 'calibre',
        destination: { kind: 'library', folder: join(here, '..', 'books') },
      },
    });
  });

  it('say how workers are watched, where anything was said of it, and nothing else', () => {
    const args = ['--stuck-upload', '20m', '--stuck-read=2h', '--silent-after', '90', '--gentle-stop=45s'];
    const numbers = ['--min-workers=2', '--max-restarts', '0', '--worker-memory', '512', '--check-every=1s'];
    assert.deepEqual(optionsOf('tars', ...args, ...numbers).supervision, {
      minWorkers: 2,
      restartsPerDay: 0,
      workerMemoryMb: 512,
      uploadStuckSeconds: 1200,
      discoverStuckSeconds: 7200,
      silentSeconds: 90,
      gentleStopSeconds: 45,
      checkSeconds: 1,
    });
    assert.deepEqual(optionsOf('tars', '--stuck-read', '3h').supervision, { discoverStuckSeconds: 10_800 });
    assert.ok(!('supervision' in optionsOf('tars')));
  });

  it('name the file with the password, where somebody is to sign in', () => {
    const request = read([
      'tars',
      ...['--destination', 'calibre', '--library', 'http://localhost:8080/#books'],
      ...['--user', 'reader', '--password-file', 'secret'],
    ]);
    assert.equal(request.passwordFile, join(here, 'secret'));
    assert.doesNotMatch(JSON.stringify(request.options), /secret/);
  });

  it('take several folders, in their order', () => {
    const other = resolve('/other disk/tars');
    const { sourceFolders } = optionsOf('tars', '--workers', '2', other);
    assert.deepEqual(sourceFolders, [join(here, 'tars'), other]);
  });

  it('keep an absolute path as it is', () => {
    assert.deepEqual(optionsOf(resolve('/elsewhere/tars')).sourceFolders, [resolve('/elsewhere/tars')]);
  });

  it('put the library into the state folder that is named', () => {
    assert.deepEqual(optionsOf('tars', '--state-dir', 'state').destination, {
      kind: 'library',
      folder: join(here, 'state', 'library'),
    });
  });

  it('take a folder that begins with a dash after --', () => {
    assert.deepEqual(optionsOf('--', '-tars').sourceFolders, [join(here, '-tars')]);
  });

  it('take the last one of an option that is given twice', () => {
    assert.equal(optionsOf('tars', '--workers', '2', '--workers', '3').workers, 3);
  });

  it('take the bounds of each number', () => {
    assert.equal(optionsOf('tars', '--parallel-uploads', '1').parallelUploads, 1);
    assert.equal(optionsOf('tars', '--parallel-uploads', '10').parallelUploads, 10);
  });

  const wrong: [string, string[], RegExp][] = [
    ['no folder', [], /Name the folders/],
    ['an empty folder', [''], /Name the folders/],
    ['an empty folder beside another', ['tars', ''], /Name the folders/],
    ['no workers', ['tars', '--workers', '0'], /--workers takes a whole number from 1 to 64, not "0"/],
    ['too many workers', ['tars', '--workers', '65'], /--workers .* not "65"/],
    ['fewer than no workers', ['tars', '--workers', '-1'], /--workers .* not "-1"/],
    ['workers that are no number', ['tars', '--workers', 'x'], /--workers .* not "x"/],
    ['half a worker', ['tars', '--workers', '1.5'], /--workers .* not "1\.5"/],
    ['a number in another notation', ['tars', '--workers', '0x4'], /--workers .* not "0x4"/],
    ['an unknown reader', ['tars', '--metadata', 'exif'], /--metadata takes: auto, builtin, calibre/],
    ['an unknown mode', ['tars', '--mode', 'fast'], /--mode takes: auto, in-place, extract/],
    [
      'an unknown thing to do after completion',
      ['tars', '--after-completion', 'delete'],
      /--after-completion takes: keep, move, not "delete"/,
    ],
    ['a time in another notation', ['tars', '--stuck-read', '1d'], /--stuck-read takes a time .* not "1d"/],
    ['a time beyond its bounds', ['tars', '--check-every', '2m'], /--check-every .* 1 to 60 seconds/],
    ['too many restarts', ['tars', '--max-restarts', '1001'], /--max-restarts .* 0 to 1000, not "1001"/],
    ['an empty batch', ['tars', '--batch-size', '0'], /--batch-size/],
    ['too many uploads', ['tars', '--parallel-uploads', '11'], /--parallel-uploads .* 1 to 10, not "11"/],
    ['an unknown option', ['tars', '--frobnicate'], /Unknown option --frobnicate/],
    ['an unknown short option', ['tars', '-x'], /Unknown option -x/],
    ['an option named like a method of objects', ['tars', '--constructor'], /Unknown option --constructor/],
    ['a value that is missing at the end', ['tars', '--state-dir'], /--state-dir needs a value/],
    [
      'a value that is missing before another option',
      ['tars', '--state-dir', '--json'],
      /--state-dir needs a value/,
    ],
    ['an empty value', ['tars', '--library='], /--library needs a value/],
    ['a switch with a value', ['tars', '--json=yes'], /--json takes no value/],
    [
      'an unknown destination',
      ['tars', '--destination', 'attic'],
      /--destination takes: library, calibre, mybookshelf2, mybookshelf2-cli, not "attic"/,
    ],
    [
      'a password for a place that asks for none',
      ['tars', '--password-file', 'secret'],
      /--password-file says nothing of the destination library/,
    ],
    [
      'a password in the address of a calibre library',
      ['tars', '--destination', 'calibre', '--library', 'http://me:secret@localhost:8080'],
      /--library takes no password, .* TARSHELF_PASSWORD/,
    ],
    [
      'a password in the address of a server',
      ['tars', '--destination', 'mybookshelf2', '--user', 'me', '--server', 'https://me:secret@books'],
      /--server takes no password, .* TARSHELF_PASSWORD/,
    ],
    [
      'a password in the address of a database',
      [
        ...['tars', '--destination', 'mybookshelf2', '--user', 'me'],
        ...['--database', 'postgresql://me:secret@localhost/books'],
      ],
      /--database takes no password, .* TARSHELF_DATABASE_PASSWORD/,
    ],
    [
      'a password among the parameters of a database',
      [
        ...['tars', '--destination', 'mybookshelf2', '--user', 'me'],
        ...['--database', 'postgresql://me@localhost/books?password=secret'],
      ],
      /--database takes no password/,
    ],
    [
      'an address of another kind',
      ['tars', '--destination', 'mybookshelf2', '--user', 'me', '--websocket', 'http://localhost'],
      /--websocket takes an address that begins with ws:\/\/ or wss:\/\//,
    ],
  ];
  for (const [name, args, message] of wrong) {
    it(`refuse ${name} in one line`, () => {
      assert.throws(
        () => read(args),
        (thrown: unknown) => {
          assert.ok(thrown instanceof TarshelfError);
          assert.equal(thrown.code, 'USAGE');
          assert.match(thrown.message, message);
          assert.doesNotMatch(thrown.message, /\n/);
          return true;
        },
      );
    });
  }

  it('name the wrong number rather than the missing folder', () => {
    assert.throws(() => read(['--workers', '0']), /--workers takes/);
  });
});
