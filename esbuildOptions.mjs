// How the bundles in dist/ are made, for esbuild.mjs and for tests of what is bundled.
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve as resolvePath } from 'node:path';

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

/**
 * Node makes a module of every export of a built-in one that is imported, for which it runs whatever those are gotten by: with
 * `node:crypto` all of Web Crypto, with `node:util` a decoder of text. The module object has them, too, and only what is used is
 * taken from it. Saves a process some 4 ms of 40.
 */
const builtIns = {
  name: 'built-ins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ kind, path }) =>
      kind === 'import-statement' ? { path, namespace: 'built-in', sideEffects: false } : { external: true },
    );
    onLoad({ filter: /.*/, namespace: 'built-in' }, ({ path }) => {
      const names = Object.keys(process.getBuiltinModule(path)).filter(name => name !== 'default');
      return {
        contents: [
          `const _module = /* @__PURE__ */ process.getBuiltinModule('${path}');`,
          'const _taken = name => _module[name];',
          'export default _module;',
          ...names.map(name => `export const ${name} = /* @__PURE__ */ _taken('${name}');`),
        ].join('\n'),
      };
    });
  },
};

/**
 * What is loaded later, when it is needed, shares files of source with what a process begins with, each with others; of these a part
 * would be made for every combination, 13 for the engine, and to find and load one takes longer than what is in it. So it is said
 * of all that is loaded later that it needs all of that: then it is one part, which has been loaded by then.
 */
const fewParts = entry => ({
  name: 'few-parts',
  setup({ onResolve, onLoad, resolve }) {
    const begins = 'what the process begins with';
    onResolve({ filter: /^\./ }, async ({ path, pluginData, ...from }) => {
      if (from.kind !== 'dynamic-import' || pluginData === begins) return undefined;
      const found = await resolve(path, { ...from, pluginData: begins });
      return { ...found, pluginData: { isLoadedLater: true } };
    });
    onLoad({ filter: /\.ts$/ }, async ({ path, pluginData }) =>
      pluginData?.isLoadedLater === true
        ? { contents: `${await readFile(path, 'utf8')}\nimport '${begins}';`, loader: 'ts' }
        : undefined,
    );
    onResolve({ filter: new RegExp(`^${begins}$`) }, ({ path }) => ({ path, namespace: 'few-parts' }));
    onLoad({ filter: /.*/, namespace: 'few-parts' }, async () => {
      const imports = (await readFile(entry, 'utf8')).matchAll(/^import (?!type ).*?from ('\..*?');$/gms);
      return {
        contents: [...imports].map(([, file]) => `import ${file};`).join('\n'),
        resolveDir: resolvePath(dirname(entry)),
      };
    });
  },
});

/** Of the processes that we start, and of their threads. */
export const processes = {
  ...common,
  format: 'esm',
  // Some packages are CommonJS and load Node's own modules with require().
  banner: {
    js: `let makeRequire; const require = name => (makeRequire ??= process.getBuiltinModule('node:module').createRequire(import.meta.url))(name);`,
  },
  plugins: [builtIns],
  entryPoints: {
    engine: 'src/engine/supervisor/main.ts',
    worker: 'src/engine/worker/main.ts',
    metadataThread: 'src/engine/bodies/metadataThreadEntry.ts',
    bodyThread: 'src/engine/bodies/bodyThreadEntry.ts',
    cli: 'src/cli/main.ts',
    samples: 'src/samples/main.ts',
  },
  outdir: 'dist',
  // What is loaded only when it is needed is in files of its own.
  splitting: true,
  chunkNames: 'part-[name]-[hash]',
};

/** The command line starts on a Node that is too old for all of the above, to find a newer one or to say so. */
const onAnyNode = {
  banner: {
    js: `import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);`,
  },
  plugins: [],
};

/** Each of them for itself: parts that several have would be many more and smaller, for which every start would have to wait. */
export const eachProcess = Object.entries(processes.entryPoints).map(([name, entry]) => {
  const { banner, plugins } = name === 'cli' ? onAnyNode : processes;
  return { ...processes, banner, plugins: [...plugins, fewParts(entry)], entryPoints: { [name]: entry } };
});

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
