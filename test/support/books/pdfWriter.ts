import { createCipheriv, createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';

/** What a PDF is made of. Objects are numbered by their key; a stream has its dictionary's entries and its data. */
export type PdfPart = string | { readonly dictionary: string; readonly data: Buffer };

export interface PdfDocument {
  /** Entries of the Info dictionary; none without it. */
  readonly info?: string;
  /** Entries of the catalog, besides those that it needs. */
  readonly catalog?: string;
  readonly xmp?: string | Buffer;
}

export type PdfLayout = 'table' | 'streams' | 'hybrid';

const catalogNumber = 1;
const infoNumber = 4;
const xmpNumber = 5;

/** The objects of a document with one empty page. */
export function pdfParts({ info, catalog = '', xmp }: PdfDocument): Map<number, PdfPart> {
  const metadata = xmp === undefined ? '' : ` /Metadata ${String(xmpNumber)} 0 R`;
  const parts = new Map<number, PdfPart>([
    [catalogNumber, `<< /Type /Catalog /Pages 2 0 R${metadata} ${catalog} >>`],
    [2, '<< /Type /Pages /Kids [3 0 R] /Count 1 >>'],
    [3, '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 300] >>'],
  ]);
  if (info !== undefined) parts.set(infoNumber, `<< ${info} >>`);
  if (xmp !== undefined) {
    parts.set(xmpNumber, { dictionary: '/Type /Metadata /Subtype /XML', data: Buffer.from(xmp) });
  }
  return parts;
}

export function makePdfBook(document: PdfDocument, layout: PdfLayout = 'table'): Buffer {
  return layPdf(pdfParts(document), layout);
}

/** @param trailer entries besides Size, Root and Info */
export function layPdf(parts: ReadonlyMap<number, PdfPart>, layout: PdfLayout, trailer = ''): Buffer {
  const file = new PdfBytes(`%PDF-1.5\n%\xe2\xe3\xcf\xd3\n`);
  const root = `/Root ${String(catalogNumber)} 0 R${parts.has(infoNumber) ? ` /Info ${String(infoNumber)} 0 R` : ''} ${trailer}`;
  if (layout === 'table') {
    for (const [number, part] of parts) file.object(number, part);
    return file.withTable(root);
  }
  // What a reader of tables alone needs of a page stays in the open where there is a table.
  const isInStream = (number: number): boolean => layout === 'streams' || number >= infoNumber;
  const inStream = [...parts].filter(
    (entry): entry is [number, string] => typeof entry[1] === 'string' && isInStream(entry[0]),
  );
  for (const [number, part] of parts) {
    if (typeof part !== 'string' || !isInStream(number)) file.object(number, part);
  }
  const streamNumber = Math.max(...parts.keys()) + 1;
  file.object(streamNumber, objectStream(inStream));
  const inside = new Map(inStream.map(([number], index) => [number, { stream: streamNumber, index }]));
  return layout === 'streams'
    ? file.withStream(streamNumber + 1, inside, root)
    : file.withBoth(streamNumber + 1, inside, root);
}

/** Saves again: other versions of some objects behind the whole file. */
export function appendToPdf(file: Buffer, parts: ReadonlyMap<number, PdfPart>): Buffer {
  const text = file.toString('latin1');
  const previous = /startxref\n(\d+)\n%%EOF\n$/.exec(text)?.[1] ?? '0';
  const bytes = new PdfBytes(text);
  for (const [number, part] of parts) bytes.object(number, part);
  return bytes.withTable(
    `/Root ${String(catalogNumber)} 0 R /Info ${String(infoNumber)} 0 R /Prev ${previous}`,
  );
}

export function xmpPacket(properties: string, description = ''): string {
  return (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>' +
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" ' +
    'xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/" xmlns:xmpidq="http://ns.adobe.com/xmp/Identifier/qual/1.0/" ' +
    'xmlns:calibre="http://calibre-ebook.com/xmp-namespace" xmlns:calibreSI="http://calibre-ebook.com/xmp-namespace-series-index" ' +
    `${description}>${properties}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`
  );
}

export function xmpTitle(title: string): string {
  return `<dc:title><rdf:Alt><rdf:li xml:lang="x-default">${title}</rdf:li></rdf:Alt></dc:title>`;
}

export function xmpList(property: string, items: readonly string[]): string {
  return `<${property}><rdf:Seq>${items.map(item => `<rdf:li>${item}</rdf:li>`).join('')}</rdf:Seq></${property}>`;
}

/** UTF-16 with its mark, as a hexadecimal string. */
export function utf16String(text: string): string {
  return `<${Buffer.from(`\ufeff${text}`, 'utf16le').swap16().toString('hex')}>`;
}

function objectStream(objects: readonly (readonly [number, string])[]): PdfPart {
  let head = '';
  let bodies = '';
  for (const [number, text] of objects) {
    head += `${String(number)} ${String(bodies.length)} `;
    bodies += `${text} `;
  }
  return {
    dictionary: `/Type /ObjStm /N ${String(objects.length)} /First ${String(head.length)} /Filter /FlateDecode`,
    data: deflateSync(Buffer.from(head + bodies, 'latin1')),
  };
}

type InStream = ReadonlyMap<number, { stream: number; index: number }>;

/** A file as it grows. Latin-1, so that a length in characters is one in bytes. */
class PdfBytes {
  #text: string;
  readonly #offsets = new Map<number, number>();

  constructor(start: string) {
    this.#text = start;
  }

  object(number: number, part: PdfPart): void {
    this.#offsets.set(number, this.#text.length);
    const content =
      typeof part === 'string'
        ? part
        : `<< ${part.dictionary} /Length ${String(part.data.length)} >>\nstream\n${part.data.toString('latin1')}\nendstream`;
    this.#text += `${String(number)} 0 obj\n${content}\nendobj\n`;
  }

  withTable(trailer: string): Buffer {
    return this.#end(this.#table(new Map(), trailer));
  }

  withStream(number: number, inside: InStream, trailer: string): Buffer {
    const start = this.#text.length;
    this.#crossReferences(number, inside, trailer);
    return this.#end(start);
  }

  /** For readers old and new: a table that calls free what only the stream knows. */
  withBoth(number: number, inside: InStream, trailer: string): Buffer {
    const stream = this.#text.length;
    this.#crossReferences(number, inside, trailer);
    return this.#end(this.#table(inside, `${trailer} /XRefStm ${String(stream)}`));
  }

  #table(inside: InStream, trailer: string): number {
    const start = this.#text.length;
    const numbers = [...this.#offsets.keys(), ...inside.keys()].sort((a, b) => a - b);
    this.#text += 'xref\n0 1\n0000000000 65535 f \n';
    for (const number of numbers) {
      const at = this.#offsets.get(number);
      const entry = at === undefined ? '0000000000 00000 f ' : `${String(at).padStart(10, '0')} 00000 n `;
      this.#text += `${String(number)} 1\n${entry}\n`;
    }
    this.#text += `trailer\n<< /Size ${String((numbers.at(-1) ?? 0) + 1)} ${trailer} >>\n`;
    return start;
  }

  /** With the predictor that all writers use: every byte as the difference to the one above. */
  #crossReferences(number: number, inside: InStream, trailer: string): void {
    const numbers = [...this.#offsets.keys(), ...inside.keys(), number].sort((a, b) => a - b);
    this.#offsets.set(number, this.#text.length);
    const rows: Buffer[] = [];
    let above = Buffer.alloc(7);
    for (const each of numbers) {
      const place = inside.get(each);
      const row = Buffer.alloc(7);
      row.writeUInt8(place ? 2 : 1, 0);
      row.writeUInt32BE(place ? place.stream : (this.#offsets.get(each) ?? 0), 1);
      row.writeUInt16BE(place ? place.index : 0, 5);
      const last = above;
      rows.push(Buffer.from([2, ...row.map((byte, index) => byte - (last[index] ?? 0))]));
      above = row;
    }
    const index = numbers.map(each => `${String(each)} 1`).join(' ');
    this.object(number, {
      dictionary:
        `/Type /XRef /Size ${String(number + 1)} /W [1 4 2] /Index [${index}] ${trailer} ` +
        '/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 7 >>',
      data: deflateSync(Buffer.concat(rows)),
    });
  }

  #end(start: number): Buffer {
    return Buffer.from(`${this.#text}startxref\n${String(start)}\n%%EOF\n`, 'latin1');
  }
}

export const pdfEncryptions = [
  'RC4 of 40 bits',
  'RC4 of 128 bits',
  'AES of 128 bits',
  'AES of 256 bits',
] as const;
export type PdfEncryptionKind = (typeof pdfEncryptions)[number];

const padding = Buffer.from('28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a', 'hex');
const id = Buffer.from('00112233445566778899aabbccddeeff', 'hex');

/** A document with title and author in Info that is encrypted with this user password. */
export function makeEncryptedPdf(
  kind: PdfEncryptionKind,
  userPassword: string,
  { title, author, xmp }: { title: string; author: string; xmp?: string },
): Buffer {
  const { encrypt, dictionary } =
    kind === 'AES of 256 bits' ? aes256(userPassword) : keyOf40To128(kind, userPassword);
  const hex = (text: string): string =>
    `<${encrypt(infoNumber, Buffer.from(text, 'latin1')).toString('hex')}>`;
  const parts = pdfParts({
    info: `/Title ${hex(title)} /Author ${hex(author)}`,
    ...(xmp === undefined ? {} : { xmp: encrypt(xmpNumber, Buffer.from(xmp)) }),
  });
  const encryptNumber = Math.max(...parts.keys()) + 1;
  parts.set(encryptNumber, dictionary);
  const ids = `<${id.toString('hex')}>`;
  return layPdf(parts, 'table', `/ID [${ids} ${ids}] /Encrypt ${String(encryptNumber)} 0 R`);
}

interface Encryption {
  encrypt: (number: number, bytes: Buffer) => Buffer;
  dictionary: string;
}

function keyOf40To128(kind: Exclude<PdfEncryptionKind, 'AES of 256 bits'>, userPassword: string): Encryption {
  const revision = { 'RC4 of 40 bits': 2, 'RC4 of 128 bits': 3, 'AES of 128 bits': 4 }[kind];
  const length = revision === 2 ? 5 : 16;
  const padded = Buffer.concat([Buffer.from(userPassword, 'latin1'), padding]).subarray(0, 32);
  // Made of the owner's password, which nobody here ever uses.
  const owner = createHash('sha256').update('owner').digest();
  const permissions = Buffer.alloc(4);
  permissions.writeInt32LE(-44);
  let key = md5(padded, owner, permissions, id);
  if (revision >= 3) for (let round = 0; round < 50; round++) key = md5(key);
  key = key.subarray(0, length);
  let user = revision === 2 ? rc4(key, padding) : md5(padding, id);
  if (revision >= 3) {
    const first = key;
    for (let round = 0; round < 20; round++) user = rc4(Buffer.from(first.map(byte => byte ^ round)), user);
    user = Buffer.concat([user, Buffer.alloc(16)]);
  }
  const objectKey = (number: number, salt: string): Buffer =>
    md5(key, Buffer.from([number, 0, 0, 0, 0]), Buffer.from(salt, 'latin1')).subarray(
      0,
      Math.min(16, length + 5),
    );
  const filters =
    revision === 4
      ? '/V 4 /CF << /StdCF << /CFM /AESV2 /AuthEvent /DocOpen /Length 16 >> >> /StmF /StdCF /StrF /StdCF'
      : `/V ${String(revision - 1)}`;
  return {
    encrypt: (number, bytes) =>
      revision === 4
        ? aesCbc('aes-128-cbc', objectKey(number, 'sAlT'), bytes)
        : rc4(objectKey(number, ''), bytes),
    dictionary: `<< /Filter /Standard ${filters} /R ${String(revision)} /Length ${String(length * 8)} /P -44 /O <${owner.toString('hex')}> /U <${user.toString('hex')}> >>`,
  };
}

/** Revision 5, the first one of this length. */
function aes256(userPassword: string): Encryption {
  const key = createHash('sha256').update('a key of 256 bits').digest();
  const password = Buffer.from(userPassword);
  const user = Buffer.concat([sha256(password, Buffer.from('validate')), Buffer.from('validatekey salt')]);
  const wrapping = createCipheriv('aes-256-cbc', sha256(password, Buffer.from('key salt')), Buffer.alloc(16));
  const userKey = wrapping.setAutoPadding(false).update(key);
  const unused = Buffer.alloc(48, 1).toString('hex');
  return {
    encrypt: (_, bytes) => aesCbc('aes-256-cbc', key, bytes),
    dictionary:
      '<< /Filter /Standard /V 5 /R 5 /Length 256 /P -44 /CF << /StdCF << /CFM /AESV3 /AuthEvent /DocOpen /Length 32 >> >> ' +
      `/StmF /StdCF /StrF /StdCF /U <${user.toString('hex')}> /UE <${userKey.toString('hex')}> ` +
      `/O <${unused}> /OE <${unused.slice(0, 64)}> /Perms <${unused.slice(0, 32)}> >>`,
  };
}

function aesCbc(algorithm: 'aes-128-cbc' | 'aes-256-cbc', key: Buffer, bytes: Buffer): Buffer {
  const start = Buffer.from('0123456789abcdef', 'latin1');
  const cipher = createCipheriv(algorithm, key, start);
  return Buffer.concat([start, cipher.update(bytes), cipher.final()]);
}

/** Encrypts as it decrypts. */
function rc4(key: Buffer, bytes: Buffer): Buffer {
  const state = Array.from({ length: 256 }, (_, index) => index);
  for (let i = 0, j = 0; i < 256; i++) {
    j = (j + state[i]! + key[i % key.length]!) % 256;
    [state[i], state[j]] = [state[j]!, state[i]!];
  }
  let i = 0;
  let j = 0;
  return Buffer.from(
    bytes.map(byte => {
      i = (i + 1) % 256;
      j = (j + state[i]!) % 256;
      [state[i], state[j]] = [state[j]!, state[i]!];
      return byte ^ state[(state[i]! + state[j]!) % 256]!;
    }),
  );
}

function md5(...parts: Buffer[]): Buffer {
  return createHash('md5').update(Buffer.concat(parts)).digest();
}

function sha256(...parts: Buffer[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest();
}
