// What the server stores, as far as an upload touches it: the tables of its database, and the uploaded files.
// All of it outlives a restart. Like the real tables, none refuses a second source with the same hash and size.
import { formats, type Format } from './formats.ts';
import type { JsonObject } from './json.ts';
import { shelfPath, type ShelfPath } from './storedNames.ts';

export interface Author {
  readonly id: number;
  readonly firstName: string | undefined;
  readonly lastName: string;
}

export interface Series {
  readonly id: number;
  readonly title: string;
}

export interface Language {
  readonly id: number;
  readonly code: string;
  readonly name: string;
}

export interface Genre {
  readonly id: number;
  readonly name: string;
}

export interface Ebook {
  readonly id: number;
  /** Counts the changes of the row, for the optimistic lock. */
  versionId: number;
  readonly title: string;
  readonly language: Language;
  readonly authors: readonly Author[];
  readonly genres: readonly Genre[];
  readonly series: Series | undefined;
  readonly seriesIndex: number | undefined;
  readonly shelf: ShelfPath;
  hasCover: boolean;
  readonly created: Date;
  modified: Date;
}

export interface Source {
  readonly id: number;
  readonly ebookId: number;
  /** SHA-1 as text: another case of the digits is another hash. */
  readonly hash: string;
  readonly size: number;
  /** Extension. */
  readonly format: string;
  readonly location: string;
  readonly loadSource: string;
  readonly quality: number | undefined;
  readonly created: Date;
}

/** A file that was received, and not yet added to a book. */
export interface StoredFile {
  /** `tmpXXXXXXXX/<stored name>` */
  readonly file: string;
  readonly storedName: string;
  readonly hash: string;
  readonly size: number;
}

/** What a metadata task made of a stored file. One file may have several. */
export interface Upload {
  readonly id: number;
  readonly file: string;
  readonly loadSource: string;
  readonly format: Format;
  readonly hash: string;
  readonly size: number;
  readonly hasCover: boolean;
  readonly meta: JsonObject;
  readonly created: Date;
}

export interface NewEbook {
  readonly title: string;
  readonly language: Language;
  readonly authors: readonly Author[];
  readonly genres: readonly Genre[];
  readonly series: Series | undefined;
  readonly seriesIndex: number | undefined;
}

export interface NewSource {
  readonly ebookId: number;
  readonly hash: string;
  readonly size: number;
  readonly format: string;
  readonly location: string;
  readonly loadSource: string;
  readonly quality?: number | undefined;
  readonly created?: Date | undefined;
}

export class BookTables {
  readonly languages: readonly Language[] = [
    { id: 1, code: 'cs', name: 'Czech' },
    { id: 2, code: 'en', name: 'English' },
    { id: 3, code: 'ru', name: 'Russian' },
    { id: 4, code: 'sk', name: 'Slovak' },
  ];
  readonly genres: readonly Genre[] = [
    { id: 1, name: 'Fantasy' },
    { id: 2, name: 'Science Fiction' },
  ];
  readonly authors: Author[] = [];
  readonly series: Series[] = [];
  readonly ebooks: Ebook[] = [];
  readonly sources: Source[] = [];
  readonly storedFiles = new Map<string, StoredFile>();

  readonly #uploads = new Map<number, Upload>();
  readonly #ebooksById = new Map<number, Ebook>();
  readonly #sourcesByKey = new Map<string, Source[]>();
  readonly #sizes = new Set<number>();
  readonly #locations = new Set<string>();
  readonly #authorsByName = new Map<string, Author>();
  #lastUploadId = 0;

  ebook(id: number): Ebook | undefined {
    return this.#ebooksById.get(id);
  }

  get uploads(): readonly Upload[] {
    return [...this.#uploads.values()];
  }

  upload(id: number): Upload | undefined {
    return this.#uploads.get(id);
  }

  source(hash: string, size: number): Source | undefined {
    return this.#sourcesByKey.get(keyOf(hash, size))?.[0];
  }

  sourcesOf(ebook: Ebook): Source[] {
    return this.sources.filter(source => source.ebookId === ebook.id);
  }

  hasSize(size: number): boolean {
    return this.#sizes.has(size);
  }

  hasLocation(location: string): boolean {
    return this.#locations.has(location);
  }

  /** Keys that more than one source has, as `hash|size`: books that are on the shelf twice. */
  duplicateKeys(): string[] {
    return [...this.#sourcesByKey].filter(([, sources]) => sources.length > 1).map(([key]) => key);
  }

  addSource(row: NewSource): Source {
    const { quality, created = new Date(), ...rest } = row;
    const source: Source = { ...rest, id: this.sources.length + 1, quality, created };
    this.sources.push(source);
    const key = keyOf(source.hash, source.size);
    const same = this.#sourcesByKey.get(key);
    if (same) same.push(source);
    else this.#sourcesByKey.set(key, [source]);
    this.#sizes.add(source.size);
    this.#locations.add(source.location);
    return source;
  }

  addEbook(row: NewEbook): Ebook {
    const created = new Date();
    const { series } = row;
    const shelf = shelfPath({
      authors: row.authors
        .map(({ firstName, lastName }) => [lastName, firstName].filter(Boolean).join(' '))
        .join(', '),
      title: row.title,
      languageCode: row.language.code,
      ...(series && { series: { title: series.title, index: row.seriesIndex ?? 0 } }),
    });
    const id = this.ebooks.length + 1;
    const ebook: Ebook = { ...row, id, versionId: 1, shelf, hasCover: false, created, modified: created };
    this.ebooks.push(ebook);
    this.#ebooksById.set(id, ebook);
    return ebook;
  }

  author(firstName: string | undefined, lastName: string): Author | undefined {
    return this.#authorsByName.get(JSON.stringify([firstName, lastName]));
  }

  /** The author of exactly these names; a new one where there is none. */
  authorNamed(firstName: string | undefined, lastName: string): Author {
    const known = this.author(firstName, lastName);
    if (known) return known;
    const author = { id: this.authors.length + 1, firstName, lastName };
    this.authors.push(author);
    this.#authorsByName.set(JSON.stringify([firstName, lastName]), author);
    return author;
  }

  /** The series of exactly this title; a new one where there is none. */
  seriesTitled(title: string): Series {
    const known = this.series.find(series => series.title === title);
    if (known) return known;
    const series = { id: this.series.length + 1, title };
    this.series.push(series);
    return series;
  }

  addStoredFile(file: StoredFile): void {
    this.storedFiles.set(file.file, file);
  }

  addUpload(file: StoredFile, format: Format, meta: JsonObject): Upload {
    const upload: Upload = {
      id: ++this.#lastUploadId,
      file: file.file,
      loadSource: file.storedName,
      format,
      hash: file.hash,
      size: file.size,
      hasCover: true,
      meta,
      created: new Date(),
    };
    this.#uploads.set(upload.id, upload);
    return upload;
  }

  /** With the file; the rows that other tasks made of it stay. */
  removeUpload(upload: Upload): void {
    this.#uploads.delete(upload.id);
    this.storedFiles.delete(upload.file);
  }

  /** A source of somebody else. */
  seedSource(seed: SourceSeed): Source {
    const { format = 'epub', hash, size } = seed;
    if (!formats.some(({ extension }) => extension === format))
      throw new Error(`There is no format ${format}.`);
    const ebookId = seed.ebookId ?? this.#othersEbook().id;
    const location = `Seeded/${String(this.sources.length + 1)}.${format}`;
    const loadSource = seed.loadSource ?? `seeded.${format}`;
    return this.addSource({ ebookId, hash, size, format, location, loadSource, created: seed.created });
  }

  #othersEbook(): Ebook {
    const title = 'Books of somebody else';
    return (
      this.ebooks.find(ebook => ebook.title === title) ??
      this.addEbook({
        title,
        language: this.languages[1]!,
        authors: [],
        genres: [],
        series: undefined,
        seriesIndex: undefined,
      })
    );
  }
}

export interface SourceSeed {
  readonly hash: string;
  readonly size: number;
  /** Else all go to one book made for them. */
  readonly ebookId?: number;
  readonly format?: string;
  readonly loadSource?: string;
  readonly created?: Date;
}

function keyOf(hash: string, size: number): string {
  return `${hash}|${String(size)}`;
}
