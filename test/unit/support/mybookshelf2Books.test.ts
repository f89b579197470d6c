import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { bodyOf, type PlainClient, sha1, statusOf } from '../../support/mybookshelf2/plainClient.ts';
import { useMyBookshelf2 } from '../../support/mybookshelf2/useMyBookshelf2.ts';

describe('MyBookshelf2 server', () => {
  const shelf = useMyBookshelf2();

  const english = { id: 2, code: 'en', name: 'English' };

  describe('metadata of an upload', () => {
    it('are as proposed, with the ids of what is known, and without what is null', async () => {
      const bytes = randomBytes(100);
      const proposed = {
        title: 'Probe Title',
        authors: [{ first_name: 'Be', last_name: 'Pro' }],
        language: { code: 'eng' },
        genres: [],
      };
      const id = await shelf.client.uploaded(proposed, bytes);
      const { file, created, modified, ...upload } = await bodyOf(
        shelf.client.get(`/api/uploads-meta/${String(id)}`),
      );
      assert.match(String(file), /^tmp.{8}\/book\.epub$/);
      assert.match(String(created), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
      assert.equal(modified, created);
      assert.deepEqual(upload, {
        id,
        load_source: 'book.epub',
        format: 8,
        size: 100,
        hash: sha1(bytes),
        cover: true,
        created_by: 1,
        modified_by: 1,
        meta: { ...proposed, language: english },
      });
    });

    it('have no id of a language that is not known', async () => {
      const languageOf = async (code: string): Promise<unknown> => {
        const id = await shelf.client.uploaded({ language: { code } });
        return (
          (await bodyOf(shelf.client.get(`/api/uploads-meta/${String(id)}`)))['meta'] as { language: unknown }
        ).language;
      };
      assert.deepEqual(await languageOf('rus'), { code: 'rus' });
      assert.deepEqual(await languageOf('ru'), { id: 3, code: 'ru', name: 'Russian' });
      assert.deepEqual(await languageOf('ces'), { id: 1, code: 'cs', name: 'Czech' });
      assert.deepEqual(await languageOf('slk'), { id: 4, code: 'sk', name: 'Slovak' });
    });

    it('are what the file itself has, where nothing is proposed', async () => {
      const id = await shelf.client.uploaded(undefined);
      const { meta } = await bodyOf(shelf.client.get(`/api/uploads-meta/${String(id)}`));
      assert.deepEqual(meta, { title: 'book', authors: [{ last_name: 'Unknown' }] });
    });

    it('know authors by exact names, and series and genres by any case', async () => {
      await shelf.client.ebook({
        authors: [{ first_name: 'Be', last_name: 'Pro' }],
        series: { title: 'Virex' },
      });
      const id = await shelf.client.uploaded({
        authors: [
          { first_name: 'Be', last_name: 'Pro' },
          { first_name: 'be', last_name: 'Pro' },
        ],
        series: { title: 'VIREX' },
        genres: [{ name: 'fantasy' }, { name: 'Sci-Fi' }, { name: 'Cooking' }],
      });
      const { meta } = await bodyOf(shelf.client.get(`/api/uploads-meta/${String(id)}`));
      assert.deepEqual(meta, {
        title: 'book',
        authors: [
          { id: 1, first_name: 'Be', last_name: 'Pro' },
          { first_name: 'be', last_name: 'Pro' },
        ],
        series: { id: 1, title: 'Virex' },
        genres: [{ id: 1, name: 'Fantasy' }, { id: 2, name: 'Science Fiction' }, { name: 'Cooking' }],
      });
    });

    it('are 404 in JSON for an unknown upload', async () => {
      const reply = await shelf.client.get('/api/uploads-meta/77');
      assert.equal(reply.status, 404);
      assert.notEqual(reply.json, undefined);
    });
  });

  describe('finding books', () => {
    const brown = { first_name: 'Eric', last_name: 'Brown' };
    const search = (path: string): Promise<Record<string, unknown>> =>
      bodyOf(shelf.client.get(`/api/search/${path}`));
    const titles = (answer: Record<string, unknown>): string[] =>
      (answer['items'] as { title: string }[]).map(({ title }) => title);

    it('gives books in pages, with authors, series and language', async () => {
      const series = { title: 'Virex' };
      await shelf.client.ebook({
        title: 'Newyorské noci',
        authors: [brown],
        series,
        series_index: 1,
        language: { id: 1 },
      });
      assert.deepEqual(await search('Eric%20Brown%20Newyorsk%C3%A9%20noci%20Virex?page=1&page_size=5'), {
        page: 1,
        page_size: 5,
        total: 1,
        items: [
          {
            id: 1,
            title: 'Newyorské noci',
            authors: [{ id: 1, ...brown }],
            series: { id: 1, title: 'Virex' },
            series_index: 1,
            language: { id: 1, code: 'cs', name: 'Czech' },
            cover: false,
          },
        ],
      });
      assert.deepEqual(await search('brow%20newyorske%20noc?page=1&page_size=5').then(titles), [
        'Newyorské noci',
      ]);
      assert.deepEqual(await search('Brown%20days?page=1&page_size=5'), {
        ...{ page: 1, page_size: 5, total: 0, items: [] },
      });
    });

    it('takes words as beginnings of words, all of them, the best first', async () => {
      await shelf.client.ebook({ title: 'The wolf', authors: [{ last_name: 'Night' }] });
      await shelf.client.ebook({ title: 'Nights of the night', authors: [brown] });
      await shelf.client.ebook({ title: 'A day' });
      assert.deepEqual(await search('night').then(titles), ['Nights of the night', 'The wolf']);
      assert.deepEqual(await search('night!%20%26(wol').then(titles), ['The wolf']);
      assert.deepEqual(await search('ight').then(titles), []);
    });

    it('answers 404 to a slash and to an empty later page, and 400 to too large a page', async () => {
      await shelf.client.ebook();
      assert.equal(await statusOf(shelf.client.get('/api/search/probe%2Ftitle')), 404);
      assert.equal(await statusOf(shelf.client.get('/api/search/probe/title')), 404);
      assert.equal(await statusOf(shelf.client.get('/api/search/probe?page=2&page_size=5')), 404);
      assert.equal(await statusOf(shelf.client.get('/api/search/probe?page_size=100')), 200);
      assert.equal(await statusOf(shelf.client.get('/api/search/probe?page_size=101')), 400);
    });

    it('finds titles by their beginning, whatever case and accents, with wildcards, and a plus is a plus', async () => {
      for (const title of ['987654', 'Čas nula', '1+1']) await shelf.client.ebook({ title });
      const index = async (title: string): Promise<string[]> =>
        titles(await bodyOf(shelf.client.get(`/api/ebooks/index/${title}`)));
      assert.deepEqual(await index('9876'), ['987654']);
      assert.deepEqual(await index('cas%20n'), ['Čas nula']);
      assert.deepEqual(await index('Cas+nula'), []);
      assert.deepEqual(await index('1+1'), ['1+1']);
      assert.deepEqual(await index('_as%25la'), ['Čas nula']);
      assert.deepEqual(await index('nula'), []);
      assert.equal(await statusOf(shelf.client.get('/api/ebooks/index/a%2Fb')), 404);
    });
  });

  describe('making a book', () => {
    const make = (meta: unknown): Promise<Record<string, unknown>> =>
      bodyOf(shelf.client.post('/api/ebooks', meta));
    const meta = {
      title: 'Probe Title',
      language: english,
      authors: [{ first_name: 'Be', last_name: 'Pro' }],
    };

    it('answers its id, drops keys that it does not know, and uses entities again', async () => {
      assert.deepEqual(await make({ ...meta, use_symlink: true }), { id: 1, success: true });
      assert.deepEqual(await make({ ...meta, authors: [{ id: 1 }] }), { id: 2, success: true });
      assert.deepEqual(await make(meta), { id: 3, success: true });
      assert.equal(shelf.server.authors.length, 1);
      assert.equal(shelf.server.ebooks.length, 3);
    });

    it('wants ids of language and genres', async () => {
      const error = 'Invalid data';
      assert.deepEqual(await make({ ...meta, language: { code: 'rus' } }), {
        error,
        error_details: "This entity {'code': 'rus'} must have id",
      });
      assert.deepEqual(await make({ ...meta, genres: [{ id: 1 }, { name: 'Cooking' }] }), {
        error,
        error_details: "This entity {'name': 'Cooking'} must have id",
      });
    });

    it('says what is wrong with which field', async () => {
      const error = 'Invalid data';
      assert.deepEqual(await make({ ...meta, title: 'ж'.repeat(257) }), {
        error,
        error_details: { title: ['Longer than maximum length 256.'] },
      });
      assert.deepEqual(await make({ title: 'x' }), {
        error,
        error_details: { language: ['Missing data for required field.'] },
      });
      assert.deepEqual(await make({ ...meta, authors: [{ last_name: 'x'.repeat(129) }] }), {
        error,
        error_details: { authors: { 0: { last_name: ['Longer than maximum length 128.'] } } },
      });
      assert.equal((await make({ ...meta, title: 'ж'.repeat(256) }))['success'], true);
    });

    it('tells a database error from invalid data, and answers 400 to an empty object', async () => {
      assert.equal((await make({ ...meta, title: 'a\0b' }))['error'], 'Database error');
      assert.equal(await statusOf(shelf.client.post('/api/ebooks', {})), 400);
      assert.equal(shelf.server.ebooks.length, 0);
    });
  });

  describe('adding a file to a book', () => {
    const add = (
      ebook: number,
      upload: number,
      quality: number | null = null,
    ): ReturnType<PlainClient['post']> =>
      shelf.client.post(`/api/ebooks/${String(ebook)}/add-upload`, { upload_id: upload, quality });

    it('makes a source, and the upload is gone', async () => {
      const bytes = randomBytes(100);
      const upload = await shelf.client.uploaded({}, bytes);
      const ebook = await shelf.client.ebook({ authors: [{ first_name: 'Be', last_name: 'Pro' }] });
      assert.deepEqual(await bodyOf(add(ebook, upload, 80)), { id: 1 });
      const [source] = shelf.server.sources;
      assert.deepEqual([source!.hash, source!.size, source!.ebookId], [sha1(bytes), 100, ebook]);
      assert.equal(await statusOf(shelf.client.get(`/api/uploads-meta/${String(upload)}`)), 404);
      assert.equal(await statusOf(add(ebook, upload)), 404);

      const { created, modified, sources, ...details } = await bodyOf(
        shelf.client.get(`/api/ebooks/${String(ebook)}`),
      );
      assert.deepEqual([typeof created, typeof modified], ['string', 'string']);
      assert.deepEqual(details, {
        id: 1,
        version_id: 2,
        title: 'Probe Title',
        authors: [{ id: 1, first_name: 'Be', last_name: 'Pro' }],
        language: english,
        cover: true,
        genres: [],
        created_by: 1,
        modified_by: 1,
      });
      const location = 'Pro Be/Probe Title(en)/Pro Be - Probe Title.epub';
      const [{ modified: added, ...stored }] = sources as [{ modified: string }];
      assert.equal(typeof added, 'string');
      assert.deepEqual(stored, { id: 1, format: 'epub', location, size: 100, created_by: 1, quality: 80 });
    });

    it('tells where the same file is that arrived meanwhile', async () => {
      const bytes = randomBytes(100);
      const [first, second] = [
        await shelf.client.uploaded({}, bytes),
        await shelf.client.uploaded({}, bytes),
      ];
      const ebook = await shelf.client.ebook();
      await bodyOf(add(ebook, first));
      assert.deepEqual(await bodyOf(add(await shelf.client.ebook(), second)), {
        error: 'File already exists',
        error_details: 'Existing source 1 in ebook Probe Title(1)',
      });
      assert.deepEqual(shelf.server.duplicateKeys(), []);
    });

    it('answers 400 without an upload, and 404 to an unknown book or upload', async () => {
      const [upload, ebook] = [await shelf.client.uploaded(), await shelf.client.ebook()];
      assert.equal(
        await statusOf(shelf.client.post(`/api/ebooks/${String(ebook)}/add-upload`, { quality: 1 })),
        400,
      );
      assert.equal(await statusOf(add(77, upload)), 404);
      assert.equal(await statusOf(add(ebook, 77)), 404);
      assert.equal(await statusOf(shelf.client.get('/api/ebooks/77')), 404);
    });

    it('fails with 500 for one of two at once to the same book', async () => {
      await shelf.serve({ addUploadMs: 300 });
      const uploads = [await shelf.client.uploaded(), await shelf.client.uploaded()];
      const ebook = await shelf.client.ebook();
      const statuses = await Promise.all(uploads.map(upload => statusOf(add(ebook, upload))));
      assert.deepEqual(statuses.sort(), [200, 500]);
      assert.equal(shelf.server.sources.length, 1);
    });

    it('stores one file twice when it is added to two books at once, and tells the test', async () => {
      await shelf.serve({ addUploadMs: 300 });
      const bytes = randomBytes(100);
      const [first, second] = [
        await shelf.client.uploaded({}, bytes),
        await shelf.client.uploaded({}, bytes),
      ];
      const [one, other] = [await shelf.client.ebook(), await shelf.client.ebook()];
      assert.deepEqual(
        await Promise.all([statusOf(add(one, first)), statusOf(add(other, second))]),
        [200, 200],
      );
      assert.deepEqual(shelf.server.duplicateKeys(), [`${sha1(bytes)}|100`]);
    });

    it('has no path for the 62nd book whose author and title are Cyrillic and of the same lengths', async () => {
      for (let number = 1; number <= 62; number++) {
        const letter = String.fromCodePoint(0x430 + (number % 32), 0x430 + Math.floor(number / 32));
        const meta = { title: `Книг${letter}`, authors: [{ last_name: `Автор ${letter}` }] };
        const bytes = randomBytes(100);
        const reply = await add(
          await shelf.client.ebook({ ...meta, language: { id: 3 } }),
          await shelf.client.uploaded({}, bytes),
        );
        assert.equal(reply.status, number < 62 ? 200 : 500, `book ${String(number)}`);
      }
      assert.equal(shelf.server.sources.length, 61);
      assert.equal(shelf.server.ebooks.length, 62);
    });
  });
});
