// Makes the bundles in dist/: one for each process that we start, the extension, and its page.
//   node esbuild.mjs            build once
//   node esbuild.mjs --watch    rebuild on change
import { build, context } from 'esbuild';
import { rm } from 'node:fs/promises';
import { eachProcess, extension, page } from './esbuildOptions.mjs';

const all = [...eachProcess, extension, page];
await rm('dist', { recursive: true, force: true });
if (process.argv.includes('--watch')) {
  for (const options of all) await (await context(options)).watch();
} else {
  await Promise.all(all.map(options => build(options)));
}
