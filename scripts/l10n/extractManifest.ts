// node scripts/l10n/extractManifest.ts
//
// Moves what people read in package.json to package.nls.json, as VS Code wants it. Can be run again whenever
// somebody has written plain words into package.json.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { rootFolder } from '../paths.ts';
import { extractManifest } from './manifestTexts.ts';

const manifestFile = path.join(rootFolder, 'package.json');
const textsFile = path.join(rootFolder, 'package.nls.json');

const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));
const write = (file: string, value: unknown): void => {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
};

const known = existsSync(textsFile) ? (read(textsFile) as Record<string, string>) : {};
const { manifest, texts } = extractManifest(
  read(manifestFile) as Parameters<typeof extractManifest>[0],
  known,
);
write(manifestFile, manifest);
write(textsFile, texts);
const added = Object.keys(texts).filter(key => known[key] !== texts[key]);
console.log(`${String(Object.keys(texts).length)} texts, ${String(added.length)} of them new or changed:`);
for (const key of added) console.log(`  ${key}`);
