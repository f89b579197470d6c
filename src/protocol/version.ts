/** Put in place by the bundler. */
declare const TARSHELF_VERSION: string | undefined;

/** Of this program, such as `1.2.3`; from sources that were not bundled it has none. */
export const programVersion: string =
  typeof TARSHELF_VERSION === 'string' ? TARSHELF_VERSION : '0.0.0-source';
