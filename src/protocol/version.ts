/** Put into the bundles by the build, from package.json. */
declare const TARSHELF_VERSION: string | undefined;

/**
 * The version of this program, such as `1.2.3`. Clients and engines tell each other, so that an older engine
 * can be replaced. Sources that run without having been bundled are older than every release.
 */
export const programVersion: string =
  typeof TARSHELF_VERSION === 'string' ? TARSHELF_VERSION : '0.0.0-source';
