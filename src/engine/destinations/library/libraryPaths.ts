import type { BookKey } from '../../../protocol/bookKey.ts';
import type { BookFormat } from '../../../protocol/bookFormat.ts';
import type { BookMetadata } from '../../books/metadata/bookMetadata.ts';
import { cutToBytes, noDevice, unsafeCharacters } from '../../system/safeNames.ts';

/** Name limits of the file systems in use are 255 bytes or more; a suffix and an extension still fit. */
const longestAuthorBytes = 100;
const longestTitleBytes = 180;
const unknownAuthor = 'Unknown author';

/**
 * The places for a book within the library, the best first, with `/` between folders. The first is named for
 * people, `Author/Title.ext`; the others, for when other books have taken it, add part or all of the key.
 */
export function libraryPaths(metadata: BookMetadata, format: BookFormat, key: BookKey): string[] {
  const author =
    safeName(metadata.authors.map(author => author.name).join(', '), longestAuthorBytes) || unknownAuthor;
  const title = safeName(metadata.title, longestTitleBytes) || key.sha1;
  return ['', ` [${key.sha1.slice(0, 8)}]`, ` [${key.sha1}-${String(key.sizeBytes)}]`].map(
    suffix => `books/${author}/${title}${suffix}.${format}`,
  );
}

/** The form under which two paths that some file system holds for one are equal. */
export function pathIdentity(path: string): string {
  return path.normalize('NFC').toLowerCase();
}

function safeName(text: string, longestBytes: number): string {
  const clean = text.normalize('NFC').replace(unsafeCharacters, ' ').replace(/\s+/g, ' ').trim();
  // A leading dot hides a file; trailing dots and blanks are lost on Windows.
  const visible = cutToBytes(clean.replace(/^[. ]+/, ''), longestBytes).replace(/[. ]+$/, '');
  return noDevice(visible);
}
