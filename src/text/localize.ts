/*
 * Texts for people that are made in files which know nothing of VS Code, so that they can be tested outside of it.
 * In a window they come out in its language; anywhere else in English, as they stand in the code. Files that
 * import vscode call `vscode.l10n.t` themselves.
 */

/** Puts a text into the language of the window; `{0}` stands for the first of `args`. */
export type Translate = (message: string, ...args: (string | number)[]) => string;

let translate: Translate = inEnglish;

/** Says how texts are translated from now on; without a word, they stay as they are. */
export function setTranslate(fn: Translate = inEnglish): void {
  translate = fn;
}

export const t: Translate = (message, ...args) => translate(message, ...args);

function inEnglish(message: string, ...args: (string | number)[]): string {
  // A function, because an argument may hold `$&`, which means something in a replacement text.
  return message.replaceAll(/\{(\d+)\}/g, (whole, index: string) => {
    const arg = args[Number(index)];
    return arg === undefined ? whole : String(arg);
  });
}
