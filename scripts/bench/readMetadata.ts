// How long it takes to read a book's metadata, from the worker to its reading thread and back:
//   node scripts/bench/readMetadata.ts
// Books of 1 MB already in memory, formats in turn, the median of each.
import { cpus } from 'node:os';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { strToU8, zipSync } from 'fflate';
import { MetadataThread } from '../../src/engine/bodies/metadataThread.ts';
import { makeFb2 } from '../../src/samples/fb2.ts';
import { makeMobi } from '../../src/samples/mobi.ts';
import { rootFolder } from '../paths.ts';

const rounds = 200;
const sizeBytes = 1024 * 1024;
const container =
  '<container><rootfiles><rootfile full-path="b.opf" media-type="application/oebps-package+xml"/></rootfiles></container>';
const opf =
  '<package><metadata><dc:title>Emma</dc:title><dc:creator opf:role="aut" opf:file-as="Austen, Jane">Jane Austen</dc:creator><dc:language>en</dc:language></metadata></package>';

const paragraph = 'It is a truth universally acknowledged, that a single man must be in want. ';
const book = {
  title: 'Emma',
  authors: [{ first: 'Jane', last: 'Austen' }],
  language: 'en',
  paragraphs: Array.from({ length: 1000 }, () => paragraph.repeat(13)),
};
const chapters = Object.fromEntries(
  Array.from(
    { length: 30 },
    (_, n) => [`${String(n)}.xhtml`, [randomBytes(sizeBytes / 30), { level: 0 as const }]] as const,
  ),
);

const bodies = {
  epub: Buffer.from(
    zipSync({
      mimetype: [strToU8('application/epub+zip'), { level: 0 }],
      'META-INF/container.xml': strToU8(container),
      'b.opf': strToU8(opf),
      ...chapters,
    }),
  ),
  mobi: makeMobi(book),
  fb2: makeFb2(book),
} as const;

const thread = new MetadataThread(path.join(rootFolder, 'dist', 'metadataThread.js'));
const times: Record<keyof typeof bodies, number[]> = { epub: [], mobi: [], fb2: [] };
for (let round = 0; round < rounds; round++) {
  for (const format of ['epub', 'mobi', 'fb2'] as const) {
    const started = performance.now();
    const { title } = await thread.read(format, bodies[format], `a.${format}`);
    if (title !== 'Emma') throw new Error(`${format} was not read`);
    times[format].push(performance.now() - started);
  }
}
await thread.close();

console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${String(cpus().length)} cores`,
);
for (const format of ['epub', 'mobi', 'fb2'] as const) {
  const sorted = times[format].toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor((sorted.length - 1) * share)] ?? NaN).toFixed(2);
  const size = (bodies[format].length / sizeBytes).toFixed(2);
  console.log(`${format.padEnd(4)}  ${size} MB  median ${at(0.5)} ms  90 of 100 within ${at(0.9)} ms`);
}
