// The metadata task: makes an upload row of a stored file, a few at a time.
import type { BookTables, Upload } from './bookTables.ts';
import { formatOfExtension } from './formats.ts';
import { isObject, type JsonObject } from './json.ts';
import type { RequestCounts } from './requestCounts.ts';
import { extensionOf, stemOf } from './storedNames.ts';

export interface MetadataTask {
  readonly args: readonly unknown[];
  /** On top of what every task takes. */
  readonly extraMs: number;
  /** Ends the task with this error, once it has run. */
  readonly error: string | undefined;
  readonly onStart: () => void;
  readonly onEnd: (outcome: TaskOutcome) => void;
}

export type TaskOutcome =
  | { readonly status: 'success'; readonly result: number; readonly seconds: number }
  | { readonly status: 'error'; readonly error: string; readonly seconds: number };

/** What is read out of a file, by its stored name: the server here has no calibre, and keeps no bytes. */
export type Extract = (storedName: string) => JsonObject;

export interface MetadataTaskOptions {
  readonly tables: BookTables;
  readonly counts: RequestCounts;
  /** How many run at once. */
  readonly cores: number;
  readonly taskMs: number;
  readonly extract: Extract;
}

const codeSynonyms: Readonly<Record<string, string>> = { eng: 'en', ces: 'cs', slk: 'sk' };
const genreSynonyms: Readonly<Record<string, string>> = { 'sci-fi': 'Science Fiction' };

/** What calibre says of a file that holds nothing it can read. */
export const extractNothing: Extract = storedName => ({
  title: stemOf(storedName),
  authors: [{ last_name: 'Unknown' }],
});

export class MetadataTasks {
  readonly #options: MetadataTaskOptions;
  readonly #waiting: MetadataTask[] = [];
  readonly #running = new Map<NodeJS.Timeout, () => void>();

  constructor(options: MetadataTaskOptions) {
    this.#options = options;
  }

  submit(task: MetadataTask): void {
    this.#waiting.push(task);
    this.#startNext();
  }

  /** As a restart does: nothing of the queue is kept, and nobody is told. */
  forgetAll(): void {
    this.#waiting.length = 0;
    for (const [timer, over] of this.#running) {
      clearTimeout(timer);
      over();
    }
    this.#running.clear();
  }

  #startNext(): void {
    const { cores, taskMs, counts } = this.#options;
    while (this.#running.size < cores) {
      const task = this.#waiting.shift();
      if (!task) return;
      const over = counts.beginTask();
      const begin = performance.now();
      const timer = setTimeout(() => {
        this.#running.delete(timer);
        over();
        const made = task.error ?? this.#insertUpload(task.args);
        const seconds = (performance.now() - begin) / 1000;
        task.onEnd(
          typeof made === 'string'
            ? { status: 'error', error: made, seconds }
            : { status: 'success', result: made.id, seconds },
        );
        this.#startNext();
      }, taskMs + task.extraMs);
      this.#running.set(timer, over);
      task.onStart();
    }
  }

  /** The new row, or why there is none. */
  #insertUpload([file, proposed]: readonly unknown[]): Upload | string {
    const { tables, extract } = this.#options;
    const stored = typeof file === 'string' ? tables.storedFiles.get(file) : undefined;
    if (!stored) return `File ${String(file)} does not exist`;
    // Each key that is proposed replaces what was extracted wholly.
    const meta = { ...extract(stored.storedName), ...(isObject(proposed) ? proposed : {}) };
    const format = formatOfExtension(extensionOf(stored.storedName));
    if (!format) return 'null value in column "format_id" of relation "upload" violates not-null constraint';
    return tables.addUpload(stored, format, withKnownEntities(meta, tables));
  }
}

/** What the database knows is replaced by its row, with its id; what it does not know stays as it is. */
function withKnownEntities(meta: JsonObject, tables: BookTables): JsonObject {
  const { authors, series, genres, language } = meta;
  const each = (list: unknown[], known: (entity: JsonObject) => JsonObject | undefined): unknown[] =>
    list.map(entity => (isObject(entity) ? (known(entity) ?? entity) : entity));
  return {
    ...meta,
    ...(Array.isArray(authors) && { authors: each(authors, author => knownAuthor(author, tables)) }),
    ...(isObject(series) && { series: knownSeries(series, tables) ?? series }),
    ...(Array.isArray(genres) && { genres: each(genres, genre => knownGenre(genre, tables)) }),
    ...(isObject(language) && { language: knownLanguage(language, tables) ?? language }),
  };
}

function knownAuthor(
  { first_name: first, last_name: last }: JsonObject,
  tables: BookTables,
): JsonObject | undefined {
  const known = tables.author(typeof first === 'string' ? first : undefined, String(last));
  if (!known) return undefined;
  const { id, firstName, lastName } = known;
  return { id, ...(firstName !== undefined && { first_name: firstName }), last_name: lastName };
}

function knownSeries({ title }: JsonObject, tables: BookTables): JsonObject | undefined {
  const known = tables.series.find(series => sameText(series.title, title));
  return known && { ...known };
}

function knownGenre({ name }: JsonObject, tables: BookTables): JsonObject | undefined {
  const ours = typeof name === 'string' ? (genreSynonyms[name.toLowerCase()] ?? name) : undefined;
  const known = tables.genres.find(genre => sameText(genre.name, ours));
  return known && { ...known };
}

function knownLanguage({ code, name }: JsonObject, tables: BookTables): JsonObject | undefined {
  const { languages } = tables;
  const known =
    typeof code === 'string'
      ? (languages.find(language => language.code === code) ??
        languages.find(language => language.code === codeSynonyms[code]))
      : undefined;
  const found = known ?? languages.find(language => sameText(language.name, name));
  return found && { ...found };
}

function sameText(ours: string, theirs: unknown): boolean {
  return typeof theirs === 'string' && ours.toLowerCase() === theirs.toLowerCase();
}
