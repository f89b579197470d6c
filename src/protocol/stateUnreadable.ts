import { oneLine, TarshelfError } from './errors.ts';
import { sentence } from './sentences.ts';

/** Something of a state folder is there, or may be, and cannot be read. */
export function stateUnreadable(path: string, thrown: unknown): TarshelfError {
  return new TarshelfError('PROGRESS_NOT_READABLE', sentence('stateUnreadable', path, oneLine(thrown)), {
    cause: thrown,
  });
}
