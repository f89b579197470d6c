import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** A book's (SHA-1, size), as the texts below have it. */
export function keyOf(body: Buffer): string {
  return `${hash('sha1', body, 'hex')}-${String(body.length)}`;
}

/**
 * Every (SHA-1, size) of a library's rows, as sorted texts; none where a kill came before it had a table. Fails where a
 * row's file is missing or is not it.
 */
export async function keysInLibrary(folder: string): Promise<string[]> {
  const database = new DatabaseSync(join(folder, 'library.db'), { readOnly: true });
  const isMade = database.prepare("select 1 from sqlite_master where name = 'books'").get() !== undefined;
  const rows = isMade ? database.prepare('select sha1, size, path from books').all() : [];
  database.close();
  const keys: string[] = [];
  for (const row of rows) {
    const body = await readFile(join(folder, String(row['path'])));
    const key = keyOf(body);
    if (key !== `${String(row['sha1'])}-${String(row['size'])}`) {
      throw new Error(`${String(row['path'])} is not what its row says`);
    }
    keys.push(key);
  }
  return keys.sort();
}

/** How many files lie under `books/`, with or without a row. */
export async function filesInLibrary(folder: string): Promise<number> {
  const entries = await readdir(join(folder, 'books'), { recursive: true, withFileTypes: true });
  return entries.filter(entry => entry.isFile()).length;
}

/** Fails where a progress file of a state folder records a book that the library does not have. */
export async function recordsAreTrue(stateFolder: string, library: string): Promise<void> {
  const keys = new Set(await keysInLibrary(library));
  for (const name of await readdir(stateFolder)) {
    if (!/^migration_progress_worker\d+\.json$/.test(name)) continue;
    const file = JSON.parse(await readFile(join(stateFolder, name), 'utf8')) as {
      completed_files: Record<string, { size: number }>;
    };
    for (const [sha1, { size }] of Object.entries(file.completed_files)) {
      assert.ok(keys.has(`${sha1}-${String(size)}`), `${sha1} is recorded and missing`);
    }
  }
}

/** How many paths are reserved for books that have no row yet; none where nobody is at work. */
export function reservationsInLibrary(folder: string): number {
  const database = new DatabaseSync(join(folder, 'library.db'), { readOnly: true });
  try {
    return Number(database.prepare('select count(*) as n from reservations').get()?.['n']);
  } finally {
    database.close();
  }
}
