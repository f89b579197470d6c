import { FileSource } from '../../../src/engine/archive/byteSource.ts';
import { readTarIndex } from '../../../src/engine/archive/tarIndex.ts';
import { corpus, type Corpus } from '../corpora.ts';
import { ingest, shell, warm, withFolder } from '../processes.ts';
import type { Scenario } from '../scenario.ts';
import { interleaved, median, medianRatio } from '../statistics.ts';
import { join } from 'node:path';

export const smallBooks: Scenario = {
  name: 'small-books',
  about: 'an ingest to nowhere of many books of 2 KB: texts without reading metadata, and a mixture',
  async run({ quick, rounds }) {
    const texts = await corpus('texts', quick);
    const mixed = await corpus('small', quick);
    await warm([...texts.tars, ...mixed.tars]);
    const samples = await interleaved(rounds, {
      texts: () => ingest({ source: texts.folder, workers: 1, more: ['--metadata', 'none'] }),
      mixed: () => ingest({ source: mixed.folder, workers: 1 }),
    });
    const speed = (members: number, runs: typeof samples.texts): number =>
      members / median(runs.map(run => run.wallSeconds));
    return [
      {
        what: `${texts.members.toLocaleString('en')} members of 2 KB, metadata off`,
        unit: 'members/s',
        ours: speed(texts.members, samples.texts),
        theirs: null,
        ratio: null,
        bar: { kind: 'at least', value: 50_000, of: 'ours' },
        note: 'texts, with --metadata none; the whole command line, start and end included',
      },
      {
        what: `${mixed.members.toLocaleString('en')} members of 2 KB with metadata`,
        unit: 'members/s',
        ours: speed(mixed.members, samples.mixed),
        theirs: null,
        ratio: null,
        bar: null,
        note: 'TXT, FB2 and EPUB in equal parts',
      },
    ];
  },
};

export const headerIndex: Scenario = {
  name: 'index',
  about: 'the headers of a tar of many small members, read by position in this process, against `tar tf`',
  async run({ quick, rounds }) {
    const texts = await corpus('texts', quick);
    await warm(texts.tars);
    const tar = texts.tars[0] ?? '';
    // Compiled first, as it is after the first of many tars.
    await readIndex(texts, tar);
    const { ours, theirs } = await interleaved(rounds, {
      ours: () => readIndex(texts, tar),
      theirs: async () => (await shell('tar tf "$1"', tar)).wallSeconds,
    });
    return [
      {
        what: `header index of ${texts.members.toLocaleString('en')} members of 2 KB`,
        unit: 'members/s',
        ours: texts.members / median(ours),
        theirs: { name: 'tar tf', value: texts.members / median(theirs) },
        ratio: medianRatio(theirs, ours),
        bar: { kind: 'at least', value: 500_000, of: 'ours' },
      },
    ];
  },
};

/** @returns seconds */
async function readIndex({ members }: Corpus, tar: string): Promise<number> {
  const began = performance.now();
  const source = await FileSource.open(tar);
  let found = 0;
  try {
    for await (const some of readTarIndex(source)) found += some.length;
  } finally {
    await source.close();
  }
  if (found !== members)
    throw new Error(`${tar}: ${String(found)} members, not ${members.toLocaleString('en')}`);
  return (performance.now() - began) / 1000;
}

export const resume: Scenario = {
  name: 'resume',
  about: 'the same ingest again, once all of its many books are done',
  async run({ quick, rounds }) {
    const { folder, members, tars } = await corpus('small', quick);
    await warm(tars);
    return await withFolder(async scratch => {
      const stateFolder = join(scratch, 'state');
      await ingest({ source: folder, workers: 1, stateFolder });
      const { again } = await interleaved(rounds, {
        again: () => ingest({ source: folder, workers: 1, stateFolder }),
      });
      if (again.some(run => run.books.uploaded > 0)) throw new Error('a finished run was not finished');
      return [
        {
          what: `resume of a finished run of ${members.toLocaleString('en')} members, wall`,
          unit: 's',
          ours: median(again.map(run => run.wallSeconds)),
          theirs: null,
          ratio: null,
          bar: { kind: 'at most', value: 1, of: 'ours' },
        },
      ];
    });
  },
};
