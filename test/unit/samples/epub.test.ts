import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, inflateRawSync } from 'node:zlib';
import { strFromU8, unzipSync } from 'fflate';
import { makeEpub } from '../../../src/samples/epub.ts';
import type { SampleBook } from '../../../src/samples/sampleBook.ts';

const book: SampleBook = {
  title: 'Мёртвые души & "others" <1>',
  authors: [
    { first: 'Николай', last: 'Гоголь' },
    { first: '', last: 'Voltaire' },
  ],
  language: 'ru',
  series: { name: 'Поэмы & прочее', index: 2 },
  paragraphs: ['Первый абзац.', 'a < b && c > "d"'],
};

interface ZipEntry {
  name: string;
  method: number;
  data: Buffer;
}

/** Reads local headers in their order, and holds each against its bytes and the central directory. */
function readZip(zip: Buffer): ZipEntry[] {
  const end = zip.length - 22;
  assert.equal(zip.readUInt32LE(end), 0x06054b50);
  const entries: ZipEntry[] = [];
  let local = 0;
  let central = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    assert.equal(zip.readUInt32LE(local), 0x04034b50);
    assert.equal(zip.readUInt32LE(central), 0x02014b50);
    assert.equal(zip.readUInt32LE(central + 42), local);
    const method = zip.readUInt16LE(local + 8);
    const storedSize = zip.readUInt32LE(local + 18);
    const nameLength = zip.readUInt16LE(local + 26);
    assert.equal(zip.readUInt16LE(local + 28), 0, 'no extra field');
    const name = zip.toString('latin1', local + 30, local + 30 + nameLength);
    const body = zip.subarray(local + 30 + nameLength, local + 30 + nameLength + storedSize);
    const data = method === 0 ? body : inflateRawSync(body);
    assert.equal(data.length, zip.readUInt32LE(local + 22));
    assert.equal(crc32(data), zip.readUInt32LE(local + 14));
    entries.push({ name, method, data });
    local += 30 + nameLength + storedSize;
    central += 46 + nameLength + zip.readUInt16LE(central + 30) + zip.readUInt16LE(central + 32);
  }
  assert.equal(central, end);
  return entries;
}

function assertWellFormed(xml: string, name: string): void {
  const open: string[] = [];
  for (const [, slash, tag, selfClosed] of xml.matchAll(/<(\/?)([A-Za-z][^\s/>]*)[^<>]*?(\/?)>/g)) {
    if (slash === '/') assert.equal(open.pop(), tag, name);
    else if (selfClosed !== '/' && tag !== undefined) open.push(tag);
  }
  assert.deepEqual(open, [], name);
  assert.doesNotMatch(xml, /&(?!amp;|lt;|gt;|quot;)/, name);
}

describe('makeEpub', () => {
  const epub = makeEpub(book);
  const entries = readZip(epub);
  const textOf = (name: string): string => {
    const found = entries.find(entry => entry.name === name);
    assert.ok(found, name);
    return found.data.toString('utf8');
  };

  it('has mimetype first, stored, where readers of magic bytes look for it', () => {
    assert.equal(entries[0]?.method, 0);
    assert.equal(epub.toString('latin1', 30, 58), 'mimetypeapplication/epub+zip');
  });

  it('leads from the container to a package whose files are all there', () => {
    const path = /full-path="([^"]+)"/.exec(textOf('META-INF/container.xml'))?.[1];
    assert.equal(path, 'OEBPS/content.opf');
    const opf = textOf(path);
    const hrefs = [...opf.matchAll(/<item [^>]*href="([^"]+)"/g)].map(match => `OEBPS/${match[1] ?? ''}`);
    const fixed = ['mimetype', 'META-INF/container.xml', 'OEBPS/content.opf'];
    assert.deepEqual([...fixed, ...hrefs].sort(), entries.map(entry => entry.name).sort());
    const ids = new Set([...opf.matchAll(/<item id="([^"]+)"/g)].map(match => match[1]));
    for (const [, id] of opf.matchAll(/(?:idref|toc)="([^"]+)"/g)) assert.ok(ids.has(id), id);
    assert.match(opf, /properties="nav"/);
    assert.match(opf, /version="3\.0"/);
  });

  it('tells title, authors, language and series', () => {
    const opf = textOf('OEBPS/content.opf');
    assert.match(opf, /<dc:title>Мёртвые души &amp; &quot;others&quot; &lt;1&gt;<\/dc:title>/);
    assert.match(opf, /<dc:creator id="creator1">Николай Гоголь<\/dc:creator>/);
    assert.match(opf, /<dc:creator id="creator2">Voltaire<\/dc:creator>/);
    assert.match(opf, /property="file-as">Гоголь, Николай</);
    assert.match(opf, /<dc:language>ru<\/dc:language>/);
    assert.match(opf, /name="calibre:series" content="Поэмы &amp; прочее"/);
    assert.match(opf, /property="group-position">2</);
  });

  it('is well-formed XML throughout, also with markup characters in the text', () => {
    for (const { name, data } of entries) {
      if (/\.(xml|opf|ncx|xhtml)$/.test(name)) assertWellFormed(data.toString('utf8'), name);
    }
    assert.match(textOf('OEBPS/text.xhtml'), /<p>a &lt; b &amp;&amp; c &gt; &quot;d&quot;<\/p>/);
  });

  it('names the same identifier in package and NCX', () => {
    const identifier = /<dc:identifier id="id">([^<]+)</.exec(textOf('OEBPS/content.opf'))?.[1];
    assert.match(
      identifier ?? '',
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    assert.ok(textOf('OEBPS/toc.ncx').includes(`content="${identifier ?? ''}"`));
  });

  it('has a PNG as its cover, whose chunks are whole', () => {
    const png = entries.find(entry => entry.name === 'OEBPS/cover.png')?.data ?? Buffer.alloc(0);
    assert.equal(png.toString('hex', 0, 8), '89504e470d0a1a0a');
    const types: string[] = [];
    for (let at = 8; at < png.length;) {
      const length = png.readUInt32BE(at);
      types.push(png.toString('latin1', at + 4, at + 8));
      assert.equal(crc32(png.subarray(at + 4, at + 8 + length)), png.readUInt32BE(at + 8 + length));
      at += 12 + length;
    }
    assert.deepEqual(types, ['IHDR', 'PLTE', 'IDAT', 'IEND']);
  });

  it('is a ZIP to other programs as well', () => {
    assert.equal(strFromU8(unzipSync(epub)['mimetype'] ?? new Uint8Array()), 'application/epub+zip');
    const folder = mkdtempSync(join(tmpdir(), 'epub-'));
    try {
      const path = join(folder, 'book.epub');
      writeFileSync(path, epub);
      const result = spawnSync('unzip', ['-t', path], { encoding: 'utf8' });
      // Not every machine has unzip; where it is, it must agree.
      if (result.error === undefined) assert.equal(result.status, 0, result.stdout + result.stderr);
      else assert.match(result.error.message, /ENOENT/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
