import path from 'node:path';

/** The checkout's root folder. */
export const rootFolder = path.resolve(import.meta.dirname, '..');

/** Everything that test runs leave for a person to look at: screenshots, logs, counts. */
export const resultsFolder = path.join(rootFolder, 'test-results');

/** Downloads that several runs share; not in version control. */
export const downloadsFolder = path.join(rootFolder, '.vscode-test');

/** The packaged extension, as `npm run package` leaves it. */
export const vsixFile = path.join(rootFolder, 'tarshelf.vsix');
