import Mocha from 'mocha';
import { recordResults } from './suiteResults.ts';

/**
 * Mocha's spec reporter, which also writes the results to the file that
 * `--reporter-option results=<file>` names.
 */
class ResultsReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const { results } = options.reporterOptions as { results?: string };
    if (results === undefined) throw new Error('resultsReporter needs --reporter-option results=<file>');
    recordResults(runner, results);
  }
}

// Mocha loads reporters with require(), which gives this export as the module itself.
export { ResultsReporter as 'module.exports' };
