import { strToU8, zipSync } from 'fflate';
import type { BookFormat } from '../../../src/protocol/bookFormat.ts';
import { SeededRandom } from '../../../src/samples/seededRandom.ts';
import { encode, fb2Text, mobiOf } from './madeBooks.ts';

/** A book whose description does not fit into the first piece that is read of it, or is cut off within. */
export interface BulkyBook {
  readonly name: string;
  readonly format: BookFormat;
  readonly body: Buffer;
  /** Undefined where the book goes by its name. */
  readonly title: string | undefined;
}

const text = Buffer.alloc(3_000_000, 'The text of the book, which nobody has to read. ');
const fb2Title = 'Преступление и наказание';
/** Letters of two bytes each in UTF-8, so that one of two lengths has a letter at the end of every piece. */
const comment = (length: number): string => `<!--${'Ы'.repeat(length)}-->`;

function utf16(of: string, order: 'le' | 'be'): Buffer {
  const bytes = Buffer.from(`\ufeff${of}`, 'utf16le');
  return order === 'le' ? bytes : bytes.swap16();
}

function fb2s(): BulkyBook[] {
  const long = [2040, 2047, 2048, 4090, 4096, 5000, 10_000, 20_000, 100_000].flatMap(length => [
    [`UTF-8 behind a comment of ${String(length)} letters`, Buffer.from(fb2Text('utf-8', comment(length)))],
    [`UTF-8 a byte further, ${String(length)}`, Buffer.from(fb2Text('utf-8', ` ${comment(length)}`))],
    [`windows-1251, ${String(length)}`, encode(fb2Text('windows-1251', comment(length)), 'windows-1251')],
    [`UTF-16LE, ${String(length)}`, utf16(fb2Text('utf-16', comment(length)), 'le')],
    [`UTF-16BE, ${String(length)}`, utf16(fb2Text('utf-16', comment(length)), 'be')],
    [`Shift_JIS, ${String(length)}`, Buffer.from(fb2Text('shift_jis', `<!--${'a'.repeat(length)}-->`))],
  ]) as [string, Buffer][];
  const letters = 'Заглавие'.repeat(900);
  return [
    ...long.map(([name, body]): BulkyBook => ({
      name: `an FB2 in ${name}`,
      format: 'fb2',
      body: Buffer.concat([body, text]),
      // Its letters mean others in that encoding.
      title: name.startsWith('Shift_JIS')
        ? new TextDecoder('shift_jis').decode(Buffer.from(fb2Title))
        : fb2Title,
    })),
    ...[0, 1, 2, 3].map((shift): BulkyBook => ({
      name: `an FB2 with a title over several pieces, ${String(shift)}`,
      format: 'fb2',
      body: Buffer.from(fb2Text('utf-8', ' '.repeat(shift)).replace(fb2Title, letters)),
      title: letters.slice(0, 256),
    })),
    {
      name: 'an FB2 whose description is longer than what is read',
      format: 'fb2',
      body: Buffer.from(fb2Text('utf-8', comment(600_000))),
      title: undefined,
    },
    {
      name: 'an FB2 that is cut off within its title',
      format: 'fb2',
      body: Buffer.from(fb2Text('utf-8').split('и наказание')[0] ?? ''),
      title: 'Преступление',
    },
    { name: 'an FB2 of one byte', format: 'fb2', body: Buffer.from('<'), title: undefined },
  ];
}

function mobi(change: (body: Buffer) => void, exth: [number, string][] = [[503, 'Germinal']]): Buffer {
  const body = Buffer.concat([mobiOf({ name: 'Full name', exth }), text]);
  change(body);
  return body;
}

function palm(name: string): Buffer {
  const body = Buffer.alloc(100_000, 'text');
  body.fill(0, 0, 78);
  body.write(name, 0, 'latin1');
  body.write('TEXtREAd', 60);
  return body;
}

const recordAt = 96;
const unchanged = (): void => undefined;

function mobis(): BulkyBook[] {
  const many = Array.from({ length: 900 }, (_, n): [number, string] => [
    100,
    `Author ${String(n)} ${'x'.repeat(n)}`,
  ]);
  const books: [name: string, body: Buffer, title?: string | undefined][] = [
    ['of some megabytes', mobi(unchanged), 'Germinal'],
    ['whose title stands behind many authors', mobi(unchanged, [...many, [503, 'Last']]), 'Last'],
    [
      'with an entry larger than what counts of it',
      mobi(unchanged, [
        [100, 'long '.repeat(9000)],
        [503, 'Next'],
      ]),
      'Next',
    ],
    [
      'with entries that nobody asks for',
      mobi(unchanged, [
        [300, 'x'.repeat(50_000)],
        [503, 'Next'],
      ]),
      'Next',
    ],
    ['whose first record goes to its end', mobi(body => body.writeUInt32BE(0, 86)), 'Germinal'],
    ['whose first record ends outside', mobi(body => body.writeUInt32BE(0xfffffff0, 86)), 'Germinal'],
    ['whose first record begins outside', mobi(body => body.writeUInt32BE(0xfffffff0, 78))],
    ['whose first record ends within its header', mobi(body => body.writeUInt32BE(recordAt + 95, 86))],
    ['whose first record ends before its entries', mobi(body => body.writeUInt32BE(recordAt + 131, 86))],
    ['whose entries are elsewhere', mobi(body => body.writeUInt32BE(2_000_000, recordAt + 20)), 'Full name'],
    ['of a name without a length', mobi(body => body.writeUInt32BE(0, recordAt + 88), [])],
    ['of a name outside', mobi(body => body.writeUInt32BE(0xfffffff0, recordAt + 84), [])],
    ['cut off within its list', mobi(unchanged).subarray(0, 85)],
    [
      'cut off within its entries',
      mobi(unchanged, [
        [503, 'Germinal'],
        [100, 'Zola'],
      ]).subarray(0, 96 + 248 + 30),
      'Germinal',
    ],
    ['a Palm text', palm('The_Castle'), 'The Castle'],
    ['a Palm text whose name has no end', palm('x'.repeat(40)), 'x'.repeat(31)],
    ['a Palm text cut off', palm('The_Castle').subarray(0, 60)],
  ];
  return books.map(([name, body, title]) => ({ name: `a MOBI ${name}`, format: 'mobi', body, title }));
}

function htmls(): BulkyBook[] {
  const page = (head: string, rest = ''): Buffer =>
    Buffer.concat([Buffer.from(`<html lang="de"><head>${head}</head><body>${rest}<p>`), text]);
  const padding = `<style>${'p { margin: 0 } '.repeat(2000)}</style>`;
  const body = '<p>Ende</p>'.repeat(1000);
  const books: [name: string, body: Buffer, title?: string | undefined][] = [
    ['of some megabytes', page('<title>Emma</title>'), 'Emma'],
    ['with a long head', page(`${padding}<title>Emma</title>`), 'Emma'],
    [
      'with what counts behind its head',
      page('<title>Emma</title>', `${body}<META name="DC.title" content="Said late"><html lang="fr">`),
      'Said late',
    ],
    ['with a word of it in its text', page('<title>Emma</title>', `${body}<metaphor>&lt;meta`), 'Emma'],
    [
      'whose head nobody closes',
      Buffer.from(`<title>Emma</title>${body}<title>, still</title>`),
      'Emma, still',
    ],
    ['whose title nobody closes', Buffer.from('<html><head><title>Emma'), 'Emma'],
    ['in UTF-16', utf16(`<html><head>${padding}<title>Замок</title></head><body>${body}`, 'le'), 'Замок'],
    [
      'in windows-1251',
      encode(
        `<html><head><meta charset="windows-1251">${padding}<title>Замок</title></head>`,
        'windows-1251',
      ),
      'Замок',
    ],
    [
      'in UTF-8 until late',
      Buffer.concat([page('<title>Schloß</title>').subarray(0, 200_000), Buffer.from([0xff]), text]),
      'SchloÃŸ',
    ],
    [
      'in UTF-8 as far as anybody looks',
      Buffer.concat([page('<title>Schloß</title>').subarray(0, 262_144), Buffer.from([0xff])]),
      'Schloß',
    ],
    ['without a head', Buffer.from('<p>Text'), undefined],
  ];
  return books.map(([name, bytes, title]) => ({
    name: `an HTML ${name}`,
    format: 'html',
    body: bytes,
    title,
  }));
}

function rtfs(): BulkyBook[] {
  const fonts = (length: number): string => `{\\fonttbl${'{\\f0 Times;}'.repeat(Math.ceil(length / 12))}}`;
  const info = "{\\info{\\title \\u1047?\\'e0мок}{\\author Kafka}}".replace('мок', "\\'ec\\'ee\\'ea");
  const rtf = (before: string, group = info): Buffer =>
    Buffer.concat([Buffer.from(`{\\rtf1\\ansi\\ansicpg1251${before}${group}\\pard `, 'latin1'), text]);
  const books: [name: string, body: Buffer, title?: string | undefined][] = [
    ['of some megabytes', rtf(''), 'Замок'],
    ...[20_000, 32_000, 32_700, 90_000, 98_280, 98_300, 400_000].map((length): [string, Buffer, string] => [
      `behind fonts of ${String(length)} bytes`,
      rtf(fonts(length)),
      'Замок',
    ]),
    ['behind more than is read', rtf(fonts(600_000))],
    [
      'whose title goes on',
      rtf('', `{\\info{\\title Emma ${'{\\b0}'.repeat(30_000)}is the title}}`),
      'Emma is the title',
    ],
    [
      'whose title has no end',
      Buffer.from(`{\\rtf1{\\info{\\title Emma${' and more'.repeat(2000)}`),
      `Emma${' and more'.repeat(99)}`.slice(0, 256).trim(),
    ],
    ['cut off within an escape', Buffer.from('{\\rtf1{\\info{\\title Emma\\'), 'Emma'],
    ['without a group', Buffer.from('{\\rtf1 text}'), undefined],
  ];
  return books.map(([name, body, title]) => ({ name: `an RTF ${name}`, format: 'rtf', body, title }));
}

/** Comments that hardly get smaller when they are packed. */
function fb2Zips(): BulkyBook[] {
  const random = new SeededRandom('comments');
  const comment = (length: number): string =>
    `<!--${Array.from({ length }, () => random.integer(0, 35).toString(36)).join('')}-->`;
  const zip = (text: string): Buffer => Buffer.from(zipSync({ 'book.fb2': strToU8(text) }));
  const books = [5000, 12_000, 13_000, 60_000, 150_000].map((length): [string, Buffer, string?] => [
    `behind a comment of ${String(length)} letters`,
    zip(fb2Text('utf-8', comment(length)) + comment(300_000)),
    fb2Title,
  ]);
  books.push(['behind more than is read', zip(fb2Text('utf-8', comment(300_000)))]);
  books.push(['without a description', zip(`<FictionBook>${comment(20_000)}</FictionBook>`)]);
  const damaged = zip(fb2Text('utf-8') + comment(100_000));
  damaged.fill(0xff, 50_000, 50_100);
  books.push(['that is damaged far behind its description', damaged, fb2Title]);
  return books.map(([name, body, title]) => ({
    name: `an FB2 in a ZIP ${name}`,
    format: 'fb2.zip',
    body,
    title,
  }));
}

export const bulkyBooks: readonly BulkyBook[] = [...fb2s(), ...fb2Zips(), ...mobis(), ...htmls(), ...rtfs()];
