// The module that VS Code's extension host loads and runs; runTests.ts bundles it, with the test files beside it.
import { appendFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { Writable } from 'node:stream';
import { format } from 'node:util';
import { recordResults } from '../../../scripts/suiteResults.ts';

/** Runs every bundled test file. VS Code takes a rejection as failure. */
export async function run(): Promise<void> {
  const output = process.env['TARSHELF_TEST_OUTPUT'];
  const results = process.env['TARSHELF_TEST_RESULTS'];
  if (output !== undefined) divertOutput(output);
  // Imported only now: mocha's reporters keep the console that they find.
  const { default: Mocha } = await import('mocha');
  const mocha = new Mocha({
    ui: 'bdd',
    timeout: 20_000,
    forbidOnly: true,
    forbidPending: true,
    ...(process.env['MOCHA_GREP'] === undefined ? {} : { grep: process.env['MOCHA_GREP'] }),
  });
  for (const name of readdirSync(__dirname).sort()) {
    if (name.endsWith('.test.cjs')) mocha.addFile(path.join(__dirname, name));
  }
  const failures = await new Promise<number>(resolve => {
    const runner = mocha.run(resolve);
    if (results !== undefined) recordResults(runner, results);
  });
  if (failures > 0) throw new Error(`${String(failures)} test(s) failed`);
}

/**
 * Sends what is printed to a file, at once and in order: on its own way out of the extension host it would be
 * mixed with VS Code's log, and its end would be lost when the host is killed.
 */
function divertOutput(file: string): void {
  const print = (text: string | Uint8Array): void => {
    appendFileSync(file, text);
  };
  // The extension host defines these with setters that do nothing, so that an assignment would be ignored.
  const replace = (target: object, name: string, value: unknown): void => {
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
  };
  for (const level of ['log', 'info', 'warn', 'error', 'debug']) {
    replace(console, level, (...args: unknown[]) => {
      print(`${format(...args)}\n`);
    });
  }
  for (const name of ['stdout', 'stderr']) {
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        print(chunk);
        done();
      },
    });
    replace(process, name, stream);
  }
}
