import { resolve } from 'node:path';
import { toFailure } from '../protocol/errors.ts';
import { makeSampleTars } from './makeSample.ts';

// Run as a child: makes the sample tars in the folder named by the one argument. One line on standard output
// and exit code 0, or one line on standard error and exit code 1.

const [folder, ...more] = process.argv.slice(2);
if (folder === undefined || folder === '' || more.length > 0) {
  process.stderr.write('samples: name one folder for the sample tars\n');
  process.exitCode = 1;
} else {
  try {
    const path = resolve(folder);
    const truth = await makeSampleTars(path);
    const counts = [
      `${String(truth.tars.length)} tars`,
      `${String(truth.bookMembers)} books (${String(truth.duplicates)} of them duplicates)`,
      `${String(truth.skipped)} other files`,
    ];
    process.stdout.write(`${path}: ${counts.join(', ')}\n`);
  } catch (error) {
    process.stderr.write(`samples: ${toFailure(error).message}\n`);
    process.exitCode = 1;
  }
}
