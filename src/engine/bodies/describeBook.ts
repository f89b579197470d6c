import type { BookFormat } from '../../protocol/bookFormat.ts';
import type { FilePlace } from '../archive/archive.ts';
import { correctedAtOnce, correctedBook, type Detection } from '../books/bookType.ts';
import type { BookMetadata } from '../books/metadata/bookMetadata.ts';
import { bytesInFile, type BookBytes, type BytesAtHand } from '../books/metadata/bookBytes.ts';
import { readMetadataOf } from '../books/metadata/readMetadata.ts';
import { canRead } from '../books/metadata/readableFormats.ts';

/** A book whose bytes are at hand for the moment. */
export interface BookToDescribe {
  /** What its name says. */
  readonly format: BookFormat;
  readonly memberName: string;
}

/** What the bytes of a book say of it. */
export interface BookDescription {
  readonly detection: Detection;
  /** Null where no reader of ours reads it. */
  readonly metadata: BookMetadata | null;
}

/**
 * What a book in an open file is, and what it calls itself. Waits for the disk: for a thread that may.
 *
 * @param head what it begins with
 * @param last what else of it is in memory
 * @param onRead told before and after each read of more
 * @throws what the system says
 */
export async function describeBook(
  { format, memberName }: BookToDescribe,
  place: FilePlace,
  head: Buffer,
  last: BytesAtHand,
  onRead: (isReading: boolean) => void,
): Promise<BookDescription> {
  const inFile = bytesInFile(place, onRead, [{ at: 0, bytes: head }, last]);
  // A reader takes a failure of the disk for damage of the book.
  const failures: unknown[] = [];
  const bytes: BookBytes = {
    length: inFile.length,
    slice: (start, end) => {
      try {
        return inFile.slice(start, end);
      } catch (thrown) {
        failures.push(thrown);
        throw thrown;
      }
    },
  };
  const detection =
    correctedAtOnce(format, head) ??
    (await correctedBook(format, {
      sizeBytes: place.sizeBytes,
      read: (position, length) => Promise.resolve(bytes.slice(position, position + length)),
    }));
  const isRead = detection.kind === 'book' && canRead(detection.format, place.sizeBytes);
  const metadata = isRead ? readMetadataOf(detection.format, bytes, memberName) : null;
  if (failures.length > 0) throw failures[0];
  return { detection, metadata };
}
