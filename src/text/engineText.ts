import { t } from './localize.ts';
import { windowSentences } from './windowSentences.ts';
import { findSentence } from '../protocol/sentences.ts';

/** What the engine says, in the words and the language of the window where it is one of the known sentences, else as it is. */
export function engineText(text: string): string {
  const found = findSentence(text);
  // What stands in a sentence may be one, too.
  return found
    ? t(windowSentences[found.name], ...found.values.map(engineText))
    : text.replaceAll(namedOptions, inSettings);
}

/** As the engine names options of the command line in what is none of its sentences: `Check its address (--server).` */
const namedOptions = /\((?:--[a-z]+(?:, --[a-z]+)*|TARSHELF_PASSWORD)\)/g;
const settingOf: Readonly<Record<string, string>> = {
  '--server': 'tarshelf.mybookshelf2.server',
  '--websocket': 'tarshelf.mybookshelf2.webSocket',
  '--user': 'tarshelf.mybookshelf2.userName',
  '--language': 'tarshelf.mybookshelf2.fallbackLanguage',
  '--container': 'tarshelf.mybookshelf2.container',
  '--program': 'tarshelf.mybookshelf2.program',
  TARSHELF_PASSWORD: 'Tarshelf: Sign In',
};

function inSettings(named: string): string {
  const settings = named
    .slice(1, -1)
    .split(', ')
    .map(option => settingOf[option]);
  return settings.includes(undefined) ? named : `(${settings.join(', ')})`;
}
