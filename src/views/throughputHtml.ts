export interface ThroughputHtml {
  /** Addresses of the page's files, as a webview may load them. */
  readonly script: string;
  readonly style: string;
  readonly cspSource: string;
  /** Given once; only the script that has it runs. */
  readonly nonce: string;
  readonly title: string;
  /** A view of the side bar, or a tab among the editors. */
  readonly place: 'view' | 'tab';
}

/** The shell of the page: one script and one style sheet, and leave to load nothing else from anywhere. */
export function throughputHtml({ script, style, cspSource, nonce, title, place }: ThroughputHtml): string {
  const policy = `default-src 'none'; script-src 'nonce-${nonce}'; style-src ${cspSource}`;
  return `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <link rel="stylesheet" href="${escapeHtml(style)}" />
    <title>${escapeHtml(title)}</title>
  </head>
  <body data-place="${place}">
    <script nonce="${escapeHtml(nonce)}" src="${escapeHtml(script)}"></script>
  </body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
