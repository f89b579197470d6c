// What a batch costs to commit, with few and with many books recorded before:
//   node scripts/bench/batchCommit.ts [books...]
// For each number of books, the median of committing 100 outcomes to the journal, of loading the progress, and of
// rewriting it, which a run does for at most 2 % of its time.
import { batchBooks, commitCost, measureReading, type CommitCost } from './commitCost.ts';
import { median } from './statistics.ts';

const rounds = 3;
const numbers = process.argv.slice(2).map(Number);
const totals = numbers.length > 0 ? numbers : [10_000, 100_000, 1_000_000];

const medians: number[] = [];
for (const books of totals) {
  const results: CommitCost[] = [];
  for (let round = 0; round < rounds; round++) results.push(await commitCost(books));
  const [commit, load, rewrite] = (['commit', 'load', 'rewrite'] as const).map(what =>
    median(results.map(result => result[what])),
  );
  medians.push(commit ?? Number.NaN);
  console.log(
    `${String(books)} books (${String(Math.round(results[0]?.mb ?? 0))} MB): ` +
      `commit of ${String(batchBooks)} ${String(commit?.toFixed(2))} ms, ` +
      `load ${String(load?.toFixed(0))} ms, rewrite ${String(rewrite?.toFixed(0))} ms`,
  );
}
console.log(
  `a commit at ${String(totals.at(-1))} books takes ${((medians.at(-1) ?? 0) / (medians[0] ?? 1)).toFixed(2)} times that at ${String(totals[0])}`,
);
await measureReading(totals.at(-1) ?? 0);
console.log(`largest resident memory: ${String(Math.round(process.resourceUsage().maxRSS / 1000))} MB`);
