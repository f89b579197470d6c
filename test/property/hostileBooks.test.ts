import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readMetadata } from '../../src/engine/books/metadata/readMetadata.ts';
import { makePdfBook } from '../support/books/pdfWriter.ts';
import { madeBooks } from '../support/books/madeBooks.ts';

/** So many books are broken in the test command; `TARSHELF_FUZZ=20000` is the long run. */
const runs = Number(process.env['TARSHELF_FUZZ'] ?? 600);

const whole = [
  ...madeBooks.map(({ name, format, body }) => ({ name, format, body })),
  {
    name: 'PDF',
    format: 'pdf' as const,
    body: makePdfBook({ info: '/Title (Emma) /Author (Jane Austen) /Producer (Tests)' }),
  },
];

/** Where in a body, from 0 to 1, mostly near its ends, where directories and headers stand. */
const place = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.double({ min: 0, max: 0.1, noNaN: true }),
  fc.double({ min: 0.9, max: 1, noNaN: true }),
);

const change = fc.oneof(
  fc.record({ kind: fc.constant('byte' as const), at: place, value: fc.nat(255) }),
  fc.record({
    kind: fc.constant('word' as const),
    at: place,
    value: fc.constantFrom(0, 1, 0x7fffffff, 0xffffffff, 0xfffffff0),
  }),
  fc.record({ kind: fc.constant('cut' as const), at: place, value: fc.constant(0) }),
  fc.record({ kind: fc.constant('repeat' as const), at: place, value: fc.integer({ min: 1, max: 50 }) }),
  fc.record({ kind: fc.constant('remove' as const), at: place, value: fc.integer({ min: 1, max: 64 }) }),
);

function broken(
  body: Buffer,
  changes: readonly (typeof change extends fc.Arbitrary<infer T> ? T : never)[],
): Buffer {
  let bytes = Buffer.from(body);
  for (const { kind, at, value } of changes) {
    const index = Math.min(bytes.length - 1, Math.floor(at * bytes.length));
    if (index < 0) return bytes;
    if (kind === 'byte') bytes[index] = value;
    else if (kind === 'word' && index + 4 <= bytes.length) bytes.writeUInt32BE(value, index);
    else if (kind === 'cut') bytes = bytes.subarray(0, index);
    else if (kind === 'repeat') {
      const part = bytes.subarray(index, index + 200);
      bytes = Buffer.concat([
        bytes.subarray(0, index),
        ...Array.from({ length: value }, () => part),
        bytes.subarray(index),
      ]);
    } else if (kind === 'remove')
      bytes = Buffer.concat([bytes.subarray(0, index), bytes.subarray(index + value)]);
  }
  return bytes;
}

describe('a book that was broken anywhere', () => {
  it('is read within the limits, or goes by its name', async () => {
    let slowestMs = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...whole),
        fc.array(change, { minLength: 1, maxLength: 8 }),
        async ({ format, body }, changes) => {
          const bytes = broken(body, changes);
          const started = performance.now();
          const metadata = await readMetadata(format, bytes, 'folder/Name.bin');
          slowestMs = Math.max(slowestMs, performance.now() - started);
          const texts = [
            metadata.title,
            metadata.publisher ?? '',
            metadata.series?.name ?? '',
            ...metadata.authors.flatMap(author => [author.name, author.sortName]),
            ...Object.values(metadata.identifiers),
          ];
          assert.ok(metadata.title.length > 0);
          for (const text of texts) {
            assert.ok(Array.from(text).length <= 256);
            assert.doesNotMatch(text, /\p{Cc}/u);
            assert.equal(text, text.normalize('NFC'));
          }
        },
      ),
      { numRuns: runs },
    );
    assert.ok(slowestMs < 2000, `the slowest took ${String(Math.round(slowestMs))} ms`);
    if (runs > 1000)
      console.log(`      ${String(runs)} broken books, the slowest in ${slowestMs.toFixed(1)} ms`);
  }).timeout(600_000);
});
