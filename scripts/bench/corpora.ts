// The tars that the benches read. They are made once, the same bytes for the same version of Node, and kept:
//   node scripts/bench/corpora.ts [large] [small] [texts] [million] [long] [--quick]
//
//   large     two tars of 1.5 GB with 1,460 books each; sizes are lognormal with a median of about 0.7 MB; EPUB, PDF,
//             and some FB2, TXT and MOBI; quick: two of 100 MB
//   long      eight such tars, 12 GB: only made where it is named; quick: eight of 100 MB
//   small     one tar of 100,000 books of 2 KB; quick: 10,000
//   texts     the same with texts only, which have no metadata to be read
//   million   one tar of a million texts of some ten bytes; quick: 100,000
//
// They lie in TARSHELF_BENCH_FOLDER, by default tarshelf-bench in the folder for temporary files.
import { createCipheriv, createHash, type Cipher } from 'node:crypto';
import { link, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { argv } from 'node:process';
import { deflateRawSync } from 'node:zlib';
import { strToU8, zipSync, type Zippable } from 'fflate';
import { catalogue, type CatalogueEntry } from '../../src/samples/catalogue.ts';
import { makeMobi } from '../../src/samples/mobi.ts';
import { writeParagraphs } from '../../src/samples/prose.ts';
import { authorName, escapeXml } from '../../src/samples/sampleBook.ts';
import { SeededRandom } from '../../src/samples/seededRandom.ts';
import { encodeMember } from '../../src/samples/tarWriter.ts';

/** Goes up with every change of what is in the tars, so that older ones are made anew. */
const version = 1;
const blockSize = 512;
const mtime = new Date('2024-01-15T12:00:00Z');

export const corpusNames = ['large', 'small', 'texts', 'million', 'long'] as const;
export type CorpusName = (typeof corpusNames)[number];

export interface Corpus {
  readonly name: CorpusName;
  /** A source folder with all its tars, and one with only the first of them. */
  readonly folder: string;
  readonly firstFolder: string;
  readonly tars: readonly string[];
  readonly members: number;
  /** Of the tars. */
  readonly bytes: number;
}

interface Plan {
  readonly tars: number;
  readonly membersInTar: number;
  readonly body: (books: Books, index: number) => { name: string; body: Uint8Array };
  /** What the bodies of one tar sum up to; without it they are as long as they are. */
  readonly bytesInTar?: number;
}

export function benchFolder(): string {
  return resolve(process.env['TARSHELF_BENCH_FOLDER'] ?? join(tmpdir(), 'tarshelf-bench'));
}

/** The corpus, made now unless it is there and whole. */
export async function corpus(name: CorpusName, quick: boolean): Promise<Corpus> {
  const root = join(benchFolder(), quick ? `${name}-quick` : name);
  const marker = join(root, 'whole.json');
  const plan = planOf(name, quick);
  const present = await readMarker(marker);
  if (present !== undefined) return present;
  await rm(root, { recursive: true, force: true });
  const folder = join(root, 'tars');
  const firstFolder = join(root, 'first');
  await mkdir(folder, { recursive: true });
  await mkdir(firstFolder);
  const tars: string[] = [];
  let bytes = 0;
  for (let tar = 0; tar < plan.tars; tar++) {
    const path = join(folder, `books-${String(tar + 1)}.tar`);
    bytes += await writeTar(path, plan, new Books(`${name} ${String(tar)}`));
    tars.push(path);
    if (tar === 0) await link(path, join(firstFolder, 'books-1.tar'));
  }
  const made: Corpus = { name, folder, firstFolder, tars, members: plan.tars * plan.membersInTar, bytes };
  await writeFile(marker, JSON.stringify({ version, ...made }));
  return made;
}

async function readMarker(path: string): Promise<Corpus | undefined> {
  try {
    const marker = JSON.parse(await readFile(path, 'utf8')) as Corpus & { version: number };
    return marker.version === version ? marker : undefined;
  } catch {
    return undefined;
  }
}

function planOf(name: CorpusName, quick: boolean): Plan {
  switch (name) {
    case 'large':
    case 'long':
      return {
        tars: name === 'long' ? 8 : 2,
        membersInTar: quick ? 97 : 1460,
        bytesInTar: quick ? 100e6 : 1.5e9,
        body: (books, index) => books.large(index),
      };
    case 'small':
      return { tars: 1, membersInTar: quick ? 10_000 : 100_000, body: (books, index) => books.small(index) };
    case 'texts':
      return { tars: 1, membersInTar: quick ? 10_000 : 100_000, body: (books, index) => books.short(index) };
    case 'million':
      return {
        tars: 1,
        membersInTar: quick ? 100_000 : 1_000_000,
        body: (books, index) => books.tiny(index),
      };
    default:
      return name satisfies never;
  }
}

/** @returns the size of the tar */
async function writeTar(path: string, plan: Plan, books: Books): Promise<number> {
  if (plan.bytesInTar !== undefined) books.drawSizes(plan.membersInTar, plan.bytesInTar);
  const headers = new MemberHeaders();
  const file = await open(path, 'w');
  try {
    let chunks: Uint8Array[] = [];
    let waiting = 0;
    let written = 0;
    const flush = async (): Promise<void> => {
      const buffer = Buffer.concat(chunks);
      chunks = [];
      waiting = 0;
      written += buffer.length;
      await file.writeFile(buffer);
    };
    for (let index = 0; index < plan.membersInTar; index++) {
      const { name, body } = plan.body(books, index);
      const padding = (blockSize - (body.length % blockSize)) % blockSize;
      chunks.push(headers.of(name, body.length), body, Buffer.alloc(padding));
      waiting += blockSize + body.length + padding;
      if (waiting >= 8e6) await flush();
    }
    chunks.push(Buffer.alloc(2 * blockSize));
    await flush();
    return written;
  } finally {
    await file.close();
  }
}

/** Headers of members with short names, made by changing one of the tar writer's: there are millions of them. */
export class MemberHeaders {
  readonly #template = encodeMember({ name: '-', body: new Uint8Array(0), mtime }, 'gnu');
  readonly #sum: number;

  constructor() {
    this.#template.fill(0, 0, 100);
    this.#template.fill(0x20, 124, 136);
    this.#template.fill(0x20, 148, 156);
    this.#sum = this.#template.subarray(0, 124).reduce((sum, byte) => sum + byte, 0);
    this.#sum += this.#template.subarray(136).reduce((sum, byte) => sum + byte, 0);
  }

  of(name: string, size: number): Buffer {
    const block = Buffer.from(this.#template);
    const nameBytes = block.write(name, 0, 100, 'utf8');
    if (nameBytes === 100) throw new RangeError(`${name}: too long for a member of a bench`);
    block.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
    let sum = this.#sum;
    for (let at = 0; at < nameBytes; at++) sum += block[at] ?? 0;
    for (let at = 124; at < 136; at++) sum += block[at] ?? 0;
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    return block;
  }
}

/** Lognormal: with this spread the mean is half as large again as the median, as it is in collections of books. */
const spread = 0.879;

export function lognormal(random: SeededRandom, median: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  return median * Math.exp(spread * normal);
}

const pool: readonly { readonly work: CatalogueEntry; readonly paragraphs: readonly string[] }[] =
  catalogue.map(work => ({
    work,
    paragraphs: writeParagraphs(work.language, 40, new SeededRandom(work.title)),
  }));

const container =
  '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>';

/** The books of one tar. No two have the same bytes, as each has its number in it. */
class Books {
  readonly #seed: string;
  readonly #random: SeededRandom;
  readonly #noise: Cipher;
  #sizes: number[] = [];

  constructor(seed: string) {
    this.#seed = seed;
    this.#random = new SeededRandom(seed);
    // A key stream is as good as random, comes at gigabytes a second, and is the same each time.
    const key = createHash('sha1').update(seed).digest().subarray(0, 16);
    this.#noise = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  }

  drawSizes(count: number, sum: number): void {
    const drawn = Array.from({ length: count }, () => lognormal(this.#random, 700_000));
    const scale = sum / drawn.reduce((all, size) => all + size, 0);
    this.#sizes = drawn.map(size => Math.max(20_000, Math.round(size * scale)));
  }

  large(index: number): { name: string; body: Uint8Array } {
    const { work, paragraphs } = this.#random.pick(pool);
    const size = this.#sizes[index] ?? 700_000;
    const title = `${work.title} ${this.#seed} ${String(index)}`;
    const share = this.#random.next();
    const [extension, body] =
      share < 0.6
        ? (['epub', this.#epub(work, title, paragraphs, size)] as const)
        : share < 0.9
          ? (['pdf', this.#pdf(work, title, size)] as const)
          : share < 0.94
            ? (['fb2', this.#fb2(work, title, paragraphs, size)] as const)
            : share < 0.97
              ? (['txt', this.#text(title, paragraphs, size)] as const)
              : (['mobi', this.#mobi(work, title, paragraphs, size)] as const);
    // Collections number their books as often as they name them: every other is known by its bytes only. A text is not.
    const number = String(16_470_000 + index);
    return { name: `books/${number}${index % 2 === 0 && extension !== 'txt' ? '' : `.${extension}`}`, body };
  }

  small(index: number): { name: string; body: Uint8Array } {
    const { work, paragraphs } = this.#random.pick(pool);
    const title = `${work.title} ${this.#seed} ${String(index)}`;
    const size = 2048;
    switch (index % 3) {
      case 0:
        return { name: `books/${String(index)}.txt`, body: this.#text(title, paragraphs, size) };
      case 1:
        return {
          name: `books/${String(index)}.fb2`,
          body: this.#fb2(work, title, paragraphs.slice(0, 1), size),
        };
      default:
        return { name: `books/${String(index)}.epub`, body: this.#epub(work, title, [], size) };
    }
  }

  short(index: number): { name: string; body: Uint8Array } {
    const { work, paragraphs } = this.#random.pick(pool);
    const title = `${work.title} ${this.#seed} ${String(index)}`;
    return { name: `books/${String(index)}.txt`, body: this.#text(title, paragraphs, 2048) };
  }

  tiny(index: number): { name: string; body: Uint8Array } {
    return { name: `${String(index)}.txt`, body: Buffer.from(`book ${String(index)}`) };
  }

  #bytes(length: number): Buffer {
    return this.#noise.update(Buffer.alloc(length));
  }

  #epub(work: CatalogueEntry, title: string, paragraphs: readonly string[], size: number): Uint8Array {
    const entries: Zippable = {
      mimetype: [strToU8('application/epub+zip'), { level: 0 }],
      'META-INF/container.xml': [strToU8(container), { level: 1 }],
    };
    const chapters = paragraphs.length === 0 ? 0 : 5;
    const each = Math.ceil(paragraphs.length / 5);
    for (let chapter = 0; chapter < chapters; chapter++) {
      const text = paragraphs
        .slice(chapter * each, (chapter + 1) * each)
        .map(line => `<p>${escapeXml(line)}</p>\n`);
      const page = `<?xml version="1.0" encoding="UTF-8"?>\n<html xmlns="http://www.w3.org/1999/xhtml"><head><title>${escapeXml(title)}</title></head><body>\n${text.join('')}</body></html>\n`;
      entries[`OEBPS/chapter${String(chapter)}.xhtml`] = [strToU8(page), { level: 1 }];
    }
    const authors = work.authors.map(author => `<dc:creator>${escapeXml(authorName(author))}</dc:creator>`);
    const opf = (items: string): string =>
      `<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="2.0" unique-identifier="id"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">${escapeXml(title)}</dc:identifier><dc:title>${escapeXml(title)}</dc:title>${authors.join('')}<dc:language>${work.language}</dc:language></metadata><manifest>${items}</manifest><spine/></package>`;
    if (chapters === 0) {
      entries['OEBPS/content.opf'] = [strToU8(opf('')), { level: 1 }];
      // Its length without the filling, which is stored as it is.
      entries['fill.jpg'] = [new Uint8Array(0), { level: 0 }];
      const bare = zipSync(entries, { mtime }).length;
      entries['fill.jpg'] = [this.#bytes(Math.max(0, size - bare)), { level: 0 }];
      return zipSync(entries, { mtime });
    }
    const items = Object.keys(entries)
      .filter(name => name.startsWith('OEBPS/'))
      .map(
        name =>
          `<item id="${name.slice(6, -6)}" href="${name.slice(6)}" media-type="application/xhtml+xml"/>`,
      );
    let left = size - 10_000;
    for (let image = 0; left > 0; image++) {
      const length = Math.min(left, this.#random.integer(20_000, 300_000));
      entries[`OEBPS/image${String(image)}.jpg`] = [this.#bytes(length), { level: 0 }];
      items.push(`<item id="i${String(image)}" href="image${String(image)}.jpg" media-type="image/jpeg"/>`);
      left -= length;
    }
    entries['OEBPS/content.opf'] = [strToU8(opf(items.join(''))), { level: 1 }];
    return zipSync(entries, { mtime });
  }

  #pdf(work: CatalogueEntry, title: string, size: number): Buffer {
    const chunks: Buffer[] = [Buffer.from('%PDF-1.4\n%\u00e2\u00e3\u00cf\u00d3\n', 'latin1')];
    let at = chunks[0]?.length ?? 0;
    const offsets: number[] = [];
    const object = (...parts: Buffer[]): void => {
      offsets.push(at);
      const number = Buffer.from(`${String(offsets.length)} 0 obj\n`);
      for (const part of [number, ...parts, Buffer.from('\nendobj\n')]) {
        chunks.push(part);
        at += part.length;
      }
    };
    const text = (value: string): string => `<FEFF${Buffer.from(value, 'utf16le').swap16().toString('hex')}>`;
    object(Buffer.from('<< /Type /Catalog /Pages 2 0 R >>'));
    object(Buffer.from('<< /Type /Pages /Kids [4 0 R] /Count 1 >>'));
    object(
      Buffer.from(
        `<< /Title ${text(title)} /Author ${text(work.authors.map(authorName).join(' & '))} /Producer (Tarshelf) >>`,
      ),
    );
    object(Buffer.from('<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R >>'));
    const page = deflateRawSync(
      Buffer.from(`BT /F1 11 Tf 60 782 Td (${title.replaceAll(/[^ \w]/g, '')}) Tj ET`),
    );
    object(Buffer.from(`<< /Length ${String(page.length)} >>\nstream\n`), page, Buffer.from('\nendstream'));
    while (at < size - 500) {
      const length = Math.min(size - at, this.#random.integer(20_000, 300_000));
      object(
        Buffer.from(
          `<< /Type /XObject /Subtype /Image /Width 100 /Height 100 /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode /Length ${String(length)} >>\nstream\n`,
        ),
        this.#bytes(length),
        Buffer.from('\nendstream'),
      );
    }
    const rows = offsets.map(offset => `${String(offset).padStart(10, '0')} 00000 n \n`);
    const count = String(offsets.length + 1);
    chunks.push(
      Buffer.from(
        `xref\n0 ${count}\n0000000000 65535 f \n${rows.join('')}trailer\n<< /Size ${count} /Root 1 0 R /Info 3 0 R >>\nstartxref\n${String(at)}\n%%EOF\n`,
      ),
    );
    return Buffer.concat(chunks);
  }

  #fb2(work: CatalogueEntry, title: string, paragraphs: readonly string[], size: number): Buffer {
    const authors = work.authors.map(
      ({ first, last }) =>
        `<author><first-name>${escapeXml(first)}</first-name><last-name>${escapeXml(last)}</last-name></author>`,
    );
    const head = `<?xml version="1.0" encoding="utf-8"?>\n<FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0"><description><title-info><genre>prose_classic</genre>${authors.join('')}<book-title>${escapeXml(title)}</book-title><lang>${work.language}</lang></title-info></description><body><section>${paragraphs.map(line => `<p>${escapeXml(line)}</p>\n`).join('')}</section></body><binary id="cover.jpg" content-type="image/jpeg">`;
    const tail = '</binary></FictionBook>\n';
    const room = Math.max(0, size - Buffer.byteLength(head) - tail.length);
    return Buffer.from(
      head +
        this.#bytes(Math.ceil(room * 0.75))
          .toString('base64')
          .slice(0, room) +
        tail,
    );
  }

  #text(title: string, paragraphs: readonly string[], size: number): Buffer {
    const text = Buffer.alloc(size, ' ');
    let at = text.write(`${title}\n\n`, 'utf8');
    // A character that does not fit is left out by write, so that no text ends within one.
    while (at < size - 8) at += text.write(`${this.#random.pick(paragraphs)}\n`, at, 'utf8');
    return text;
  }

  #mobi(work: CatalogueEntry, title: string, paragraphs: readonly string[], size: number): Buffer {
    const { authors, language } = work;
    const text = makeMobi({ title, authors, language, paragraphs: [...paragraphs] });
    // Its pictures would be records of their own; here they are the end of the last.
    return Buffer.concat([text, this.#bytes(Math.max(0, size - text.length))]);
  }
}

if (import.meta.main) {
  const names = argv.slice(2).filter(argument => argument !== '--quick');
  const unknown = names.find(name => !corpusNames.some(known => known === name));
  if (unknown !== undefined) {
    console.error(`corpora: ${unknown} is none of ${corpusNames.join(', ')}; --quick makes small ones`);
    process.exitCode = 2;
  } else {
    const chosen = corpusNames.filter(name => (names.length === 0 ? name !== 'long' : names.includes(name)));
    for (const name of chosen) {
      const started = performance.now();
      const { folder, members, bytes } = await corpus(name, argv.includes('--quick'));
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      console.log(`${folder}: ${String(members)} members, ${(bytes / 1e6).toFixed(0)} MB (${seconds} s)`);
    }
  }
}
