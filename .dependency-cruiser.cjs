// The layer table of docs/architecture.md, as rules. Each row: what a layer must not import.
const settings = ['settings', 'destinationSettings', 'secrets', 'signInWatch'];
// What the command line says, too, is said in English.
const windowOnly = ['manifest', 'localize', 'countText', 'workerLook', 'destinationName', ...settings];
const layers = {
  webview: ['engine', 'client', 'cli', 'views', 'commands', 'samples', 'manifest', ...settings, 'extension'],
  protocol: ['engine', 'client', 'cli', 'views', 'commands', 'samples', ...windowOnly, 'extension'],
  engine: ['client', 'cli', 'views', 'commands', 'samples', ...windowOnly, 'extension'],
  samples: ['engine', 'client', 'cli', 'views', 'commands', ...windowOnly, 'extension'],
  client: ['engine', 'cli', 'views', 'commands', 'samples', ...windowOnly, 'extension'],
  cli: ['engine', 'views', 'commands', 'samples', ...windowOnly, 'extension'],
  views: ['engine', 'cli', 'commands', 'samples', ...settings, 'extension'],
  commands: ['engine', 'cli', 'views', 'samples', 'extension'],
  logDocuments: ['engine', 'cli', 'views', 'commands', 'samples', ...settings, 'extension'],
  extension: ['engine', 'cli', 'samples'],
};

const place = name => `^src/${name}(/|\\.ts$)`;

module.exports = {
  forbidden: [
    ...Object.entries(layers).map(([layer, others]) => ({
      name: `${layer}-imports-only-its-own`,
      severity: 'error',
      from: { path: place(layer) },
      to: { path: others.map(place) },
    })),
    {
      name: 'no-vscode-below-the-extension',
      comment: 'The engine, its protocol, the client and the command line run without VS Code.',
      severity: 'error',
      from: { path: ['protocol', 'engine', 'samples', 'client', 'cli', 'webview'].map(place) },
      to: { path: '^vscode$' },
    },
    {
      name: 'protocol-is-plain',
      comment: 'The shared words need a schema library and nothing else, not even Node.',
      severity: 'error',
      from: { path: place('protocol') },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev'], pathNot: 'valibot' },
    },
    {
      name: 'views-read-the-store-only',
      comment: 'Views show a snapshot; they send no requests.',
      severity: 'error',
      from: { path: place('views') },
      to: { path: '^src/client/engineClient\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'not-to-dev-dep',
      severity: 'error',
      from: { path: '^src' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '@types/vscode' },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^vscode$' },
    },
    { name: 'no-test-in-src', severity: 'error', from: { path: '^src' }, to: { path: '^test' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
