// Makes the bundles in dist/: one for each process that we start, the extension, and its page.
//   node esbuild.mjs            build once
//   node esbuild.mjs --watch    rebuild on change
import { build, context } from 'esbuild';
import { rm } from 'node:fs/promises';
import { extension, page, processes } from './esbuildOptions.mjs';

await rm('dist', { recursive: true, force: true });
if (process.argv.includes('--watch')) {
  for (const options of [processes, extension, page]) await (await context(options)).watch();
} else {
  await Promise.all([build(processes), build(extension), build(page)]);
}
