// What the server makes of names: of an uploaded file, and of a book in its library.

/** The name under which an uploaded file is kept. A Cyrillic name loses all its letters, and its extension with them. */
export function storedFileName(fileName: string): string {
  const ascii = fileName.normalize('NFKD').replace(/[^\0-\x7f]/gu, '');
  return ascii
    .replace(/[/\\]/g, ' ')
    .split(/\s+/)
    .filter(part => part !== '')
    .join('_')
    .replace(/[^A-Za-z0-9_.-]/g, '')
    .replace(/^[._]+|[._]+$/g, '');
}

/** Without the dot; empty when there is none. A name that begins with its only dot has none either. */
export function extensionOf(storedName: string): string {
  const dot = storedName.lastIndexOf('.');
  return dot > 0 ? storedName.slice(dot + 1) : '';
}

export function stemOf(storedName: string): string {
  const extension = extensionOf(storedName);
  return extension === '' ? storedName : storedName.slice(0, -extension.length - 1);
}

export interface ShelfNames {
  /** All of them, `Last First, Last First`. */
  readonly authors: string;
  readonly title: string;
  readonly languageCode: string;
  readonly series?: { readonly title: string; readonly index: number };
}

export interface ShelfPath {
  readonly folder: string;
  /** Without extension. */
  readonly stem: string;
}

/** Where the files of a book go. Every letter that has no ASCII base becomes a blank, so that many books share one path. */
export function shelfPath({ authors, title, languageCode, series }: ShelfNames): ShelfPath {
  const safe = (text: string): string => text.replaceAll('/', '-');
  const [author, name] = [safe(authors), safe(title)];
  const numbered = series ? `${safe(series.title)} ${String(series.index)} - ${name}` : name;
  const folder = series
    ? `${author}/${safe(series.title)}/${numbered}(${languageCode})`
    : `${author}/${name}(${languageCode})`;
  return { folder: asciiPath(folder), stem: asciiPath(`${author} - ${numbered}`) };
}

/**
 * The first free path. Each number is added to the name with the earlier ones still there, so that a path taken often
 * enough grows beyond what a file name may have: then it is undefined.
 */
export function freeLocation(
  { folder, stem }: ShelfPath,
  extension: string,
  taken: (location: string) => boolean,
): string | undefined {
  let name = stem;
  for (let number = 1; ; number++) {
    const location = `${folder}/${name}.${extension}`;
    if (location.split('/').some(component => component.length > longestComponent)) return undefined;
    if (!taken(location)) return location;
    name += `(${String(number)})`;
  }
}

const longestComponent = 255;

function asciiPath(path: string): string {
  return path
    .normalize('NFKD')
    .replace(/\p{Mn}/gu, '')
    .replace(/[^\0-\x7f]/gu, ' ')
    .replace(/[:*%|"<>?\\]/g, '');
}
