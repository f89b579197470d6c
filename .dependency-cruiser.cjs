// The layer table of docs/architecture.md, as rules. Each layer, and what else of src/ it may import.
const mayImport = {
  protocol: [],
  samples: ['protocol'],
  client: ['protocol'],
  cli: ['protocol', 'client'],
  text: ['protocol'],
  manifest: [],
  settings: ['protocol', 'client', 'manifest', 'text'],
  session: ['protocol', 'client', 'manifest'],
  logDocuments: ['protocol', 'client', 'manifest'],
  webview: ['protocol', 'text'],
  views: ['protocol', 'client', 'manifest', 'text'],
  commands: ['protocol', 'client', 'manifest', 'text', 'settings', 'logDocuments'],
  extension: [
    'protocol',
    'client',
    'manifest',
    'text',
    'settings',
    'session',
    'logDocuments',
    'views',
    'commands',
  ],
};
// From the bottom up: what stands below a folder is what it may import.
const engine = [
  'system',
  'archive',
  'books',
  'bodies',
  'destinations',
  'dedupe',
  'progress',
  'extraction',
  'verification',
  'worker',
  'supervisor',
];
for (const [index, folder] of engine.entries())
  // The two processes know of each other by the protocol alone.
  mayImport[`engine/${folder}`] = [
    'protocol',
    ...engine
      .slice(0, index)
      .filter(below => below !== 'worker')
      .map(below => `engine/${below}`),
  ];

const place = name => `^src/${name}(/|\\.ts$)`;

module.exports = {
  forbidden: [
    ...Object.entries(mayImport).map(([layer, others]) => ({
      name: `${layer.replace('/', '-')}-imports-only-what-it-may`,
      severity: 'error',
      from: { path: place(layer) },
      to: { path: '^src/', pathNot: [layer, ...others].map(place) },
    })),
    {
      name: 'every-file-has-a-layer',
      severity: 'error',
      from: { path: '^src/', pathNot: Object.keys(mayImport).map(place) },
      to: {},
    },
    {
      name: 'every-imported-file-has-a-layer',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: Object.keys(mayImport).map(place) },
    },
    {
      name: 'no-vscode-below-the-extension',
      comment: 'The engine, its protocol, the client, the command line and the page run without VS Code.',
      severity: 'error',
      from: { path: ['protocol', 'engine', 'samples', 'client', 'cli', 'webview', 'text'].map(place) },
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
