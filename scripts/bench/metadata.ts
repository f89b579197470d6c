// What the metadata of the books in a corpus cost, beside reading them:
//   node scripts/bench/metadata.ts [large | small] [none | here | thread] [epub] [pdf] [fb2] [mobi] [--quick]
//
//   none     it is looked at what they are, and nothing else is done with them
//   here     and their metadata are read in the same thread, so that a profile of it shows what they cost
//   thread   and their metadata are read in a worker's thread for that (default), a batch at a time
//
// Where formats are named, no others are read. Prints processor time and the largest resident memory: what metadata cost is
// the difference to none. Goes with --cpu-prof, --heap-prof and --trace-gc.
import { join } from 'node:path';
import { argv } from 'node:process';
import { openArchive } from '../../src/engine/archive/openArchive.ts';
import { correctedBook, detectBook } from '../../src/engine/books/bookType.ts';
import { canRead, largestBookRead } from '../../src/engine/books/metadata/readableFormats.ts';
import { readMetadata, type BookBody } from '../../src/engine/books/metadata/readMetadata.ts';
import { MemberBytes } from '../../src/engine/bodies/memberBytes.ts';
import { MetadataThread } from '../../src/engine/bodies/metadataThread.ts';
import { bookFormats, type BookFormat } from '../../src/protocol/bookFormat.ts';
import { rootFolder } from '../paths.ts';
import { corpus } from './corpora.ts';

/** A batch of a worker. */
const batchSize = 32;
const largestBatch = 8 * 1024 * 1024;
const ways = ['none', 'here', 'thread'] as const;

const name = argv.includes('small') ? 'small' : 'large';
const chosen = bookFormats.filter(format => argv.includes(format));
const way = ways.find(known => argv.includes(known)) ?? 'thread';
const isChosen = (format: BookFormat): boolean => chosen.length === 0 || chosen.includes(format);
const thread = new MetadataThread(join(rootFolder, 'dist', 'metadataThread.js'));
const largest = { external: 0, arrayBuffers: 0, heapTotal: 0 };
const { tars } = await corpus(name, argv.includes('--quick'));

let books = 0;
let read = 0;
let batch: { format: BookFormat; body: BookBody; name: string }[] = [];
let batchBytes = 0;

async function readBatch(): Promise<void> {
  const whole = batch;
  batch = [];
  batchBytes = 0;
  await Promise.all(whole.map(({ format, body, name: member }) => thread.read(format, body, member)));
}

const before = process.cpuUsage();
for (const tar of tars) {
  const archive = await openArchive(tar, rootFolder);
  for await (const member of archive.members()) {
    const detection = await detectBook(member.name, new MemberBytes(member));
    if (detection.kind !== 'book' || member.sizeBytes > largestBookRead) continue;
    const corrected = await correctedBook(detection.format, new MemberBytes(member));
    const body = member.place ?? (await member.read(0, member.sizeBytes));
    books++;
    const format = corrected.kind === 'book' ? corrected.format : detection.format;
    if (way !== 'none' && canRead(format, member.sizeBytes) && isChosen(format)) {
      read++;
      if (way === 'here') await readMetadata(format, body, member.name);
      else {
        batchBytes += member.sizeBytes;
        batch.push({ format, body, name: member.name });
        if (batchBytes >= largestBatch || batch.length >= batchSize) await readBatch();
      }
    }
    if (books % 500 === 0) {
      const usage = process.memoryUsage();
      for (const kind of ['external', 'arrayBuffers', 'heapTotal'] as const)
        largest[kind] = Math.max(largest[kind], usage[kind]);
    }
  }
  await readBatch();
  await archive.close();
}
await thread.close();

const { user, system } = process.cpuUsage(before);
const milliseconds = (user + system) / 1000;
const mb = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MB`;
console.log(
  `${name}, ${way}: ${String(books)} books, metadata of ${String(read)}, ${(milliseconds / 1000).toFixed(2)} s of processor time; ` +
    `resident at most ${mb(process.resourceUsage().maxRSS * 1024)}; heap ${mb(largest.heapTotal)}, ` +
    `external ${mb(largest.external)}, of that buffers ${mb(largest.arrayBuffers)}`,
);
