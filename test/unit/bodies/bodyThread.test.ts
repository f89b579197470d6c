import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import { closeSync } from 'node:fs';
import { open, readFile, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArchiveMember, FilePlace } from '../../../src/engine/archive/archive.ts';
import { FileSource } from '../../../src/engine/archive/byteSource.ts';
import { TarFile } from '../../../src/engine/archive/tarFile.ts';
import { correctedBook } from '../../../src/engine/books/bookType.ts';
import { bufferReader } from '../../../src/engine/books/byteReader.ts';
import { canRead } from '../../../src/engine/books/metadata/readableFormats.ts';
import { readMetadata } from '../../../src/engine/books/metadata/readMetadata.ts';
import type { BookFormat } from '../../../src/protocol/bookFormat.ts';
import { describeBook } from '../../../src/engine/bodies/describeBook.ts';
import { digestMembers } from '../../../src/engine/bodies/digest.ts';
import { madeBooks } from '../../support/books/madeBooks.ts';
import { copyBody } from '../../../src/engine/bodies/copyBody.ts';
import { BodyThread, type DigestedPlace } from '../../../src/engine/bodies/bodyThread.ts';
import { useTempFolder } from '../../support/tempFolder.ts';

const entry = join(import.meta.dirname, '../../../src/engine/bodies/bodyThreadEntry.ts');
const faulty = join(import.meta.dirname, '../../support/neverEndingReader.mjs');
const faultyDescriber = join(import.meta.dirname, '../../support/neverEndingDescriber.mjs');

describe('the thread that reads and digests', function () {
  this.timeout(20_000);
  const folder = useTempFolder();
  const bytes = randomBytes(20_000_000);
  let thread: BodyThread;
  let file: FileHandle;

  beforeEach(async () => {
    const path = join(folder(), 'file');
    await writeFile(path, bytes);
    file = await open(path);
  });
  afterEach(async () => {
    await thread.close();
    await file.close();
  });

  const place = (position: number, sizeBytes: number) => ({ descriptor: file.fd, position, sizeBytes });
  const digest = (...places: ReturnType<typeof place>[]) => thread.digest(places, null, () => undefined);
  const fail = (why: string): never => assert.fail(why);
  const never = new AbortController().signal;
  const sha1 = (position: number, sizeBytes: number) =>
    hash('sha1', bytes.subarray(position, position + sizeBytes), 'hex');

  it('gives the SHA-1 and the beginning of each place, in their order', async () => {
    thread = new BodyThread(entry, fail);
    const places: [number, number][] = [
      ...([
        [0, 1],
        [512, 262_143],
        [513, 262_144],
        [7, 262_145],
        [100, 5_000_001],
        [19_999_999, 1],
      ] as const),
    ].map(([position, size]) => [position, size]);
    const [some, more] = await Promise.all([
      digest(...places.slice(0, 3).map(each => place(...each))),
      digest(...places.slice(3).map(each => place(...each))),
    ]);
    for (const [index, found] of [...some, ...more].entries()) {
      const [position, size] = places[index]!;
      assert.ok('head' in found);
      assert.equal(found.sha1, sha1(position, size));
      const head = bytes.subarray(position, position + Math.min(size, 4100));
      assert.ok(head.equals(found.head), `the beginning of ${String(index)}`);
    }
  });

  it('tells of what it reads while it reads', async () => {
    thread = new BodyThread(entry, fail);
    const told: number[] = [];
    await thread.digest([place(0, 20_000_000)], null, read => told.push(read));
    assert.ok(told.length >= 2, String(told));
    assert.equal(
      told.reduce((sum, read) => sum + read, 0),
      20_000_000,
    );
  });

  it('says where a file ends too early, and what the system says, and goes on with the others', async () => {
    thread = new BodyThread(entry, fail);
    const found: readonly DigestedPlace[] = await digest(
      place(19_000_000, 2_000_000),
      { ...place(0, 10), descriptor: 9999 },
      place(0, 10),
    );
    assert.deepEqual(found[0], { endsAt: 1_000_000 });
    assert.ok(found[1] && 'error' in found[1]);
    assert.equal(found[1].error.code, 'EBADF');
    assert.ok(found[2] && 'sha1' in found[2]);
    assert.equal(found[2].sha1, sha1(0, 10));
  });

  it('goes on behind what it cannot do, and behind headers that cannot be read', async () => {
    thread = new BodyThread(entry, fail);
    const headers = { descriptor: file.fd, position: 0, sizeBytes: 20_000_000, length: 512, leastJump: 0 };
    const [impossible, unreadable, beyond, after] = await Promise.allSettled([
      thread.headers({ ...headers, most: -1 }),
      thread.headers({ ...headers, most: 3, descriptor: 9999 }),
      thread.headers({ ...headers, most: 3, position: 20_000_000 }),
      digest(place(0, 10)),
    ]);
    assert.equal(impossible.status, 'rejected');
    for (const none of [unreadable, beyond])
      assert.ok(none.status === 'fulfilled' && none.value.positions.length === 0);
    assert.ok(after.status === 'fulfilled' && 'head' in after.value[0]!);
  });

  describe('and describes', () => {
    /** All books one after another in one file. */
    async function lying(books: readonly (readonly [BookFormat, Buffer])[]): Promise<FilePlace[]> {
      const path = join(folder(), 'books');
      await writeFile(path, Buffer.concat(books.map(([, body]) => body)));
      await file.close();
      file = await open(path);
      let position = 0;
      return books.map(([, body]) => {
        position += body.length;
        return place(position - body.length, body.length);
      });
    }

    it('as they are described apart from it, whatever is in them and however long they are', async () => {
      thread = new BodyThread(entry, fail, { describes: true });
      const pictures = randomBytes(700_000);
      const bodies = madeBooks.flatMap(({ format, body }) => [
        [format, body] as const,
        [format, Buffer.concat([body, pictures])] as const,
        [format, Buffer.concat([pictures, body])] as const,
        [format, body.subarray(0, body.length / 2)] as const,
        // What it is called is not what it is.
        ['txt', body] as const,
        ['epub', Buffer.concat([body, pictures])] as const,
      ]);
      bodies.push(['epub', Buffer.concat([Buffer.from('PK\x05\x06'), pictures])]);
      const places = await lying(bodies);
      const books = bodies.map(([format], index) => ({ format, memberName: `a/Book ${String(index)}` }));
      const found = await thread.digest(places, books, () => undefined);
      for (const [index, [format, body]] of bodies.entries()) {
        const digested = found[index]!;
        assert.ok('description' in digested, `${String(index)} ${format}`);
        assert.equal(digested.sha1, hash('sha1', body, 'hex'));
        const detection = await correctedBook(format, bufferReader(body));
        assert.deepEqual(digested.description.detection, detection, `${String(index)} ${format}`);
        const isRead = detection.kind === 'book' && canRead(detection.format, body.length);
        assert.deepEqual(
          digested.description.metadata,
          isRead ? await readMetadata(detection.format, body, books[index]!.memberName) : null,
          `${String(index)} ${format}`,
        );
      }
      assert.ok(found.some(each => 'description' in each && each.description.metadata?.warning === null));
      assert.ok(found.some(each => 'description' in each && each.description.detection.kind === 'skipped'));
    });

    it('ends over a book that takes too long or too much, and digests that without a word of it', async () => {
      for (const [fault, why, timeoutMs] of [
        ['loop', 'a book took more than 0.2 seconds to be described', 200],
        ['heap', 'memory', 10_000],
        ['exit', 'it has ended by itself', 10_000],
      ] as const) {
        const failures: string[] = [];
        thread = new BodyThread(faultyDescriber, message => failures.push(message), {
          ...{ describes: true, timeoutMs },
        });
        const archive = new TarFile(await FileSource.open(join(folder(), 'file')));
        const book = (name: string) => ({
          format: 'epub' as const,
          member: archive.member({
            ...{ name, kind: 'file', reason: null, headerOffset: 0, endOffset: 100_512 },
            ...{ bodyOffset: 512, sizeBytes: 100_000 },
          }),
        });
        const books = [book('a.epub'), book(`${fault}.epub`)];
        const digested = await digestMembers(books, thread, () => undefined, never, true);
        for (const each of digested) {
          assert.ok(each.status === 'fulfilled');
          assert.equal(each.value.key.sha1, sha1(512, 100_000));
          assert.equal(each.value.description, null);
        }
        assert.equal(failures.length, 1);
        assert.ok(failures[0]?.includes(why), failures[0]);
        await archive.close();
        await thread.close();
      }
    });

    it('gives a slow disk its time', async () => {
      thread = new BodyThread(faultyDescriber, fail, { describes: true, timeoutMs: 100 });
      const [found] = await thread.digest(
        [place(0, 10)],
        [{ format: 'epub', memberName: 'disk' }],
        () => undefined,
      );
      assert.ok(found && 'description' in found);
    });

    it('does not take what cannot be read for damage of the book', async () => {
      const { format, body } = madeBooks.find(book => book.format === 'epub')!;
      const gone = { descriptor: 9999, position: 0, sizeBytes: 3_000_000 };
      const last = { at: 3_000_000, bytes: Buffer.alloc(0) };
      const head = body.subarray(0, 100);
      await assert.rejects(
        describeBook({ format, memberName: 'a' }, gone, head, last, () => undefined),
        { code: 'EBADF' },
      );
    });

    it('is asked for nothing any more once it is closed', async () => {
      thread = new BodyThread(entry, fail);
      await thread.close();
      await assert.rejects(digest(place(0, 10)), /was closed/);
    });
  });

  describe('and copies', () => {
    const copy = (sizeBytes: number, sha1Wanted = sha1(512, sizeBytes), path = join(folder(), 'copy')) =>
      thread.copy(place(512, sizeBytes), path, sha1Wanted, () => undefined);

    it('gives the whole copy, open', async () => {
      thread = new BodyThread(entry, fail);
      for (const size of [0, 1, 262_144, 5_000_001]) {
        const copied = await copy(size);
        assert.ok('descriptor' in copied, JSON.stringify(copied));
        closeSync(copied.descriptor);
        assert.ok((await readFile(join(folder(), 'copy'))).equals(bytes.subarray(512, 512 + size)));
      }
    });

    it('says what is wrong with what it reads, and what with what it writes', async () => {
      thread = new BodyThread(entry, fail);
      assert.deepEqual(await copy(20_000_000, ''), { endsAt: 19_999_488 });
      assert.deepEqual(await copy(1000, sha1(0, 1000)), { isAnother: true });
      const written = await copy(1000, undefined, join(folder(), 'nowhere', 'copy'));
      assert.ok('error' in written && written.isWriting);
      assert.equal(written.error.code, 'ENOENT');
      const read = await thread.copy(
        { ...place(0, 10), descriptor: 9999 },
        join(folder(), 'copy'),
        sha1(0, 10),
        () => undefined,
      );
      assert.ok('error' in read && !read.isWriting);
      assert.equal(read.error.code, 'EBADF');
    });

    it('leaves off when it is told to', async () => {
      const abandon = new AbortController();
      thread = new BodyThread(entry, fail, { abandon: abandon.signal });
      assert.equal((await digest(place(0, 10))).length, 1);
      abandon.abort();
      const copied = await copy(1000);
      assert.ok('error' in copied);
      // What is digested is only read.
      assert.equal((await digest(place(0, 10))).length, 1);
    });

    it('is done without, where the thread ends over it', async () => {
      const failures: string[] = [];
      thread = new BodyThread(faulty, why => failures.push(why));
      const tar = join(folder(), 'file');
      const archive = new TarFile(await FileSource.open(tar));
      const member = archive.member({
        ...{ name: 'a.epub', kind: 'file', reason: null, headerOffset: 0, endOffset: 4096 },
        ...{ bodyOffset: 512, sizeBytes: 3000 },
      });
      const path = join(folder(), 'copy');
      const copied = (key: string): Promise<void> =>
        copyBody(
          { member, place: member.place!, key: { sha1: key, sizeBytes: 3000 } },
          path,
          thread,
          () => undefined,
          never,
        );
      await copied(sha1(512, 3000));
      assert.ok((await readFile(path)).equals(bytes.subarray(512, 3512)));
      await assert.rejects(copied(sha1(0, 3000)), { code: 'BOOK_NOT_READABLE' });
      await assert.rejects(readFile(path), { code: 'ENOENT' });
      assert.equal(failures.length, 2);
      await archive.close();
    });

    it('makes a copy durable, or leaves no file', async () => {
      thread = new BodyThread(entry, fail);
      const path = join(folder(), 'copy');
      const body = (sizeBytes: number, key = sha1(0, sizeBytes)) => ({
        member: { name: 'a.epub', sizeBytes } as ArchiveMember,
        place: place(0, sizeBytes),
        key: { sha1: key, sizeBytes },
      });
      const told: number[] = [];
      await copyBody(body(1000), path, thread, read => told.push(read), never);
      assert.ok((await readFile(path)).equals(bytes.subarray(0, 1000)));
      assert.deepEqual(told, [1000]);
      for (const [wrong, code] of [
        [body(1000, sha1(0, 999)), 'BOOK_NOT_READABLE'],
        [body(20_000_001), 'BOOK_NOT_READABLE'],
        [{ ...body(10), place: { ...place(0, 10), descriptor: 9999 } }, 'BOOK_NOT_READABLE'],
      ] as const) {
        await assert.rejects(
          copyBody(wrong, path, thread, () => undefined, never),
          { code },
        );
        await assert.rejects(readFile(path), { code: 'ENOENT' });
      }
      const nowhere = join(folder(), 'nowhere', 'copy');
      await assert.rejects(
        copyBody(body(10), nowhere, thread, () => undefined, never),
        { code: 'ENOENT' },
      );
    });
  });

  it('says so where it ended over a body, and begins anew', async () => {
    const failures: string[] = [];
    // The reader with a fault stumbles over what is no book.
    thread = new BodyThread(faulty, why => failures.push(why));
    await assert.rejects(digest(place(0, 10)), /The thread that reads books has failed/);
    await assert.rejects(digest(place(0, 10)), /The thread that reads books has failed/);
    assert.equal(failures.length, 2);
    await thread.close();
    thread = new BodyThread(entry, fail);
    assert.equal((await digest(place(0, 10))).length, 1);
  });

  it('fails what waits when it is closed', async () => {
    thread = new BodyThread(entry, fail);
    const waiting = assert.rejects(digest(place(0, 20_000_000)), /has failed/);
    await thread.close();
    await waiting;
  });
});
