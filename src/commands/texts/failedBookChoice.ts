import { engineText } from '../../text/engineText.ts';
import type { FailedBook } from '../../protocol/progressFile.ts';
import type { BookRow } from '../parts/chosenTars.ts';

/** A failed book as something to pick. */
export function failedBookChoice(
  tar: string,
  { file, message }: FailedBook,
): { label: string; detail: string; value: BookRow } {
  return { label: file, detail: engineText(message), value: { tar, member: file } };
}
