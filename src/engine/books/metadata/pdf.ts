import { wholeOf, type BookBytes } from './bookBytes.ts';
import { UnreadableBookError, type FoundMetadata } from './bookMetadata.ts';
import { isbnIn } from './isbn.ts';
import { namesIn } from './personName.ts';
import { PdfFile, type PdfFields } from './pdf/pdfFile.ts';
import { decodePdfText, pdfDateMs } from './pdf/pdfText.ts';
import { readXmp, xmpLimitBytes, type Xmp } from './pdf/xmp.ts';

// A PDF says who wrote it in two places: the Info dictionary, and a packet of XMP that its catalog names. What
// is in pdf/ finds both; this file holds the rules for what counts, which are calibre's.

/** Info and XMP of a PDF, whichever is the newer where both speak. */
export function readPdf(body: BookBytes): FoundMetadata {
  const { info, language, xmp } = openParts(body);
  const text = (key: string): string => decodePdfText(info?.string(key) ?? '').trim();
  const infoTitle = text('Title');
  const infoAuthors = namesIn(text('Author'));
  const xmpTitle = xmp?.title ?? '';
  const xmpAuthors = (xmp?.authors ?? []).flatMap(namesIn);
  const infoFirst = isInfoNewer(text('ModDate'), xmp);
  const isbn = xmp?.isbn ?? isbnOf(info, text);
  return {
    title: infoFirst ? infoTitle || xmpTitle : xmpTitle || infoTitle,
    authors: firstFilled(infoFirst ? [infoAuthors, xmpAuthors] : [xmpAuthors, infoAuthors]),
    language: xmp?.languages[0] ?? language,
    series: xmp?.series,
    publisher: xmp?.publisher,
    date: xmp?.date,
    identifiers: isbn === undefined ? {} : { isbn },
  };
}

interface Parts {
  info: PdfFields | undefined;
  language: string | undefined;
  xmp: Xmp | undefined;
}

function openParts(body: BookBytes): Parts {
  let file: PdfFile;
  try {
    file = new PdfFile(body);
  } catch (thrown) {
    const xmp = xmpInTheOpen(body);
    if (xmp && thrown instanceof UnreadableBookError) return { info: undefined, language: undefined, xmp };
    throw thrown;
  }
  const catalog = file.trailerDictionary('Root');
  const packet = unlessDamaged(() => catalog?.stream('Metadata', xmpLimitBytes));
  const language = unlessDamaged(() => catalog?.string('Lang'));
  return {
    info: unlessDamaged(() => file.trailerDictionary('Info')),
    language: language === undefined ? undefined : decodePdfText(language),
    xmp: packet && unlessDamaged(() => readXmp(packet)),
  };
}

const packetStart = Buffer.from('<x:xmpmeta', 'latin1');
const packetEnd = Buffer.from('</x:xmpmeta>', 'latin1');

/** A packet stands in the file as it is, so that programs find it that know nothing of PDF. The last one is the newest. */
function xmpInTheOpen(bytes: BookBytes): Xmp | undefined {
  const body = wholeOf(bytes);
  const start = body.lastIndexOf(packetStart);
  if (start === -1) return undefined;
  const end = body.indexOf(packetEnd, start);
  if (end === -1) return undefined;
  return unlessDamaged(() => readXmp(body.subarray(start, end + packetEnd.length)));
}

/** One of the two places may be damaged, and the other say all there is to say. */
function unlessDamaged<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof UnreadableBookError) return undefined;
    throw thrown;
  }
}

/** XMP counts unless Info was changed after it: by a program that knows nothing of XMP. */
function isInfoNewer(modDate: string, xmp: Xmp | undefined): boolean {
  const infoMs = pdfDateMs(modDate);
  return infoMs !== undefined && xmp?.changedMs !== undefined && infoMs > xmp.changedMs;
}

function firstFilled(lists: readonly string[][]): string[] {
  return lists.find(list => list.length > 0) ?? [];
}

// Digits that are no number of a book.
const dateKeys: ReadonlySet<string> = new Set(['CreationDate', 'ModDate']);

function isbnOf(info: PdfFields | undefined, text: (key: string) => string): string | undefined {
  const keys = (info?.keys() ?? []).filter(key => !dateKeys.has(key)).slice(0, 100);
  const stated = [...text('Keywords').split(','), ...keys.map(text)];
  return stated.map(isbnIn).find(isbn => isbn !== undefined);
}
