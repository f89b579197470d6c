import type { MetadataReader } from '../../protocol/ingestOptions.ts';
import type { ArchiveMember } from '../archive/archive.ts';
import type { BookFormat } from '../../protocol/bookFormat.ts';
import {
  bookMetadataFromName,
  UnreadableBookError,
  type BookMetadata,
} from '../books/metadata/bookMetadata.ts';
import { completeMetadata, nameUsed } from '../books/metadata/completeMetadata.ts';
import type { EbookMeta } from '../books/metadata/ebookMeta.ts';
import type { readMetadata } from '../books/metadata/readMetadata.ts';
import { canRead } from '../books/metadata/readableFormats.ts';
import { rereadBody } from '../bodies/bookBody.ts';
import type { DigestedBody } from '../bodies/digest.ts';

export interface BookToRead {
  readonly member: ArchiveMember;
  readonly format: BookFormat;
  readonly body: Pick<DigestedBody, 'key' | 'kept' | 'place' | 'description'>;
}

// A copy of more than this takes longer than its metadata are worth.
const largestCopyBytes = 1024 * 1024 * 1024;

/** Metadata cost a seventh of a digest, and as much again where they are asked for later. */
const mostUnwanted = 0.4;
const remembered = 200;

/** Few need it, and it comes with what starts programs. */
async function loadCalibre(): Promise<EbookMeta> {
  const { EbookMeta } = await import('../books/metadata/ebookMeta.ts');
  return new EbookMeta();
}

/** Decides for a worker who reads what a book calls itself: our own readers, calibre or nobody. */
export class MetadataSource {
  readonly #choice: MetadataReader;
  readonly #onNotice: (message: string) => void;
  readonly #newCalibre: () => Promise<EbookMeta>;
  readonly #readMetadata: typeof readMetadata;
  /** Looked for when it is first asked for, and not again. */
  #calibre: Promise<EbookMeta> | undefined;
  #toldAbsence = false;
  /** Share of the duplicates among the books of late. */
  #unwanted = 0;

  /** @param read reads with our own readers: in a thread, where that has to be ended */
  constructor(
    choice: MetadataReader,
    onNotice: (message: string) => void,
    read: typeof readMetadata,
    newCalibre: () => Promise<EbookMeta> = loadCalibre,
  ) {
    this.#choice = choice;
    this.#onNotice = onNotice;
    this.#newCalibre = newCalibre;
    this.#readMetadata = read;
  }

  /** Whether they are read along with the digest by whoever makes that, before it is known which books are wanted. */
  get comesWithDigest(): boolean {
    return this.#prefersOwn && this.#unwanted < mostUnwanted;
  }

  /** Of books that were claimed: what was read of those that others have was read for nothing. */
  sawClaims(books: number, duplicates: number): void {
    const share = duplicates / books;
    this.#unwanted += (share - this.#unwanted) * Math.min(1, books / remembered);
  }

  /** What of a book is known already, without a wait. */
  known({ body }: BookToRead): BookMetadata | null {
    return body.description?.metadata ?? null;
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
    const calibre = this.#asksCalibre(book) ? await this.#calibreFor(book) : undefined;
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

  /** Whether a book is read by a reader of ours whatever happens, so that it may be read before anybody asks. */
  readsOwn(book: BookToRead): boolean {
    return this.#prefersOwn && canReadOwn(book);
  }

  get #prefersOwn(): boolean {
    return this.#choice === 'auto' || this.#choice === 'builtin';
  }

  #readOwn(book: BookToRead): Promise<BookMetadata> {
    const { member, format, body } = book;
    const known = this.known(book);
    if (known) return Promise.resolve(known);
    const bytes = body.kept ?? body.place;
    return bytes && canRead(format, body.key.sizeBytes)
      ? this.#readMetadata(format, bytes, member.name)
      : Promise.resolve(bookMetadataFromName(member.name));
  }

  #asksCalibre(book: BookToRead): boolean {
    return this.#choice === 'calibre' || (this.#choice === 'auto' && isForCalibre(book));
  }

  async #calibreFor(book: BookToRead): Promise<EbookMeta | undefined> {
    const calibre = await (this.#calibre ??= this.#newCalibre());
    if (!calibre.reads(book.format) || book.member.sizeBytes > largestCopyBytes) return undefined;
    if (calibre.isInstalled) return calibre;
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

/** What no reader of ours reads: other formats, and books too large for one. A text names no author. */
function isForCalibre(book: BookToRead): boolean {
  return !canReadOwn(book) && book.format !== 'txt';
}

function canReadOwn({ format, body }: BookToRead): boolean {
  return (body.kept ?? body.place) !== null && canRead(format, body.key.sizeBytes);
}
