// npm start [-- [<folder of tars>] [options of tarshelf ingest]]
//
// Builds, and puts the books of a folder on the shelf; with no folder, those of a sample that it makes itself.
import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { ingestOptionTable, readIngestRequest } from '../src/cli/arguments.ts';
import { helpOption, readArguments } from '../src/cli/optionTable.ts';

const projectFolder = join(import.meta.dirname, '..');
const sampleFolder = join(projectFolder, 'sample-tars');

let child: ChildProcess | undefined;

// The one that runs decides what a signal means; this one waits for it. From a terminal it has had the signal
// already, and takes the two for one. Windows knows no signals: `kill` would end the child without a word.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (process.platform !== 'win32') child?.kill(signal);
  });
}

/** Runs a script of the project on this terminal. @returns its exit code, or the shell's number for a signal. */
async function run(script: string, args: readonly string[]): Promise<number> {
  return await new Promise((resolve, reject) => {
    child = spawn(process.execPath, [join(projectFolder, script), ...args], { stdio: 'inherit' });
    child.once('error', reject);
    child.once('exit', (exitCode, signal) => {
      resolve(signal === null ? (exitCode ?? 1) : 128 + constants.signals[signal]);
    });
  });
}

function canBeParsed(args: readonly string[]): boolean {
  try {
    const given = readArguments('tarshelf ingest', { ...ingestOptionTable, ...helpOption }, args);
    if (!given.has('help')) readIngestRequest('ingest', given, process.cwd());
    return true;
  } catch {
    return false;
  }
}

const given = process.argv.slice(2);
// Only where nothing but the folder is missing; about anything else that is wrong the command line has the word.
const takesSample = !canBeParsed(given) && canBeParsed([sampleFolder, ...given]);

let exitCode = await run('esbuild.mjs', []);
if (exitCode === 0 && takesSample) exitCode = await run('dist/samples.js', [sampleFolder]);
if (exitCode === 0) {
  exitCode = await run('dist/cli.js', ['ingest', ...(takesSample ? [sampleFolder] : []), ...given]);
}
process.exitCode = exitCode;
