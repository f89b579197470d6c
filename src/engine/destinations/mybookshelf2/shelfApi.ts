import * as v from 'valibot';
import type { BookFormat } from '../../../protocol/bookFormat.ts';
import type { BookKey } from '../../../protocol/bookKey.ts';
import { TarshelfError } from '../../../protocol/errors.ts';
import { sentence } from '../../../protocol/sentences.ts';
import { DestinationUnusable, type Book } from '../destination.ts';
import { mimeTypes } from './formats.ts';
import type { HttpAnswer, HttpClient, RequestBody } from './httpClient.ts';
import { notMyBookshelf2, parseJson, throwIfPassing, type Login } from './login.ts';
import { multipartFile } from './multipart.ts';

/** Of one request's body, framing included. A larger one is swallowed whole and then refused. */
const largestRequestBytes = 524_288_000;
/** So many keys are asked for at once. */
export const largestCheck = 200;

const authorSchema = v.object({ first_name: v.nullish(v.string()), last_name: v.string() });
const ebookSchema = v.object({
  id: v.number(),
  title: v.string(),
  authors: v.optional(v.array(authorSchema), []),
});
const ebooksSchema = v.object({ items: v.array(ebookSchema) });
export type Ebook = v.InferOutput<typeof ebookSchema>;

const uploadSchema = v.object({
  id: v.number(),
  meta: v.looseObject({
    title: v.optional(v.string()),
    authors: v.optional(v.array(v.looseObject(authorSchema.entries)), []),
    language: v.optional(v.looseObject({ id: v.optional(v.number()) })),
    series: v.optional(v.looseObject({ title: v.optional(v.string()) })),
  }),
});
/** A file on the server that is no book yet, with what the server makes of its metadata. */
export type Upload = v.InferOutput<typeof uploadSchema>;

const refusalSchema = v.object({ error: v.string(), error_details: v.optional(v.unknown()) });
const checkSchema = v.object({ results: v.array(v.object({ exists: v.boolean() })) });
const resultSchema = v.object({ result: v.literal('ok'), file: v.optional(v.string()) });
const idSchema = v.object({ id: v.number() });

/** What was asked for is not there: it was used up, or the server has cleaned up. */
export class Missing extends Error {
  override readonly name = 'Missing';
}

/** The server has the book: the one refusal that is no failure. */
export const alreadyThere = Symbol('already there');

/**
 * The requests of the server's contract, each sent once: whoever calls decides what may be sent again. All throw
 *
 *   PassingFailure       when it may go better next time
 *   DestinationUnusable  when nothing will go until a person has mended something
 *   TarshelfError        `UPLOAD_FAILED` or `DECLINED` when the server does not take this book
 */
export class ShelfApi {
  readonly #http: HttpClient;
  readonly #login: Login;
  readonly #address: string;

  constructor(http: HttpClient, login: Login, address: string) {
    this.#http = http;
    this.#login = login;
    this.#address = address;
  }

  /** Whether the server answers such requests at all, of whatever book. */
  async probe(signal: AbortSignal): Promise<void> {
    const body = { size: 1, hash: null, mime_type: 'application/pdf', extension: 'pdf' };
    await this.#json('POST', '/api/upload/check', body, resultSchema, signal);
  }

  /** Whether the server has a book. */
  async has(book: Pick<Book, 'key' | 'format' | 'member'>, signal: AbortSignal): Promise<boolean> {
    const answer = await this.#json(
      'POST',
      '/api/upload/check',
      { size: book.key.sizeBytes, hash: book.key.sha1, mime_type: mimeType(book), extension: book.format },
      v.union([resultSchema, refusalSchema]),
      signal,
    );
    return 'error' in answer && this.#refused(answer, book.member) === alreadyThere;
  }

  /**
   * Which of up to {@link largestCheck} books the server has.
   *
   * @returns null where it cannot be asked for several at once
   */
  async hasEach(
    books: readonly { readonly key: BookKey; readonly format: BookFormat }[],
    signal: AbortSignal,
  ): Promise<boolean[] | null> {
    const body = books.map(({ key, format }) => ({
      size: key.sizeBytes,
      hash: key.sha1,
      mime_type: mimeTypes[format] ?? '',
      extension: format,
    }));
    const answer = await this.#request('POST', '/api/upload/check-batch', jsonBody(body), signal);
    if (answer.status === 404 || answer.status === 405) return null;
    const { results } = this.#parse(answer, checkSchema);
    if (results.length !== books.length) throw notMyBookshelf2(this.#address, answer.status);
    return results.map(result => result.exists);
  }

  /**
   * Sends a book's bytes.
   *
   * @returns the file's name on the server
   */
  async upload(book: Book, signal: AbortSignal): Promise<string | typeof alreadyThere> {
    const { key, format } = book;
    const body = multipartFile(
      {
        // Names that are not ASCII lose their extension there.
        name: `${key.sha1}.${format}`,
        contentType: mimeType(book).trim(),
        bytes: key.sizeBytes,
      },
      () => book.body(),
    );
    if (body.bytes > largestRequestBytes) throw tooLarge(book.member);
    const answer = await this.#request('POST', '/api/upload', body, signal);
    if (answer.status === 413) throw tooLarge(book.member);
    const result = this.#parse(answer, v.union([resultSchema, refusalSchema]));
    if ('error' in result) return this.#refused(result, book.member);
    if (result.file === undefined) throw notMyBookshelf2(this.#address, answer.status);
    return result.file;
  }

  async uploadMeta(id: number, signal: AbortSignal): Promise<Upload> {
    return await this.#json('GET', `/api/uploads-meta/${String(id)}`, null, uploadSchema, signal, true);
  }

  /** The first books that a full-text search finds, best first. */
  async search(words: string, signal: AbortSignal): Promise<Ebook[]> {
    return await this.#ebooks(`/api/search/${encodeURIComponent(words)}?page=1&page_size=5`, signal);
  }

  /** Books whose title begins so, in whatever case. */
  async withTitle(title: string, signal: AbortSignal): Promise<Ebook[]> {
    return await this.#ebooks(`/api/ebooks/index/${encodeURIComponent(title)}`, signal);
  }

  /** @returns the new book's id */
  async createEbook(meta: Upload['meta'], member: string, signal: AbortSignal): Promise<number> {
    const answer = await this.#json(
      'POST',
      '/api/ebooks',
      meta,
      v.union([v.object({ id: v.number(), success: v.literal(true) }), refusalSchema]),
      signal,
    );
    if (!('error' in answer)) return answer.id;
    throw this.#failed(answer, member);
  }

  /** Makes an upload a file of a book. */
  async addUpload(
    ebook: number,
    upload: number,
    member: string,
    signal: AbortSignal,
  ): Promise<'added' | typeof alreadyThere> {
    const answer = await this.#json(
      'POST',
      `/api/ebooks/${String(ebook)}/add-upload`,
      { upload_id: upload, quality: null },
      v.union([idSchema, refusalSchema]),
      signal,
      true,
    );
    return 'error' in answer ? this.#refused(answer, member) : 'added';
  }

  async #ebooks(path: string, signal: AbortSignal): Promise<Ebook[]> {
    const answer = await this.#request('GET', path, null, signal);
    if (answer.status === 404) return [];
    return this.#parse(answer, ebooksSchema).items;
  }

  async #json<T extends v.GenericSchema>(
    method: 'GET' | 'POST',
    path: string,
    body: unknown,
    schema: T,
    signal: AbortSignal,
    mayBeMissing = false,
  ): Promise<v.InferOutput<T>> {
    const answer = await this.#request(method, path, body === null ? null : jsonBody(body), signal);
    if (mayBeMissing && answer.status === 404) throw new Missing();
    return this.#parse(answer, schema);
  }

  async #request(
    method: 'GET' | 'POST',
    path: string,
    body: RequestBody | null,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    let token = await this.#login.token();
    for (let renewed = false; ; renewed = true) {
      const answer = await this.#http.send(
        { method, path, headers: { authorization: `Bearer ${token}` }, ...(body ? { body } : {}) },
        signal,
      );
      throwIfPassing(answer, this.#address, 'book');
      if (answer.status !== 401) return answer;
      // A second time in a row: it is not the token's age.
      if (renewed) {
        throw new DestinationUnusable(sentence('userMayNotAdd', this.#address));
      }
      token = await this.#login.token(token);
    }
  }

  #parse<T extends v.GenericSchema>(answer: HttpAnswer, schema: T): v.InferOutput<T> {
    const parsed = v.safeParse(schema, parseJson(answer.text));
    if (answer.status === 200 && parsed.success) return parsed.output;
    if (answer.status >= 400 && answer.status < 500 && answer.status !== 404) {
      throw new TarshelfError(
        'UPLOAD_FAILED',
        `${this.#address} does not take it (HTTP ${String(answer.status)}). See its log.`,
      );
    }
    throw notMyBookshelf2(this.#address, answer.status);
  }

  /** Two wordings of one refusal; any other is this book's failure. */
  #refused(refusal: v.InferOutput<typeof refusalSchema>, member: string): typeof alreadyThere {
    if (/^file already exists$/i.test(refusal.error)) return alreadyThere;
    if (refusal.error === 'file too big') throw tooLarge(member);
    throw this.#failed(refusal, member);
  }

  #failed({ error, error_details: details }: v.InferOutput<typeof refusalSchema>, member: string): Error {
    const more =
      details === undefined ? '' : `: ${typeof details === 'string' ? details : JSON.stringify(details)}`;
    return new TarshelfError('UPLOAD_FAILED', sentence('bookRefused', member, oneLineOf(`${error}${more}`)));
  }
}

function mimeType({ format, member }: Pick<Book, 'format' | 'member'>): string {
  const type = mimeTypes[format];
  if (type !== null) return type;
  throw new TarshelfError('DECLINED', sentence('bookOfOtherType', format, member));
}

function tooLarge(member: string): TarshelfError {
  return new TarshelfError('DECLINED', sentence('bookTooLarge', member));
}

function jsonBody(value: unknown): RequestBody {
  const bytes = Buffer.from(JSON.stringify(value));
  return { contentType: 'application/json', bytes: bytes.length, chunks: () => [bytes] };
}

function oneLineOf(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 300);
}
