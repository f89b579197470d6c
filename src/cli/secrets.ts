import { open, type FileHandle } from 'node:fs/promises';
import { oneLine, systemCode, TarshelfError } from '../protocol/errors.ts';
import type { Secrets } from '../protocol/secrets.ts';

/** Variables that hold secrets, by what they open. They go no further than this process. */
export const secretVariables = {
  password: 'TARSHELF_PASSWORD',
  databasePassword: 'TARSHELF_DATABASE_PASSWORD',
} as const satisfies Record<keyof Secrets, string>;

/** More than any password; a file that begins with a longer line is something else. */
const longestPasswordBytes = 4096;

/** The environment for other processes: everything of it can be read by whoever runs as the same user. */
export function withoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const hidden: readonly string[] = Object.values(secretVariables);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !hidden.includes(name)));
}

/**
 * The secrets that the environment and a file hold. An empty variable is none. Where both have a password, the
 * file's is taken: it was named for this very command.
 *
 * @param passwordFile absolute, or null for none
 * @throws TarshelfError `USAGE` where the file cannot be used
 */
export async function readSecrets(env: NodeJS.ProcessEnv, passwordFile: string | null): Promise<Secrets> {
  const variable = (name: string): string | null => {
    const value = env[name];
    return value === undefined || value === '' ? null : value;
  };
  return {
    password:
      passwordFile === null ? variable(secretVariables.password) : await readPasswordFrom(passwordFile),
    databasePassword: variable(secretVariables.databasePassword),
  };
}

/** The first line of a file that is for its owner alone, without its end. */
async function readPasswordFrom(path: string): Promise<string> {
  let line: string;
  try {
    const file = await open(path);
    try {
      // Of the opened file and not of the path, which may name another one a moment later.
      const stat = await file.stat();
      if (stat.isDirectory()) throw refused(path, 'is a folder. Name a file');
      // Windows keeps permissions in lists that Node cannot read; a user's own files are closed to others there.
      if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0) {
        throw refused(path, `can be read by others. Make it yours alone: chmod 600 "${path}"`);
      }
      line = await readLine(file);
    } finally {
      await file.close();
    }
  } catch (thrown) {
    if (thrown instanceof TarshelfError) throw thrown;
    if (systemCode(thrown) === 'ENOENT') throw refused(path, 'is not there. Check its name');
    if (systemCode(thrown) === 'EISDIR') throw refused(path, 'is a folder. Name a file');
    throw refused(path, `cannot be read (${oneLine(thrown)}). Mend that, or name another one`);
  }
  const password = line.endsWith('\r') ? line.slice(0, -1) : line;
  if (password === '') throw refused(path, 'has an empty first line. Put the password there');
  return password;
}

/** Also from a pipe, such as a shell makes of `<(…)`, whose bytes come in pieces. */
async function readLine(file: FileHandle): Promise<string> {
  const buffer = Buffer.alloc(longestPasswordBytes);
  let length = 0;
  let end = -1;
  while (end === -1) {
    if (length === buffer.length) throw new Error('its first line is too long for a password');
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
    length += bytesRead;
    end = bytesRead === 0 ? length : buffer.subarray(0, length).indexOf('\n');
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, end));
}

function refused(path: string, what: string): TarshelfError {
  return new TarshelfError('USAGE', `The password file ${path} ${what}.`);
}
