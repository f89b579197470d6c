import type { MetadataReader } from '../../protocol/ingestOptions.ts';
import type { ArchiveMember } from '../archive/archive.ts';
import type { BookFormat } from '../../protocol/bookFormat.ts';
import {
  bookMetadataFromName,
  UnreadableBookError,
  type BookMetadata,
} from '../books/metadata/bookMetadata.ts';
import { completeMetadata, nameUsed } from '../books/metadata/completeMetadata.ts';
import { EbookMeta } from '../books/metadata/ebookMeta.ts';
import { hasReader, readMetadata } from '../books/metadata/readMetadata.ts';
import { rereadBody, type DigestedBody } from './bookBody.ts';

interface BookToRead {
  readonly member: ArchiveMember;
  readonly format: BookFormat;
  readonly body: DigestedBody;
}

// A copy of more than this takes longer than its metadata are worth.
const largestCopyBytes = 1024 * 1024 * 1024;

/** Decides for a worker who reads what a book calls itself: our own readers, calibre or nobody. */
export class MetadataSource {
  readonly #choice: MetadataReader;
  readonly #onNotice: (message: string) => void;
  readonly #newCalibre: () => EbookMeta;
  readonly #readBytes: typeof readMetadata;
  /** Looked for when it is first asked for, and not again. */
  #calibre: EbookMeta | undefined;
  #toldAbsence = false;

  constructor(
    choice: MetadataReader,
    onNotice: (message: string) => void,
    newCalibre: () => EbookMeta = () => new EbookMeta(),
    readBytes: typeof readMetadata = readMetadata,
  ) {
    this.#choice = choice;
    this.#onNotice = onNotice;
    this.#newCalibre = newCalibre;
    this.#readBytes = readBytes;
  }

  /** Whether nobody reads them of this book, which goes by the name of its file. */
  readsNothingOf(book: BookToRead): boolean {
    return this.#choice === 'none' || (this.#choice === 'builtin' && !canReadOwn(book));
  }

  /**
   * @throws the reason of `stop` when that was aborted while calibre was reading; a TarshelfError when the book's
   *   bytes cannot be read. For a book that says nothing there is its name.
   */
  async read(book: BookToRead, stop: AbortSignal): Promise<BookMetadata> {
    if (this.#choice === 'none') return bookMetadataFromName(book.member.name);
    const calibre = this.#calibreFor(book);
    if (!calibre) return await this.#readOwn(book);
    const { member, format, body } = book;
    try {
      const bytes = body.kept ? [body.kept] : rereadBody(member, body.key);
      return completeMetadata(await calibre.read(format, bytes, stop), member.name);
    } catch (thrown) {
      if (!(thrown instanceof UnreadableBookError)) throw thrown;
      // What calibre cannot read a reader of ours may.
      if (canReadOwn(book)) return await this.#readOwn(book);
      return { ...bookMetadataFromName(member.name), warning: nameUsed(thrown.message) };
    }
  }

  #readOwn({ member, format, body }: BookToRead): Promise<BookMetadata> {
    return body.kept && hasReader(format)
      ? this.#readBytes(format, body.kept, member.name)
      : Promise.resolve(bookMetadataFromName(member.name));
  }

  #calibreFor(book: BookToRead): EbookMeta | undefined {
    if (this.#choice === 'builtin' || (this.#choice === 'auto' && !isForCalibre(book))) return undefined;
    this.#calibre ??= this.#newCalibre();
    if (!this.#calibre.reads(book.format) || book.member.sizeBytes > largestCopyBytes) return undefined;
    if (this.#calibre.isInstalled) return this.#calibre;
    this.#tellAbsence(book.format);
    return undefined;
  }

  #tellAbsence(format: BookFormat): void {
    if (this.#toldAbsence) return;
    this.#toldAbsence = true;
    const consequence =
      this.#choice === 'calibre'
        ? 'metadata are read without it'
        : `books such as those in ${format.toUpperCase()} go by the names of their files`;
    this.#onNotice(
      `calibre is not installed, so ${consequence}. Install it, or choose "builtin" to be silent.`,
    );
  }
}

/** What no reader of ours reads: other formats, and books too large to be kept in memory. A text names no author. */
function isForCalibre(book: BookToRead): boolean {
  return !canReadOwn(book) && book.format !== 'txt';
}

function canReadOwn({ format, body }: BookToRead): boolean {
  return body.kept !== null && hasReader(format);
}
