import assert from 'node:assert/strict';
import fc from 'fast-check';
import { JsonDamage, JsonScanner, type JsonListener } from '../../src/engine/progress/jsonScanner.ts';

/** Builds the values that a scanner tells of, so that they can be compared with those of `JSON.parse`. */
class Builder implements JsonListener {
  readonly documents: unknown[] = [];
  readonly #open: { value: unknown[] | Map<string, unknown>; key: string }[] = [];
  #last: unknown;
  #key = '';
  readonly text: Buffer;

  constructor(text: Buffer) {
    this.text = text;
  }

  open(isObject: boolean, at: number): void {
    assert.equal(String.fromCharCode(this.text[at]!), isObject ? '{' : '[');
    this.#open.push({ value: isObject ? new Map() : [], key: this.#key });
  }

  close(isObject: boolean, at: number): void {
    assert.equal(String.fromCharCode(this.text[at]!), isObject ? '}' : ']');
    const { value, key } = this.#open.pop()!;
    this.#key = key;
    this.#put(value instanceof Map ? Object.fromEntries(value) : value);
  }

  key(bytes: Buffer, from: number, to: number, at: number): void {
    assert.ok(bytes.subarray(from, to).equals(this.text.subarray(at, at + to - from)));
    this.#key = JSON.parse(bytes.toString('utf8', from, to)) as string;
  }

  scalar(bytes: Buffer, from: number, to: number, at: number): void {
    assert.ok(bytes.subarray(from, to).equals(this.text.subarray(at, at + to - from)));
    this.#put(JSON.parse(bytes.toString('utf8', from, to)));
  }

  document(): void {
    this.documents.push(this.#last);
  }

  #put(value: unknown): void {
    const parent = this.#open.at(-1)?.value;
    if (parent instanceof Map) parent.set(this.#key, value);
    else if (parent) parent.push(value);
    else this.#last = value;
  }
}

function scan(text: Buffer, pieceLength: number): unknown[] {
  const builder = new Builder(text);
  const scanner = new JsonScanner(builder);
  let pending = Buffer.alloc(0);
  for (let at = 0; at < text.length; at += pieceLength) {
    pending = Buffer.concat([pending, text.subarray(at, at + pieceLength)]);
    pending = pending.subarray(scanner.scan(pending, false));
  }
  scanner.scan(pending, true);
  return builder.documents;
}

function parse(text: Buffer): { value: unknown } | null {
  try {
    return { value: JSON.parse(text.toString('utf8')) };
  } catch {
    return null;
  }
}

const json = fc.oneof(
  fc.json({ maxDepth: 4 }),
  fc.jsonValue().map(value => JSON.stringify(value, null, 2)),
  fc
    .array(fc.string({ unit: 'binary' }), { maxLength: 5 })
    .map(texts => JSON.stringify(Object.fromEntries(texts.map(text => [text, `{"}${text}`])))),
);
const pieceLength = fc.oneof(fc.integer({ min: 1, max: 8 }), fc.constant(100_000));
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('JSON scanner', () => {
  it('tells what JSON.parse makes, in pieces of any length', () => {
    fc.assert(
      fc.property(json, pieceLength, (text, length) => {
        const bytes = Buffer.from(text);
        assert.deepEqual(scan(bytes, length).map(plain), [plain(JSON.parse(text))]);
      }),
      { numRuns: 500 },
    );
  });

  it('takes and refuses what JSON.parse does where bytes are changed, left out or cut off', () => {
    const damage = fc.record({
      at: fc.nat(),
      left: fc.nat(3),
      instead: fc.oneof(
        fc.string({ maxLength: 2 }),
        fc.constantFrom('{', '}', '"', ',', '\\', '01', '-', '\n'),
      ),
      cut: fc.boolean(),
    });
    fc.assert(
      fc.property(json, damage, pieceLength, (text, { at, left, instead, cut }, length) => {
        const bytes = Buffer.from(text);
        const from = at % (bytes.length + 1);
        const damaged = Buffer.concat([
          bytes.subarray(0, from),
          Buffer.from(instead),
          cut ? Buffer.alloc(0) : bytes.subarray(from + left),
        ]);
        const expected = parse(damaged);
        let documents: unknown[] | null = null;
        try {
          documents = scan(damaged, length);
        } catch (thrown) {
          assert.ok(thrown instanceof JsonDamage, String(thrown));
        }
        if (expected) assert.deepEqual(documents?.map(plain), [plain(expected.value)]);
        else assert.notEqual(documents?.length, 1, `took ${damaged.toString()}`);
      }),
      { numRuns: 2000 },
    );
  });

  it('tells of several documents in a row', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { maxLength: 4 }), pieceLength, (values, length) => {
        const bytes = Buffer.from(values.map(value => JSON.stringify(value)).join('\n'));
        assert.deepEqual(scan(bytes, length).map(plain), plain(values));
      }),
    );
  });

  it('skips a byte-order mark', () => {
    assert.deepEqual(scan(Buffer.from('\ufeff{"a": 1}'), 100), [{ a: 1 }]);
  });
});
