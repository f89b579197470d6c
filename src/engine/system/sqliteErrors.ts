/** The primary result code of an error of SQLite's; undefined for any other error. */
export function sqliteCode(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('errcode' in thrown)) return undefined;
  return typeof thrown.errcode === 'number' ? thrown.errcode & 0xff : undefined;
}

/** Whether another connection is writing, and went on with it for as long as was waited. */
export function isBusy(thrown: unknown): boolean {
  return sqliteCode(thrown) === 5;
}
