import * as v from 'valibot';

/** At least one. */
export const sourceFoldersSchema = v.pipe(v.array(v.string()), v.minLength(1));

/**
 * An object with `sourceFolders`. An engine of an older version, and the `status.json` that it left, name the one
 * folder that there was then as `sourceFolder`: that is read as a list of it.
 */
export function readSourceFolders<E extends v.ObjectEntries>(entries: E) {
  return v.pipe(v.unknown(), v.transform(asList), v.object(entries));
}

function asList(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || 'sourceFolders' in value) return value;
  if (!('sourceFolder' in value)) return value;
  const { sourceFolder, ...rest } = value;
  return { ...rest, sourceFolders: [sourceFolder] };
}

/** Several folders in the middle of a line. */
export function foldersText(folders: readonly string[]): string {
  return folders.join(', ');
}
