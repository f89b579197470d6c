import assert from 'node:assert/strict';

/** The objects of `--json` output; fails for a line that is none. */
export function jsonLines(stdout: string): Record<string, unknown>[] {
  assert.ok(stdout === '' || stdout.endsWith('\n'), 'the last line is whole');
  return stdout
    .split('\n')
    .slice(0, -1)
    .map(line => {
      const parsed: unknown = JSON.parse(line);
      assert.ok(typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed), line);
      return parsed as Record<string, unknown>;
    });
}

/** One line that begins with the program's name, with no stack trace and nothing that only a program means. */
export function assertOneClearLine(stderr: string): void {
  assert.match(stderr, /^tarshelf: \S[^\n]+\n$/);
  assert.doesNotMatch(stderr, /\bat .*:\d+:\d+|Error:|undefined|\[object|node:internal/);
}
