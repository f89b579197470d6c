// The routes that make books, and add files to them.
import { failure, json, type Answer } from './answers.ts';
import type { BookTables, Ebook } from './bookTables.ts';
import { isObject, pythonText, withoutNulls, type JsonObject } from './json.ts';
import type { Call, RestServer } from './routes.ts';
import { freeLocation } from './storedNames.ts';
import { timeText } from './timeText.ts';

const longestTitle = 256;
const longestName = 128;
const longestLocation = 512;

/** `POST /api/ebooks` */
export function createEbook({ json: body }: Call, { tables }: RestServer): Answer {
  if (body === undefined || body === null || (typeof body === 'object' && Object.keys(body).length === 0)) {
    return failure(400);
  }
  if (!isObject(body)) return invalid('Invalid data type');
  const complaint = entityComplaint(body);
  if (complaint !== undefined) return invalid(complaint);
  const errors = fieldErrors(body);
  if (Object.keys(errors).length > 0) return invalid(errors);
  const ebook = insertEbook(body, tables);
  return typeof ebook === 'string'
    ? json({ error: 'Database error', error_details: ebook })
    : json({ id: ebook.id, success: true });
}

/** `POST /api/ebooks/<id>/add-upload` */
export async function addUpload({ params, json: body }: Call, server: RestServer): Promise<Answer> {
  const { tables } = server;
  if (body === undefined) return failure(400);
  if (!isObject(body)) return failure(500);
  const { upload_id: uploadId, quality } = body;
  if (!uploadId) return failure(400);
  const ebook = tables.ebook(Number(params[0]));
  const upload = tables.upload(Number(uploadId));
  if (!ebook || !upload) return failure(404);
  const existing = tables.source(upload.hash, upload.size);
  if (existing) {
    const title = tables.ebook(existing.ebookId)?.title ?? '';
    const where = `Existing source ${String(existing.id)} in ebook ${title}(${String(existing.ebookId)})`;
    return json({ error: 'File already exists', error_details: where });
  }

  // Copying takes time, and nothing holds the book or the key meanwhile. Whoever commits first changes the version of
  // the book, which ends the other; with two different books the same file is stored twice, as it really is.
  const version = ebook.versionId;
  await server.wait(server.addUploadMs);
  const stored = tables.storedFiles.get(upload.file);
  const format = upload.format.extension;
  const location = freeLocation(ebook.shelf, format, taken => tables.hasLocation(taken));
  if (!stored || ebook.versionId !== version) return failure(500);
  if (location === undefined || location.length > longestLocation) return failure(500);

  const source = tables.addSource({
    ebookId: ebook.id,
    hash: upload.hash,
    size: upload.size,
    format,
    location,
    loadSource: upload.loadSource,
    quality: typeof quality === 'number' ? quality : undefined,
  });
  ebook.versionId++;
  ebook.hasCover ||= upload.hasCover;
  ebook.modified = source.created;
  tables.removeUpload(upload);
  return json({ id: source.id });
}

/** `GET /api/ebooks/<id>` */
export function ebookDetails({ params }: Call, { tables, user }: RestServer): Answer {
  const ebook = tables.ebook(Number(params[0]));
  if (!ebook) return json({ message: 'There is no such book.' }, 404);
  return json(
    withoutNulls({
      id: ebook.id,
      version_id: ebook.versionId,
      title: ebook.title,
      authors: ebook.authors.map(({ id, firstName, lastName }) =>
        withoutNulls({ id, first_name: firstName, last_name: lastName }),
      ),
      series: ebook.series,
      series_index: ebook.seriesIndex,
      language: ebook.language,
      cover: ebook.hasCover,
      genres: ebook.genres,
      sources: tables.sourcesOf(ebook).map(({ id, format, location, size, created, quality }) =>
        withoutNulls({
          ...{ id, format, location, size, quality },
          modified: timeText(created),
          created_by: user.id,
        }),
      ),
      created: timeText(ebook.created),
      modified: timeText(ebook.modified),
      created_by: user.id,
      modified_by: user.id,
    }),
  );
}

function invalid(details: unknown): Answer {
  return json({ error: 'Invalid data', error_details: details });
}

/** What must be known already, and is not. */
function entityComplaint({ language, authors, genres }: JsonObject): string | undefined {
  const unknown = (entity: unknown): boolean =>
    isObject(entity) && Object.keys(entity).length > 0 && !entity['id'];
  const complain = (entity: unknown): string => `This entity ${pythonText(entity)} must have id`;
  if (unknown(language)) return complain(language);
  for (const list of [authors, genres]) {
    if (list !== undefined && list !== null && !Array.isArray(list)) return 'Value must be list';
  }
  const genre = elements(genres).find(unknown);
  return genre === undefined ? undefined : complain(genre);
}

type FieldErrors = Record<string, unknown>;

/** Field to messages, and for the fields of an entity one level deeper. */
function fieldErrors(body: JsonObject): FieldErrors {
  const errors: FieldErrors = {};
  const titleErrors = textErrors(body, 'title', longestTitle, true);
  if (titleErrors) errors['title'] = titleErrors;
  if (!('language' in body)) errors['language'] = ['Missing data for required field.'];
  else if (!isObject(body['language']) || Object.keys(body['language']).length === 0) {
    errors['language'] = ['Field may not be null.'];
  }
  const index = body['series_index'];
  if (index !== undefined && index !== null && !Number.isInteger(Number(index))) {
    errors['series_index'] = ['Not a valid integer.'];
  }
  if (isObject(body['series']) && !body['series']['id']) {
    const seriesErrors = textErrors(body['series'], 'title', longestTitle, false);
    if (seriesErrors) errors['series'] = { title: seriesErrors };
  }
  const authorErrors = elements(body['authors']).flatMap((author, position): [string, FieldErrors][] => {
    if (!isObject(author) || author['id']) return [];
    const names = ['first_name', 'last_name'].flatMap((name): [string, string[]][] => {
      const messages = textErrors(author, name, longestName, false);
      return messages ? [[name, messages]] : [];
    });
    return names.length > 0 ? [[String(position), Object.fromEntries(names)]] : [];
  });
  if (authorErrors.length > 0) errors['authors'] = Object.fromEntries(authorErrors);
  return errors;
}

function textErrors(
  object: JsonObject,
  field: string,
  longest: number,
  required: boolean,
): string[] | undefined {
  const value = object[field];
  if (value === undefined) return required ? ['Missing data for required field.'] : undefined;
  if (value === null) return required ? ['Field may not be null.'] : undefined;
  if (typeof value !== 'string') return ['Not a valid string.'];
  return Array.from(value).length > longest ? [`Longer than maximum length ${String(longest)}.`] : undefined;
}

/** The new book, or what the database says against it. */
function insertEbook(body: JsonObject, tables: BookTables): Ebook | string {
  const { title, language, authors, genres, series, series_index: index } = body;
  const texts = [
    title,
    ...[series, ...elements(authors)].filter(isObject).flatMap(entity => Object.values(entity)),
  ];
  if (texts.some(text => typeof text === 'string' && text.includes('\0'))) {
    return 'A string literal cannot contain NUL (0x00) characters.';
  }
  const knownLanguage = tables.languages.find(({ id }) => id === idOf(language));
  if (!knownLanguage)
    return 'null value in column "code" of relation "language" violates not-null constraint';
  const knownGenres = elements(genres).map(genre => tables.genres.find(({ id }) => id === idOf(genre)));
  const knownAuthors = elements(authors)
    .filter(isObject)
    .map(author => authorOf(author, tables));
  const missing = 'null value in a column violates not-null constraint';
  if (knownGenres.includes(undefined) || knownAuthors.includes(undefined)) return missing;
  const knownSeries = isObject(series) ? seriesOf(series, tables) : undefined;
  if (isObject(series) && !knownSeries) return missing;
  return tables.addEbook({
    title: String(title),
    language: knownLanguage,
    // A name that is given twice is one author.
    authors: [...new Set(knownAuthors.filter(author => author !== undefined))],
    genres: knownGenres.filter(genre => genre !== undefined),
    series: knownSeries,
    seriesIndex: index === undefined || index === null ? undefined : Number(index),
  });
}

// Of an entity with an id, nothing but the id counts.

function authorOf(author: JsonObject, tables: BookTables): ReturnType<BookTables['author']> {
  const id = idOf(author);
  if (id !== undefined) return tables.authors.find(known => known.id === id);
  const { first_name: firstName, last_name: lastName } = author;
  if (typeof lastName !== 'string') return undefined;
  return tables.authorNamed(typeof firstName === 'string' ? firstName : undefined, lastName);
}

function seriesOf(series: JsonObject, tables: BookTables): Ebook['series'] {
  const id = idOf(series);
  if (id !== undefined) return tables.series.find(known => known.id === id);
  return typeof series['title'] === 'string' ? tables.seriesTitled(series['title']) : undefined;
}

function idOf(entity: unknown): number | undefined {
  return isObject(entity) && typeof entity['id'] === 'number' ? entity['id'] : undefined;
}

function elements(list: unknown): unknown[] {
  return Array.isArray(list) ? (list as unknown[]) : [];
}
