import { posix } from 'node:path';
import type { SystemFacts } from '../../src/engine/supervisor/load/systemFacts.ts';

export interface Recorded {
  /** Texts of files, by path. May be changed while it is in use. */
  readonly texts: Record<string, string>;
  /** Where links lead. */
  readonly links?: Record<string, string>;
  /** Devices of file systems by where they are mounted, as `major:minor`. */
  readonly devices: Record<string, string>;
  /** Folders that are there, besides those where something is mounted. */
  readonly folders?: readonly string[];
}

function missing(path: string): Error {
  return Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: 'ENOENT' });
}

/** A machine as its kernel described it. */
export function recordedFacts({ texts, links = {}, devices, folders = [] }: Recorded): SystemFacts {
  const isThere = (path: string): boolean => path in devices || folders.includes(path);
  return {
    text: path => {
      const text = texts[path];
      return text === undefined ? Promise.reject(missing(path)) : Promise.resolve(text);
    },
    realPath: path => {
      const real = links[path] ?? path;
      return isThere(real) || path in links ? Promise.resolve(real) : Promise.reject(missing(path));
    },
    deviceOf: path => {
      for (let at = path; ; at = posix.dirname(at)) {
        const device = devices[at];
        if (device !== undefined) return Promise.resolve(device);
        if (at === '/') return Promise.reject(missing(path));
      }
    },
  };
}
