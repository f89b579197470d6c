import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { corpus } from '../corpora.ts';
import { ingest, isInstalled, settleDisk, shell, warm, withFolder, type Used } from '../processes.ts';
import type { Bar, Measurement, Scenario } from '../scenario.ts';
import { interleaved, median, medianRatio } from '../statistics.ts';

interface Tool {
  readonly name: string;
  readonly needs: string;
  readonly script: string;
  readonly bar: Bar | null;
}

const tools: readonly Tool[] = [
  {
    name: 'tar xf, then sha1sum on all cores',
    needs: 'sha1sum',
    // $1 is an empty folder, the others are tars.
    script: `cd "$1"; shift; for tar in "$@"; do mkdir "$(basename "$tar")"; tar xf "$tar" -C "$(basename "$tar")"; done
      find . -type f -print0 | xargs -0 -n 50 -P "$(nproc)" sha1sum`,
    bar: { kind: 'at least', value: 3, of: 'ratio' },
  },
  {
    name: 'bsdtar -xf',
    needs: 'bsdtar',
    script:
      'cd "$1"; shift; for tar in "$@"; do mkdir "$(basename "$tar")"; bsdtar -xf "$tar" -C "$(basename "$tar")"; done',
    bar: null,
  },
  {
    name: 'Python, tarfile and hashlib',
    needs: 'python3',
    script: `shift; python3 -c '
import hashlib, sys, tarfile
for path in sys.argv[1:]:
    with tarfile.open(path) as tar:
        for member in tar:
            if member.isfile():
                hashlib.sha1(tar.extractfile(member).read()).hexdigest()
' "$@"`,
    bar: null,
  },
];

export const otherTools: Scenario = {
  name: 'tools',
  about: 'an ingest to nowhere on all cores against other tools; the ratio is how many times as fast',
  async run({ quick, rounds, tell }) {
    const { folder, tars } = await corpus('large', quick);
    await warm(tars);
    const there = tools.filter(({ needs }) => isInstalled(needs));
    const missing = tools.filter(tool => !there.includes(tool)).map(({ needs }) => needs);
    if (missing.length > 0) tell(`not installed, so not compared with: ${missing.join(', ')}`);
    const workers = Math.max(2, availableParallelism());
    const samples = await interleaved<string, Used>(rounds, {
      ours: () => ingest({ source: folder, workers }),
      ...Object.fromEntries(there.map(({ name, script }) => [name, () => inFolder(script, tars)])),
    });
    const walls = (name: string): number[] => (samples[name] ?? []).map(used => used.wallSeconds);
    return there.map(({ name, bar }): Measurement => ({
      what: `ingest to nowhere, ${String(workers)} workers, wall`,
      unit: 's',
      ours: median(walls('ours')),
      theirs: { name, value: median(walls(name)) },
      ratio: medianRatio(walls(name), walls('ours')),
      bar,
    }));
  },
};

/** Runs a script in a fresh folder, whose removal does not count. */
function inFolder(script: string, tars: readonly string[]): Promise<Used> {
  return withFolder(async folder => {
    const used = await shell(script, folder, ...tars);
    await rm(join(folder), { recursive: true, force: true });
    settleDisk();
    return used;
  });
}
