// What may follow a name after a comma without being a first name.
const suffix = /^(?:jr|sr|ii|iii|iv|esq|ph\.? ?d|m\.? ?d|inc|ltd|llc|gmbh|co)\b/i;

/** A name as a title page has it: `Tolstoy, Leo` becomes `Leo Tolstoy`. */
export function displayName(name: string): string {
  const parts = name.split(',', 3);
  if (parts.length !== 2) return name;
  const last = (parts[0] ?? '').trim();
  const first = (parts[1] ?? '').trim();
  if (last === '' || first === '' || suffix.test(first)) return name;
  return `${first} ${last}`;
}

/** The names in a text that may hold several. No name has a semicolon; commas and `&` are left to the names. */
export function displayNames(text: string): string[] {
  return text.split(';').map(displayName);
}

/**
 * The names in a text that is one for all authors, parted as calibre parts them, and at semicolons too. Commas stand
 * between names as well as within one, so they part nothing;
 * two ampersands are one that belongs to a name.
 */
export function namesIn(text: string): string[] {
  return text
    .replaceAll('&&', '\uffff')
    .split(/;|&|,?\s+(?:and|with)\s+/i)
    .map(name => name.replaceAll('\uffff', '&').trim())
    .filter(name => name !== '');
}

/** A name as a catalogue has it: `Leo Tolstoy` becomes `Tolstoy, Leo`. One that has a comma or no blank stays. */
export function sortName(name: string): string {
  const words = name.split(' ');
  const ending = words.length > 2 && suffix.test(words.at(-1) ?? '') ? words.pop() : undefined;
  const last = words.pop() ?? name;
  if (name.includes(',') || words.length === 0) return name;
  return [`${last},`, ...words, ...(ending === undefined ? [] : [ending])].join(' ');
}
