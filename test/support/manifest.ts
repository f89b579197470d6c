import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { withTexts } from '../../scripts/l10n/manifestTexts.ts';
import { rootFolder } from '../../scripts/paths.ts';

/** The manifest as VS Code shows it in English: with its texts in the places of their keys. */
export function readManifest(): unknown {
  return withTexts(readJson('package.json'), readTexts('package.nls.json'));
}

/** Texts by their keys; none where there is no such file. */
export function readTexts(file: string): Record<string, string> {
  return existsSync(path.join(rootFolder, file)) ? (readJson(file) as Record<string, string>) : {};
}

export function readJson(file: string): unknown {
  return JSON.parse(readFileSync(path.join(rootFolder, file), 'utf8'));
}
