// How the bundles in dist/ are made, for esbuild.mjs and for tests of what is bundled.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, 'package.json'), 'utf8'));

const common = {
  bundle: true,
  platform: 'node',
  // VS Code 1.101, the floor, runs extensions on Node 22.
  target: 'node22',
  sourcemap: true,
  // Coverage and stack traces go by the maps; the sources themselves are not shipped.
  sourcesContent: false,
  logLevel: 'warning',
  // See src/protocol/version.ts.
  define: { TARSHELF_VERSION: JSON.stringify(version) },
};

/** Of the processes that we start. */
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
    bodyThread: 'src/engine/worker/bodyThreadEntry.ts',
    cli: 'src/cli/main.ts',
    samples: 'src/samples/main.ts',
  },
  outdir: 'dist',
  // What several of them have, and what is loaded only when it is needed, is in files of their own.
  splitting: true,
  chunkNames: 'part-[name]-[hash]',
};

/** Of the page in webviews, with its style sheet: a folder of its own, so that webviews can read nothing else. */
export const page = {
  ...common,
  platform: 'browser',
  // Of VS Code 1.101's Electron.
  target: 'chrome134',
  format: 'iife',
  minify: true,
  entryPoints: { page: 'src/webview/throughput/page.ts', style: 'src/webview/throughput/page.css' },
  outdir: 'dist/throughput',
};

/** Of the extension. */
export const extension = {
  ...common,
  format: 'cjs',
  external: ['vscode'],
  entryPoints: ['src/extension.ts'],
  outfile: 'dist/extension.cjs',
};
