// Measures what Tarshelf promises, and says what is met:
//   npm run bench -- [--only NAME,NAME] [--quick] [--rounds N] [--json]
//
//   --only    these scenarios, of those in scenarios/; one is run only where it is named
//   --quick   small tars and 3 rounds instead of 5: whether it all works, rather than numbers to rely on
//   --rounds  how often each thing is run
//   --json    the same as JSON on standard output
//
// All that is compared is run in turns (A B A B …) on a warm page cache. Commands are whole processes, with a fresh state
// folder each time; CPU seconds are of all their processes. Numbers are medians, ratios the median of each round's own.
// Tars are made once and kept (corpora.ts); TARSHELF_BENCH_FOLDER says where. Linux, bash; see docs/performance.md.
//
// Beside it lie benches of a single thing, run by hand: batchCommit.ts, engine.ts, metadata.ts, parallelUploads.ts,
// readMetadata.ts.
import { argv } from 'node:process';
import { parseArguments, UsageError, type BenchArguments } from './arguments.ts';
import { describeMachine, machineText } from './machine.ts';
import { removeLeftovers } from './processes.ts';
import { isMet, type Measurement, type Scenario } from './scenario.ts';
import { hash, long } from './scenarios/hash.ts';
import { firstUpload, library } from './scenarios/library.ts';
import { memory } from './scenarios/memory.ts';
import { commits, keys } from './scenarios/records.ts';
import { headerIndex, resume, smallBooks } from './scenarios/smallBooks.ts';
import { otherTools } from './scenarios/tools.ts';
import { oneTar, twoWorkers } from './scenarios/workers.ts';
import { tableText } from './table.ts';

const scenarios: readonly Scenario[] = [
  hash,
  twoWorkers,
  oneTar,
  otherTools,
  smallBooks,
  headerIndex,
  library,
  resume,
  commits,
  keys,
  memory,
  firstUpload,
  long,
];

function tell(message: string): void {
  console.error(message);
}

async function main({ only, quick, json, rounds }: BenchArguments): Promise<void> {
  const machine = describeMachine();
  await removeLeftovers();
  const size = quick ? ', small tars: starting and ending is most of it, and the bars are not for these' : '';
  if (!json) console.log(`${machineText(machine)}\n${String(rounds)} rounds${size}\n`);
  const rows: (Measurement & { scenario: string; met: boolean | null })[] = [];
  for (const scenario of scenarios.filter(({ name }) => only.includes(name))) {
    tell(`${scenario.name}: ${scenario.about}`);
    const measured = await scenario.run({ quick, rounds, tell });
    rows.push(...measured.map(row => ({ scenario: scenario.name, ...row, met: isMet(row) })));
  }
  console.log(json ? JSON.stringify({ machine, rounds, quick, rows }, null, 2) : `\n${tableText(rows)}`);
}

function usage(): string {
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  const list = scenarios.map(
    ({ name, about, onlyNamed }) =>
      `  ${name.padEnd(width)}  ${about}${onlyNamed ? ' (only where it is named)' : ''}`,
  );
  return `npm run bench -- [--only NAME,NAME] [--quick] [--rounds N] [--json]\n\nScenarios:\n${list.join('\n')}`;
}

try {
  const given = parseArguments(argv.slice(2), scenarios);
  if (given.help) console.log(usage());
  else await main(given);
} catch (thrown) {
  if (!(thrown instanceof UsageError)) throw thrown;
  tell(`bench: ${thrown.message}`);
  process.exitCode = 2;
}
