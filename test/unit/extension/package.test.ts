import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { unzipSync } from 'fflate';
import { rootFolder } from '../../../scripts/paths.ts';
import { readJson } from '../../support/manifest.ts';

interface Bundles {
  extension: { outfile: string };
  processes: { entryPoints: Record<string, string> };
}

interface Manifest {
  version: string;
  categories: string[];
  keywords: string[];
  scripts: { package: string };
  l10n: string;
  qna?: unknown;
  bugs?: unknown;
  homepage?: unknown;
}

const manifest = readJson('package.json') as Manifest;
const most = 3_000_000;

describe('The package', function () {
  this.timeout(60_000);

  let output = '';
  let sizeBytes = 0;
  let files: Record<string, Uint8Array> = {};
  const names = (): string[] => Object.keys(files);
  const text = (name: string): string => Buffer.from(files[name] ?? []).toString('utf8');

  let bundles: Bundles;

  before(async () => {
    bundles = (await import(pathToFileURL(path.join(rootFolder, 'esbuildOptions.mjs')).href)) as Bundles;
    assert.ok(existsSync(path.join(rootFolder, 'dist')), 'Build first: node esbuild.mjs');
    const folder = mkdtempSync(path.join(tmpdir(), 'tarshelf-test-'));
    try {
      const vsix = path.join(folder, 'tarshelf.vsix');
      // The arguments that `npm run package` has, but for the place.
      const [, args = ''] = /vsce (package .*) -o /.exec(manifest.scripts.package) ?? [];
      assert.notEqual(args, '');
      const vsce = path.join(rootFolder, 'node_modules', '@vscode', 'vsce', 'vsce');
      const { stdout, stderr, status } = spawnSync(process.execPath, [vsce, ...args.split(' '), '-o', vsix], {
        cwd: rootFolder,
        encoding: 'utf8',
      });
      output = `${stdout}${stderr}`;
      assert.equal(status, 0, output);
      const bytes = readFileSync(vsix);
      sizeBytes = bytes.length;
      files = unzipSync(bytes);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('is made without a warning', () => {
    assert.doesNotMatch(output, /warn/i);
  });

  it('is smaller than 3 MB', () => {
    assert.ok(sizeBytes < most, String(sizeBytes));
  });

  it('holds one bundle for each entry, without maps, sources or native parts', () => {
    const { extension, processes } = bundles;
    const entries = [
      path.basename(extension.outfile),
      ...Object.keys(processes.entryPoints).map(name => `${name}.js`),
    ];
    const inDist = names().filter(name => name.startsWith('extension/dist/'));
    for (const entry of entries) assert.ok(inDist.includes(`extension/dist/${entry}`), entry);
    for (const name of inDist) assert.match(name, /\.(js|cjs|css)$/);
    const strange = names().filter(name =>
      /\.(node|map|ts|tsx|vsix|tar)$|node_modules|\/(src|test|scripts)\//.test(name),
    );
    assert.deepEqual(strange, []);
  });

  it('holds what the manifest refers to: pictures, and texts in every language', () => {
    const referred = [...JSON.stringify(manifest).matchAll(/"(media\/[^"]+)"/g)].map(([, name]) => name);
    assert.ok(referred.length > 5);
    for (const name of referred) assert.ok(files[`extension/${String(name)}`], name);
    assert.equal(manifest.l10n, './l10n');
    for (const language of ['', '.de', '.ru', '.zh-cn']) {
      assert.ok(files[`extension/package.nls${language}.json`], language);
      assert.ok(files[`extension/l10n/bundle.l10n${language}.json`], language);
    }
  });

  it('sends nothing about anybody to anyone', () => {
    const senders =
      /applicationinsights|extension-telemetry|google-analytics|\bsentry\.io|mixpanel|amplitude\.com|posthog|createTelemetryLogger/i;
    for (const name of names().filter(file => /\.(js|cjs)$/.test(file)))
      assert.doesNotMatch(text(name), senders, name);
  });

  it('has a readme whose pictures exist, and a changelog that knows this version', () => {
    const readme = readFileSync(path.join(rootFolder, 'README.md'), 'utf8');
    const pictures = [...readme.matchAll(/!\[[^\]]+\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    assert.ok(pictures.length > 0);
    for (const picture of pictures) assert.ok(existsSync(path.join(rootFolder, picture)), picture);
    assert.ok(text('extension/changelog.md').length > 100);
  });

  it('can be found by what it is, and names no address that does not exist', () => {
    assert.ok(manifest.keywords.length >= 5 && manifest.keywords.length <= 30);
    assert.equal(new Set(manifest.keywords).size, manifest.keywords.length);
    assert.ok(manifest.categories.length > 0);
    assert.deepEqual([manifest.qna, manifest.bugs, manifest.homepage], [undefined, undefined, undefined]);
  });
});
