/**
 * The names by which VS Code knows this extension's parts. A test holds them equal to package.json, so that a
 * name misspelt in either place is a failing test and not a button that does nothing.
 */

export const extensionId = 'tarshelf.tarshelf';

export const viewContainerId = 'tarshelf';

export const viewIds = {
  tars: 'tarshelf.tars',
  workers: 'tarshelf.workers',
  progress: 'tarshelf.progress',
  throughput: 'tarshelf.throughput',
} as const;

/** The kind of tab that shows the throughput; VS Code remembers it over a reload. */
export const throughputPanelType = 'tarshelf.throughput';

export const commandIds = {
  launch: 'tarshelf.launch',
  launchWithPlan: 'tarshelf.launchWithPlan',
  stop: 'tarshelf.stop',
  chooseSourceFolder: 'tarshelf.chooseSourceFolder',
  addSourceFolder: 'tarshelf.addSourceFolder',
  removeSourceFolder: 'tarshelf.removeSourceFolder',
  trySamples: 'tarshelf.trySamples',
  showTars: 'tarshelf.showTars',
  showLog: 'tarshelf.showLog',
  openSettings: 'tarshelf.openSettings',
  signIn: 'tarshelf.signIn',
  signOut: 'tarshelf.signOut',
  testConnection: 'tarshelf.testConnection',
  restartWorker: 'tarshelf.restartWorker',
  pauseWorker: 'tarshelf.pauseWorker',
  resumeWorker: 'tarshelf.resumeWorker',
  reassign: 'tarshelf.reassign',
  showThroughput: 'tarshelf.showThroughput',
  restartAll: 'tarshelf.restartAll',
  pauseAll: 'tarshelf.pauseAll',
  resumeAll: 'tarshelf.resumeAll',
  retry: 'tarshelf.retry',
  skip: 'tarshelf.skip',
  verifyTar: 'tarshelf.verifyTar',
  revealTar: 'tarshelf.revealTar',
  showWorkerLog: 'tarshelf.showWorkerLog',
  filterLog: 'tarshelf.filterLog',
  openProgressFile: 'tarshelf.openProgressFile',
  openProgressFolder: 'tarshelf.openProgressFolder',
  chooseDestination: 'tarshelf.chooseDestination',
  exportReport: 'tarshelf.exportReport',
  reportProblem: 'tarshelf.reportProblem',
} as const;
export type CommandId = (typeof commandIds)[keyof typeof commandIds];

/** Commands that views answer themselves, for they change what is shown and nothing else. */
export const viewCommandIds = {
  showMore: 'tarshelf.showMore',
  refreshProgress: 'tarshelf.refreshProgress',
} as const;
/** The guide for somebody who is new. */
export const walkthroughId = 'tarshelf.welcome';

/** All settings are named `tarshelf.<name>`. */
export const settingsSection = 'tarshelf';

export const settingNames = [
  'sourceFolders',
  'stateFolder',
  'destination',
  'libraryFolder',
  'calibre.library',
  'calibre.userName',
  'calibre.declined',
  'mybookshelf2.server',
  'mybookshelf2.webSocket',
  'mybookshelf2.userName',
  'mybookshelf2.fallbackLanguage',
  'mybookshelf2.database',
  'mybookshelf2.container',
  'mybookshelf2.program',
  'mode',
  'afterCompletion',
  'workers',
  'batchSize',
  'parallelUploads',
  'metadataReader',
  'bookTypes',
  'onWindowClose',
  'supervision.checkSeconds',
  'supervision.uploadStuckSeconds',
  'supervision.discoverStuckSeconds',
  'supervision.silentSeconds',
  'supervision.gentleStopSeconds',
  'supervision.restartsPerDay',
  'supervision.workerMemoryMb',
  'supervision.minWorkers',
] as const;
export type SettingName = (typeof settingNames)[number];

/** The choices of the setting `onWindowClose`, which are the engine's words for it. */
export const windowCloseActions = ['keepRunning', 'stop'] as const;

export const contextKeys = {
  /** An ingest of this window is under way. */
  running: 'tarshelf.running',
  /** The setting of the source folders names one. */
  sourceChosen: 'tarshelf.sourceChosen',
  /** The destination asks for a password, and none is kept for it. */
  signInNeeded: 'tarshelf.signInNeeded',
} as const;
export type ContextKey = (typeof contextKeys)[keyof typeof contextKeys];

export const statusBarItemId = 'tarshelf.status';
export const outputChannelName = 'Tarshelf';

/** The scheme of the documents that show logs, and their language. */
export const logScheme = 'tarshelf-log';
export const logLanguageId = 'tarshelf-log';
