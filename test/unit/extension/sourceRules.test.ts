import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { rootFolder } from '../../../scripts/paths.ts';

// What no compiler holds the source to. Which folder may import which other is dependency-cruiser's to check.

/** What runs in the extension host. */
const inHost = [
  'src/*.ts',
  'src/client/**/*.ts',
  'src/commands/**/*.ts',
  'src/logDocuments/**/*.ts',
  'src/protocol/**/*.ts',
  'src/views/**/*.ts',
];

function* sources(patterns: readonly string[]): Generator<[name: string, text: string]> {
  for (const name of globSync([...patterns], { cwd: rootFolder })) {
    yield [name, readFileSync(path.join(rootFolder, name), 'utf8')];
  }
}

describe('The source', () => {
  it('names no colour, so that every theme has its own', () => {
    let files = 0;
    for (const [name, text] of sources(['src/**/*.ts', 'src/**/*.css'])) {
      files++;
      // Private members begin as a colour does, but never behind a quote, a colon or a bracket.
      assert.doesNotMatch(text, /['"`:(,]\s*#[0-9a-f]{3,8}\b(?!\()|\b(?:rgb|hsl)a?\(/i, name);
    }
    assert.ok(files > 100, String(files));
  });

  it('makes no call in the extension host that waits for a disk or a process', () => {
    let files = 0;
    for (const [name, text] of sources(inHost)) {
      files++;
      assert.doesNotMatch(text, /\b\w+Sync\(/, name);
      assert.doesNotMatch(text, /from 'node:(?:fs|sqlite|zlib)'/, name);
      assert.doesNotMatch(text, /from 'tar'|\/engine\//, name);
    }
    assert.ok(files > 60, String(files));
  });

  it('has no sender of telemetry, and asks the editor for none', () => {
    for (const [name, text] of sources(['src/**/*.ts', 'package.json'])) {
      assert.doesNotMatch(
        text,
        /telemetry(?:logger|reporter|sender)|applicationinsights|isTelemetryEnabled|sendBeacon/i,
        name,
      );
    }
  });

  it('shows no page that is kept in memory while nobody sees it', () => {
    for (const [name, text] of sources(inHost)) assert.doesNotMatch(text, /retainContextWhenHidden/, name);
  });
});
