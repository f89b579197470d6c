import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** With this password nothing is ever answered. */
export const neverAnswered = 'slow';

/**
 * A program that keeps to what calibredb takes and says: it lets in whoever knows the password, has no books, and
 * takes every one. A script, which Windows does not start.
 *
 * @returns the PATH that has it before calibre's own
 */
export function makeCalibredbStandIn(folder: string, password: string): string {
  const programs = path.join(folder, 'bin');
  mkdirSync(programs);
  const script = `#!/bin/sh
read -r given
case "$given" in
  '${password}') ;;
  '${neverAnswered}') exec sleep 300 ;;
  *)
    echo 'HTTP Error 401: Unauthorized' >&2
    exit 1 ;;
esac
case "$1" in
  list) echo '[]' ;;
  add)
    ids=
    for argument in "$@"; do
      case "$argument" in /*) ids="$ids\${ids:+, }1" ;; esac
    done
    echo "Added book ids: $ids" ;;
esac
`;
  writeFileSync(path.join(programs, 'calibredb'), script, { mode: 0o755 });
  return `${programs}${path.delimiter}${process.env['PATH'] ?? ''}`;
}
