// `npm test`: every check and every suite, one after another, also when an earlier one failed.
//   node scripts/test.ts                            all of them
//   node scripts/test.ts --only unit,integration    some of: lint, unit, integration, comparison, vscode, ui
//   node scripts/test.ts --coverage                 also reports what the engine's own suites covered: it takes longer
// The last line is "N passed, N failed". A check counts as one test. A suite that crashes, hangs or runs no test
// counts as a failure even if none of its tests failed.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { atExit } from './atExit.ts';
import { npmCommand } from './npm.ts';
import { resultsFolder, rootFolder, vsixFile } from './paths.ts';
import { readResults, type SuiteResults } from './suiteResults.ts';

const groups = ['lint', 'unit', 'integration', 'comparison', 'vscode', 'ui'] as const;
type Group = (typeof groups)[number];

interface Stage {
  readonly name: string;
  /** The stage is run when one of these is asked for. */
  readonly groups: readonly Group[];
  readonly run: () => Promise<SuiteResults>;
}

type Command = readonly [string, ...string[]];

interface RunOptions {
  readonly minutes: number;
  readonly env?: Readonly<Record<string, string>>;
}

const coverageFolder = path.join(rootFolder, 'coverage');
const rawCoverage = path.join(coverageFolder, 'tmp');
const { only, coverage } = parseArgs({
  options: { only: { type: 'string' }, coverage: { type: 'boolean', default: false } },
}).values;
// Node itself records the coverage, also that of child processes; c8 makes the report from all of it.
const recordCoverage: Readonly<Record<string, string>> = coverage ? { NODE_V8_COVERAGE: rawCoverage } : {};

const stages: readonly Stage[] = [
  { name: 'build', groups: ['unit', 'integration', 'vscode', 'ui'], run: check(node('esbuild.mjs')) },
  { name: 'types', groups: ['lint'], run: check(tool('typescript/bin/tsc', '-p', '.')) },
  { name: 'page types', groups: ['lint'], run: check(tool('typescript/bin/tsc', '-p', 'src/webview')) },
  { name: 'eslint', groups: ['lint'], run: check(tool('eslint/bin/eslint.js', '.')) },
  { name: 'format', groups: ['lint'], run: check(tool('prettier/bin/prettier.cjs', '--check', '.')) },
  {
    name: 'layers',
    groups: ['lint'],
    run: check(
      tool('dependency-cruiser/bin/dependency-cruiser.mjs', 'src', '--config', '.dependency-cruiser.cjs'),
    ),
  },
  {
    name: 'unit',
    groups: ['unit'],
    run: mochaSuite('unit', { minutes: 5, env: recordCoverage }, '--parallel', '--jobs', '3'),
  },
  {
    name: 'property',
    groups: ['unit'],
    run: mochaSuite('property', { minutes: 5, env: recordCoverage }, '--parallel', '--jobs', '2'),
  },
  { name: 'calibre', groups: ['integration'], run: step(node('scripts/calibre.ts'), { minutes: 15 }) },
  { name: 'postgres', groups: ['integration'], run: step(node('scripts/postgres.ts'), { minutes: 15 }) },
  {
    name: 'integration',
    groups: ['integration'],
    // They wait for processes and for time more than they compute.
    run: mochaSuite('integration', { minutes: 10, env: recordCoverage }, '--parallel', '--jobs', '3'),
  },
  {
    name: 'books',
    groups: ['comparison'],
    run: step(node('scripts/debianBooks.ts'), { minutes: 15 }),
  },
  { name: 'comparison', groups: ['comparison'], run: mochaSuite('comparison', { minutes: 10 }) },
  {
    name: 'coverage',
    groups: coverage ? ['unit', 'integration'] : [],
    run: step(node('scripts/coverageReport.ts', rawCoverage, coverageFolder)),
  },
  {
    name: 'vscode',
    groups: ['vscode'],
    run: suite('vscode', file => ({
      command: node('test/vscode/runTests.ts'),
      options: { minutes: 15, env: { TARSHELF_TEST_RESULTS: file } },
    })),
  },
  { name: 'package', groups: ['ui'], run: packageAnew },
  { name: 'browser', groups: ['ui'], run: step(node('scripts/vscodeHost/prepare.ts'), { minutes: 15 }) },
  {
    name: 'ui',
    groups: ['ui'],
    run: mochaSuite('ui', { minutes: 20 }),
  },
];

function node(script: string, ...args: string[]): Command {
  return [process.execPath, script, ...args];
}

/** A script of a package in node_modules, without the detour over a shell that its bin link needs on Windows. */
function tool(script: string, ...args: string[]): Command {
  return node(path.join('node_modules', script), ...args);
}

/** Counts as one test. */
function check(command: Command): Stage['run'] {
  return async () => ((await succeeds(command)) ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 });
}

/** Where packaging fails, the click suite must not go on with what an earlier run packaged. */
async function packageAnew(): Promise<SuiteResults> {
  rmSync(vsixFile, { force: true });
  return await check(npmCommand('run', 'package'))();
}

/** Checks nothing, so that it counts only when it fails. */
function step(command: Command, options?: RunOptions): Stage['run'] {
  return async () => ({ passed: 0, failed: (await succeeds(command, options)) ? 0 : 1 });
}

function mochaSuite(name: string, options: RunOptions, ...more: string[]): Stage['run'] {
  return suite(name, file => ({
    command: tool(
      'mocha/bin/mocha.js',
      ...more,
      ...['--reporter', 'scripts/resultsReporter.ts', '--reporter-option', `results=${file}`],
      `test/${name}/**/*.test.ts`,
    ),
    options,
  }));
}

/** Runs a suite that writes its counts to the file it is given. */
function suite(
  name: string,
  prepare: (resultsFile: string) => { command: Command; options: RunOptions },
): Stage['run'] {
  return async () => {
    const file = path.join(resultsFolder, `${name}.json`);
    const { command, options } = prepare(file);
    const ended = await succeeds(command, options);
    const { passed, failed, failures } = readResults(file) ?? { passed: 0, failed: 0, failures: [] };
    const broken = failed === 0 && (!ended || passed === 0);
    return broken
      ? { passed, failed: 1, failures: ['It did not come to its end, or ran no test.'] }
      : { passed, failed, failures };
  };
}

/** Whether the command ends with exit code 0 in time. None of its processes is left afterwards. */
async function succeeds(command: Command, { minutes, env }: RunOptions = { minutes: 5 }): Promise<boolean> {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    cwd: rootFolder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
    // A process group of its own, so that whatever it started can be ended with it.
    detached: process.platform !== 'win32',
  });
  const end = atExit(() => {
    endTree(child, 'SIGTERM');
  });
  const timers = [
    setTimeout(() => {
      console.error(`Not done within ${String(minutes)} minutes: ending it.`);
      endTree(child, 'SIGTERM');
    }, minutes * 60_000),
    setTimeout(
      () => {
        endTree(child, 'SIGKILL');
      },
      minutes * 60_000 + 10_000,
    ),
  ];
  const [code] = (await once(child, 'exit')) as [number | null];
  timers.forEach(clearTimeout);
  end();
  endTree(child, 'SIGKILL');
  return code === 0;
}

function endTree(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  if (process.platform === 'win32') {
    if (child.exitCode === null) spawnSync('taskkill', ['/pid', String(child.pid), '/T', '/F']);
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Nothing of the group is left.
  }
}

function chosenGroups(): readonly Group[] {
  if (only === undefined) return groups;
  const names = only.split(',');
  const unknown = names.filter(name => !groups.some(group => group === name));
  if (unknown.length > 0) {
    console.error(`--only takes ${groups.join(', ')}, separated by commas; not ${unknown.join(', ')}`);
    process.exit(2);
  }
  return groups.filter(group => names.includes(group));
}

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const counted = ({ passed, failed }: SuiteResults): string =>
  `${String(passed)} passed, ${String(failed)} failed`;

const chosen = chosenGroups();
// What an earlier run left there must not pass for this run's.
for (const folder of [resultsFolder, coverageFolder]) rmSync(folder, { recursive: true, force: true });

const begin = performance.now();
const total = { passed: 0, failed: 0 };
const table: string[] = [];
const failures: string[] = [];
for (const stage of stages) {
  if (!stage.groups.some(group => chosen.includes(group))) continue;
  console.log(`\n── ${stage.name} ──`);
  const stageBegin = performance.now();
  const results = await stage.run();
  total.passed += results.passed;
  total.failed += results.failed;
  failures.push(...(results.failures ?? []).map(failure => `${stage.name}: ${failure}`));
  const row = [stage.name.padEnd(12), seconds(stageBegin).padStart(8), ` ${counted(results)}`].join('  ');
  table.push(row);
  console.log(row);
}
// Said again at the end: what failed must not be searched for in thousands of lines.
if (failures.length > 0) console.log(`\nFailed:\n\n${failures.join('\n\n')}`);
console.log(`\n${table.join('\n')}\n${'total'.padEnd(12)}  ${seconds(begin).padStart(8)}\n`);
console.log(counted(total));
process.exitCode = total.failed > 0 ? 1 : 0;
