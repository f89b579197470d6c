import type { FoundMetadata } from './bookMetadata.ts';

// What `ebook-meta book.ext` writes, as calibre 2 to 8 do:
//
//   Title               : Quick Start Guide
//   Author(s)           : John Schember & Kovid Goyal [Schember, John & Goyal, Kovid]
//   Languages           : eng
//   Series              : Guides #1.0
//   Comments            : Any text,
//   of several lines.
//
// A name fills 20 columns. Warnings of other programs may stand before, and a comment comes after all that is read
// here, so that lines of it that look like fields cannot be taken for them.

const nameColumns = 20;
/** In the order in which they are written. */
const names = ['Title', 'Author(s)', 'Publisher', 'Series', 'Languages', 'Published', 'Identifiers'] as const;
type Name = (typeof names)[number];
const unknown = 'Unknown';

/**
 * @param stem the file's base name without extension, which calibre gives as the title of a book that has none
 */
export function parseEbookMeta(output: string, stem: string): FoundMetadata {
  const fields = fieldsIn(output);
  const title = fields.get('Title');
  const named = title === undefined || title === unknown || title.toLowerCase() === stem.toLowerCase();
  const series = /^(.*) #(-?\d+(?:\.\d+)?)$/.exec(fields.get('Series') ?? '');
  return {
    title: named ? undefined : title,
    authors: authorsIn(fields.get('Author(s)') ?? ''),
    language: fields.get('Languages')?.split(',', 1)[0],
    series: series ? { name: series[1] ?? '', index: Number(series[2]) } : undefined,
    publisher: fields.get('Publisher'),
    date: fields.get('Published'),
    identifiers: identifiersIn(fields.get('Identifiers') ?? ''),
  };
}

function fieldsIn(output: string): ReadonlyMap<Name, string> {
  const fields = new Map<Name, string>();
  let next = 0;
  for (const line of output.split(/\r?\n/)) {
    if (line.startsWith('Comments'.padEnd(nameColumns) + ': ')) break;
    const index = names.findIndex(name => line.startsWith(`${name.padEnd(nameColumns)}: `));
    // A field that was passed is a line of another one's text.
    const name = names[index];
    if (name === undefined || index < next || (next === 0 && index > 0)) continue;
    fields.set(name, line.slice(nameColumns + 2).trim());
    next = index + 1;
  }
  return fields;
}

/** `A & B [sort names]`, where two ampersands are one of a name. */
function authorsIn(text: string): string[] {
  const sortAt = text.endsWith(']') ? text.lastIndexOf(' [') : -1;
  return (sortAt === -1 ? text : text.slice(0, sortAt))
    .replaceAll('&&', '\uffff')
    .split(' & ')
    .map(name => name.replaceAll('\uffff', '&').trim())
    .filter(name => name !== '' && name !== unknown);
}

/** `isbn:9780306406157, uri:https://example.org/a,b` */
function identifiersIn(text: string): Record<string, string> {
  const pairs = text.split(/, (?=[a-z][\w-]*:)/i).map((pair): [string, string] => {
    const colon = pair.indexOf(':');
    return [pair.slice(0, Math.max(colon, 0)), pair.slice(colon + 1)];
  });
  return Object.fromEntries(pairs.filter(([scheme, value]) => scheme !== '' && value !== ''));
}
