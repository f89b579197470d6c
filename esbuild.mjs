// Makes the bundles in dist/: one for each process that we start, and the extension.
//   node esbuild.mjs            build once
//   node esbuild.mjs --watch    rebuild on change
import { build, context } from 'esbuild';
import { rm } from 'node:fs/promises';

const common = {
  bundle: true,
  platform: 'node',
  // VS Code 1.101, the floor, runs extensions on Node 22.
  target: 'node22',
  sourcemap: true,
  // Coverage and stack traces go by the maps; the sources themselves are not shipped.
  sourcesContent: false,
  logLevel: 'warning',
};

export const processes = {
  ...common,
  format: 'esm',
  // Some packages are CommonJS and load Node's own modules with require().
  banner: {
    js: `import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);`,
  },
  entryPoints: {
    engine: 'src/engine/supervisor/main.ts',
    worker: 'src/engine/worker/main.ts',
    metadataReader: 'src/engine/books/metadata/readerThread.ts',
    cli: 'src/cli/main.ts',
    samples: 'src/samples/main.ts',
  },
  outdir: 'dist',
};

const extension = {
  ...common,
  format: 'cjs',
  external: ['vscode'],
  entryPoints: ['src/extension.ts'],
  outfile: 'dist/extension.cjs',
};

if (import.meta.main) {
  await rm('dist', { recursive: true, force: true });
  if (process.argv.includes('--watch')) {
    for (const options of [processes, extension]) await (await context(options)).watch();
  } else {
    await Promise.all([build(processes), build(extension)]);
  }
}
