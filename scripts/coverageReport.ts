// Reports what the suites covered of the engine, in their own process and in the bundles that they started.
//   node scripts/coverageReport.ts <folder that NODE_V8_COVERAGE named> <folder for the report>
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { rootFolder } from './paths.ts';

/** The part that matters here of a file that Node writes for each process. */
interface RawCoverage {
  'source-map-cache'?: Record<string, { data: { sources: string[]; sourcesContent?: string[] } | null }>;
}

const covered = path.join(rootFolder, 'src', 'engine') + path.sep;

/**
 * c8 compares the sources that a bundle's map names with paths, but Node gives them as URLs; and it gives up on a
 * bundle when one of its sources cannot be read, as packages seldom ship theirs. Either way every line of the
 * bundle would count as covered, or none.
 */
function mendSourceMaps(file: string): void {
  const raw = JSON.parse(readFileSync(file, 'utf8')) as RawCoverage;
  for (const { data } of Object.values(raw['source-map-cache'] ?? {})) {
    if (data === null) continue;
    data.sources = data.sources.map(source => (source.startsWith('file:') ? fileURLToPath(source) : source));
    data.sourcesContent = data.sources.map(source =>
      source.startsWith(covered) ? readFileSync(source, 'utf8') : '',
    );
  }
  writeFileSync(file, JSON.stringify(raw));
}

const [rawFolder, reportFolder] = process.argv.slice(2);
if (rawFolder === undefined || reportFolder === undefined) {
  console.error('usage: node scripts/coverageReport.ts <raw coverage> <report>');
  process.exit(2);
}
for (const name of readdirSync(rawFolder)) {
  const file = path.join(rawFolder, name);
  try {
    mendSourceMaps(file);
  } catch (thrown) {
    // A process that is killed while it writes leaves half a file.
    if (!(thrown instanceof SyntaxError)) throw thrown;
    console.log(`Left out, as it is incomplete: ${name}`);
    rmSync(file);
  }
}
const { status } = spawnSync(
  process.execPath,
  [
    path.join(rootFolder, 'node_modules', 'c8', 'bin', 'c8.js'),
    'report',
    `--temp-directory=${rawFolder}`,
    `--reports-dir=${reportFolder}`,
    '--all',
    '--src=src/engine',
    '--include=src/engine/**',
    '--exclude-after-remap',
    '--reporter=html',
    '--reporter=text',
  ],
  { cwd: rootFolder, stdio: ['ignore', 'inherit', 'inherit'] },
);
process.exitCode = status ?? 1;
