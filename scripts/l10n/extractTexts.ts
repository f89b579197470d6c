// node scripts/l10n/extractTexts.ts
//
// Writes l10n/bundle.l10n.json, the texts of the code that VS Code translates; takes out of the other languages
// what is in use no more; and lists what they lack, and what is shown to people without being translated.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { rootFolder } from '../paths.ts';
import { findTexts } from './codeTexts.ts';

const folder = path.join(rootFolder, 'l10n');
const write = (name: string, texts: Readonly<Record<string, string>>): void => {
  writeFileSync(path.join(folder, name), `${JSON.stringify(texts, null, 2)}\n`);
};

const { translated, unknown, plain } = findTexts(['src/**/*.ts']);
write('bundle.l10n.json', Object.fromEntries(translated.map(text => [text, text])));
console.log(`${String(translated.length)} texts are translated.`);
for (const name of globSync('bundle.l10n.*.json', { cwd: folder }).sort()) {
  const known = JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as Record<string, string>;
  const kept = translated.flatMap(text => (known[text] === undefined ? [] : [[text, known[text]] as const]));
  write(name, Object.fromEntries(kept));
  for (const text of translated.filter(text => known[text] === undefined))
    console.log(`  ${name} lacks: ${text}`);
}
for (const { place, text } of unknown) console.log(`${place} translates what is no plain text: ${text}`);
const shown = plain.filter(({ place }) => /^src\/(views|commands|[^/]+\.ts)/.test(place));
for (const { place, text } of shown) console.log(`${place} shows what is not translated: ${text}`);
