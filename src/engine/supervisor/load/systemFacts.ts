import { readFile, realpath, stat } from 'node:fs/promises';

/** What the kernel of Linux says of the machine, passed in so that a test can play another machine. All reject where it says nothing. */
export interface SystemFacts {
  text(path: string): Promise<string>;
  realPath(path: string): Promise<string>;
  /** The device of the file system that holds a path, as `major:minor`. */
  deviceOf(path: string): Promise<string>;
}

/** A `dev_t` of Linux, whose halves lie in pieces. */
export function deviceName(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xffff_f000n);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffff_ff00n);
  return `${String(major)}:${String(minor)}`;
}

export const systemFacts: SystemFacts = {
  text: path => readFile(path, 'utf8'),
  realPath: path => realpath(path),
  deviceOf: async path => deviceName((await stat(path, { bigint: true })).dev),
};
