import { printable } from '../protocol/printable.ts';

/**
 * Text as Markdown that shows it as it is: the name of a tar is a stranger's, and may read like a link, an
 * image or an icon. Unlike `MarkdownString.appendText`, spaces stay spaces, so that long lines wrap.
 */
export function escapeMarkdown(text: string): string {
  return (
    printable(text.replaceAll(/\s+/g, ' '))
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      // Not with a backslash: `$(name)` is made an icon after those are gone.
      .replaceAll('$', '&#36;')
      .replaceAll(/[\\`*_{}[\]()#+\-.!|>~:@]/g, String.raw`\$&`)
  );
}
