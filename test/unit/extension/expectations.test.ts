import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { rootFolder } from '../../../scripts/paths.ts';

interface Shown {
  readonly number: number;
  readonly tests: readonly { readonly file: string; readonly name: string }[];
}

/** The rows of `docs/expectations.md`: a file in backquotes, and behind it its tests in quotes. */
function readRows(): Shown[] {
  const text = readFileSync(path.join(rootFolder, 'docs', 'expectations.md'), 'utf8');
  return text.split('\n').flatMap(line => {
    const [, number, , , shownBy] = line.split(/\s*\|\s*/);
    if (number === undefined || !/^\d+$/.test(number)) return [];
    let file = '';
    const tests: { file: string; name: string }[] = [];
    for (const [, named, name] of (shownBy ?? '').matchAll(/`([^`]+\.test\.ts)`|"([^"]+)"/g)) {
      if (named !== undefined) file = named;
      else if (name !== undefined) tests.push({ file, name });
    }
    return [{ number: Number(number), tests }];
  });
}

describe('The expectations', () => {
  const rows = readRows();

  it('are all there, in order, each with a test', () => {
    assert.deepEqual(
      rows.map(({ number }) => number),
      Array.from({ length: 41 }, (_, n) => n + 1),
    );
    for (const { number, tests } of rows) assert.ok(tests.length > 0, String(number));
  });

  it('name tests that exist', () => {
    for (const { number, tests } of rows) {
      for (const { file, name } of tests) {
        const source = readFileSync(path.join(rootFolder, 'test', file), 'utf8');
        // A name may go on with what differs from case to case.
        const isThere = [`it('${name}'`, `it("${name}"`, `it(\`${name} \${`].some(begin =>
          source.includes(begin),
        );
        assert.ok(isThere, `${String(number)}: ${file}: ${name}`);
      }
    }
  });
});
