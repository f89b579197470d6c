import { t } from './localize.ts';
import { findSentence, sentences } from '../protocol/sentences.ts';

/** What the engine says, in the language of the window where it is one of the known sentences, else as it is. */
export function engineText(text: string): string {
  const found = findSentence(text);
  // What stands in a sentence may be one, too.
  return found ? t(sentences[found.name], ...found.values.map(engineText)) : text;
}
