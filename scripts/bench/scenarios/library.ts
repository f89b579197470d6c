import { readdir, rm, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { corpus } from '../corpora.ts';
import { ingest, settleDisk, shell, warm, withFolder, type Used } from '../processes.ts';
import type { Scenario } from '../scenario.ts';
import { interleaved, median, medianRatio } from '../statistics.ts';

export const library: Scenario = {
  name: 'library',
  about:
    'an ingest into the library, each book on its disk, against `tar xf` and then `cp -r`, which wait for no disk',
  async run({ quick, rounds }) {
    const { firstFolder, tars } = await corpus('large', quick);
    const tar = tars[0] ?? '';
    await warm([tar]);
    const workers = Math.max(2, availableParallelism());
    const { ours, theirs } = await interleaved<'ours' | 'theirs', Used>(rounds, {
      ours: () => inFolder(folder => intoLibrary(firstFolder, workers, folder)),
      theirs: () =>
        inFolder(folder =>
          shell('cd "$1"; mkdir books; tar xf "$2" -C books; cp -r books copy', folder, tar),
        ),
    });
    const walls = (samples: readonly Used[]): number[] => samples.map(used => used.wallSeconds);
    return [
      {
        what: `ingest into the library, durable, ${String(workers)} workers, wall`,
        unit: 's',
        ours: median(walls(ours)),
        theirs: { name: 'tar xf, then cp -r', value: median(walls(theirs)) },
        ratio: medianRatio(walls(ours), walls(theirs)),
        bar: { kind: 'at most', value: 2, of: 'ratio' },
      },
    ];
  },
};

function intoLibrary(source: string, workers: number, folder: string): Promise<Used> {
  const destination = ['--destination', 'library', '--library', join(folder, 'library')];
  return ingest({ source, workers, stateFolder: join(folder, 'state'), destination });
}

/** Works in a folder of its own, whose writes do not slow what comes after. */
function inFolder(work: (folder: string) => Promise<Used>): Promise<Used> {
  settleDisk();
  return withFolder(async folder => {
    const used = await work(folder);
    await rm(folder, { recursive: true, force: true });
    settleDisk();
    return used;
  });
}

export const firstUpload: Scenario = {
  name: 'first-upload',
  about: 'from the start of the command line until the first book of a large tar is in the library',
  async run({ quick, rounds }) {
    const { firstFolder, tars } = await corpus('large', quick);
    await warm(tars.slice(0, 1));
    const { seconds } = await interleaved(rounds, { seconds: () => secondsToFirst(firstFolder) });
    return [
      {
        what: 'first book on the shelf after launch',
        unit: 's',
        ours: median(seconds),
        theirs: null,
        ratio: null,
        bar: { kind: 'at most', value: 1, of: 'ours' },
      },
    ];
  },
};

async function secondsToFirst(source: string): Promise<number> {
  return await withFolder(async folder => {
    const began = Date.now();
    let looking: Promise<void> | undefined;
    const books = join(folder, 'library', 'books');
    await ingest({
      source,
      workers: 1,
      stateFolder: join(folder, 'state'),
      destination: ['--destination', 'library', '--library', join(folder, 'library')],
      // It is asked to end once the first is there.
      exitCodes: [0, 130],
      onSpawn: pid => {
        looking = (async () => {
          while ((await firstChange(books)) === Infinity) await sleep(50);
          process.kill(pid, 'SIGINT');
        })();
        looking.catch(() => undefined);
      },
    });
    await looking;
    return ((await firstChange(books)) - began) / 1000;
  });
}

/** When the first book got its place, by the clock of the file system: looking for it often would be in its way. */
async function firstChange(folder: string): Promise<number> {
  let first = Infinity;
  let names: string[];
  try {
    names = await readdir(folder, { recursive: true });
  } catch {
    return first;
  }
  for (const name of names) {
    const found = await stat(join(folder, name)).catch(() => null);
    if (found?.isFile() === true) first = Math.min(first, found.ctimeMs);
  }
  return first;
}
