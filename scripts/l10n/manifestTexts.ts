// What people read of package.json, and the keys under which it stands in package.nls.json.

/** Properties of contributions that hold words for people, wherever they are. */
const textProperties = new Set([
  'title',
  'shortTitle',
  'contextualTitle',
  'contents',
  'description',
  'markdownDescription',
  'deprecationMessage',
  'markdownDeprecationMessage',
  'patternErrorMessage',
  'label',
  'altText',
  'displayName',
]);
/** Lists of words that stand beside the values of a setting. */
const listProperties = new Set(['enumDescriptions', 'markdownEnumDescriptions', 'enumItemLabels']);

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
type JsonObject = Record<string, Json>;

export interface ExtractedManifest {
  /** The manifest with `%key%` in the place of each text. */
  readonly manifest: JsonObject;
  /** The texts by their keys, in the manifest's order. */
  readonly texts: Record<string, string>;
}

/**
 * Takes the texts out of a manifest. What is there as `%key%` already stays so, with what is known of it.
 *
 * @param known the texts that were taken out before
 * @throws Error for a key that nothing is known of, or that would stand for two texts
 */
export function extractManifest(
  manifest: JsonObject,
  known: Readonly<Record<string, string>>,
): ExtractedManifest {
  const texts: Record<string, string> = {};

  const take = (key: string, value: string): string => {
    const before = /^%([\w.-]+)%$/.exec(value)?.[1];
    const name = before ?? key;
    const text = before === undefined ? value : known[before];
    if (text === undefined) throw new Error(`package.nls.json has no text for %${name}%.`);
    if (texts[name] !== undefined && texts[name] !== text) throw new Error(`%${name}% stands for two texts.`);
    texts[name] = text;
    return `%${name}%`;
  };

  const walk = (value: Json, path: readonly string[]): Json => {
    if (Array.isArray(value)) return value.map(entry => walk(entry, [...path, nameOf(entry, known)]));
    if (typeof value !== 'object' || value === null) return value;
    const isView = path[0] === 'views' && path.length > 1;
    return Object.fromEntries(
      Object.entries(value).map(([name, entry]) => {
        // Settings are known by their names, whichever section they are moved to.
        const place = name === 'properties' ? ['settings'] : [...path, withoutPrefix(name)];
        if (typeof entry === 'string' && (textProperties.has(name) || (isView && name === 'name')))
          return [name, take(keyOf(place), entry)];
        if (Array.isArray(entry) && listProperties.has(name))
          return [
            name,
            entry.map((text, index) => {
              const choices = value['enum'];
              const choice = Array.isArray(choices) ? choices[index] : null;
              return typeof text === 'string'
                ? take(keyOf([...path, typeof choice === 'string' ? choice : String(index)]), text)
                : text;
            }),
          ];
        return [name, walk(entry, place)];
      }),
    );
  };

  const { description, capabilities = {}, contributes = {} } = manifest;
  return {
    manifest: {
      ...manifest,
      ...(typeof description === 'string' ? { description: take('description', description) } : {}),
      ...('capabilities' in manifest ? { capabilities: walk(capabilities, ['capabilities']) } : {}),
      contributes: walk(contributes, []),
    },
    texts,
  };
}

/** Puts the texts back where their keys stand. */
export function withTexts<T>(manifest: T, texts: Readonly<Record<string, string>>): T {
  const put = (value: unknown): unknown => {
    if (typeof value === 'string') {
      const key = /^%([\w.-]+)%$/.exec(value)?.[1];
      return key === undefined ? value : (texts[key] ?? value);
    }
    if (Array.isArray(value)) return value.map(put);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, put(entry)]));
  };
  return put(manifest) as T;
}

/** Of an entry of a list: by what it is and not by where it stands, so that keys stay when others come in between. */
function nameOf(entry: Json, known: Readonly<Record<string, string>>): string {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return '';
  const { command, id, view, contents, title } = entry;
  if (typeof command === 'string') return withoutPrefix(command);
  if (typeof id === 'string') return withoutPrefix(id);
  if (typeof view === 'string' && typeof contents === 'string')
    return `${withoutPrefix(view)}.${slugOf(contents, known)}`;
  return typeof title === 'string' ? slugOf(title, known) : '';
}

/** The first words of a text. */
function slugOf(text: string, known: Readonly<Record<string, string>>): string {
  const key = /^%([\w.-]+)%$/.exec(text)?.[1];
  const words = (key === undefined ? text : (known[key] ?? key)).toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return words.slice(0, 4).join('-');
}

function withoutPrefix(name: string): string {
  return name.replace(/^tarshelf\.(?=.)/, '');
}

function keyOf(path: readonly string[]): string {
  return path
    .filter(part => part !== '')
    .map(part => part.replace(/^markdown(?=[A-Z])/, '').replace(/^[A-Z]/, first => first.toLowerCase()))
    .map(part => part.replaceAll(/[^\w.-]/g, '-'))
    .join('.');
}
