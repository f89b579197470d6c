// Loaded before the code of each process of a run by NODE_OPTIONS. Leaves two files in the folder that
// TARSHELF_BENCH_USAGE names: one when the process begins, so that nobody forgets to wait for it, and one when it
// ends, with what it used by the word of the kernel: all its threads are in that, and its largest resident memory.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { isMainThread } from 'node:worker_threads';

const folder = process.env.TARSHELF_BENCH_USAGE;
if (isMainThread && folder !== undefined) {
  const file = path.join(folder, String(process.pid));
  const role = path.basename(process.argv[1] ?? '', '.js');
  writeFileSync(`${file}.began`, role);
  process.on('exit', () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    const used = { role, cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakMb: maxRSS / 1024 };
    writeFileSync(`${file}.ended`, JSON.stringify(used));
  });
}
