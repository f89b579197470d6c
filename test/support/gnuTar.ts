import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export type TarFormat = 'ustar' | 'gnu' | 'pax';

/** Runs a program to its end and gives its standard output. */
export function run(command: string, args: readonly string[], options: { cwd?: string } = {}): string {
  const result = spawnSync(command, args, { ...options, encoding: 'utf8', maxBuffer: 1024 ** 3 });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
}

/** Makes a tar of files (name to bytes, in their order) with GNU tar. */
export async function makeTar(
  path: string,
  format: TarFormat,
  files: Readonly<Record<string, Buffer>>,
  extraArguments: readonly string[] = [],
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tarshelf-members-'));
  try {
    const entries = Object.entries(files);
    for (const [name, body] of entries) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), body);
    }
    const names = entries.map(([name]) => name);
    run('tar', ['-cf', path, `--format=${format}`, ...extraArguments, '-C', folder, '--', ...names]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export interface ExtractedFile {
  readonly name: string;
  readonly sha1: string;
  readonly sizeBytes: number;
}

/** What `tar xf` makes of a tar: the regular files of it, with keys. */
export async function extractWithGnuTar(path: string): Promise<ExtractedFile[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tarshelf-extracted-'));
  try {
    run('tar', ['-xf', path, '-C', folder]);
    const names = await readdir(folder, { recursive: true, withFileTypes: true });
    const files: ExtractedFile[] = [];
    for (const entry of names) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      const body = await readFile(file);
      files.push({
        name: file.slice(folder.length + 1),
        sha1: createHash('sha1').update(body).digest('hex'),
        sizeBytes: body.length,
      });
    }
    return files;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
