/** The colours that charts are drawn with. A canvas knows no CSS variables, so that they are read from the page. */
export interface Theme {
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  readonly background: string;
  readonly font: string;
  readonly bytes: string;
  readonly uploaded: string;
  readonly own: string;
  readonly others: string;
  readonly destination: string;
  readonly failed: string;
}

export type ThemeColor = 'bytes' | 'uploaded' | 'own' | 'others' | 'destination' | 'failed';

export function readTheme(): Theme {
  const style = getComputedStyle(document.body);
  const color = (name: string, other = style.color): string => style.getPropertyValue(name).trim() || other;
  return {
    text: style.color,
    muted: color('--vscode-descriptionForeground'),
    grid: color('--grid'),
    background: color('--dashboard-background', color('--vscode-editor-background')),
    font: `${style.fontSize} ${style.fontFamily}`,
    bytes: color('--series-bytes'),
    uploaded: color('--series-uploaded'),
    own: color('--series-own'),
    others: color('--series-others'),
    destination: color('--series-destination'),
    failed: color('--series-failed'),
  };
}

/** Tells when the theme has become another: VS Code then changes the classes of the body and the variables. */
export function onThemeChange(listener: () => void): () => void {
  const observer = new MutationObserver(listener);
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });
  return () => {
    observer.disconnect();
  };
}

export function wantsLessMotion(): boolean {
  return (
    document.body.classList.contains('vscode-reduce-motion') ||
    matchMedia('(prefers-reduced-motion: reduce)').matches
  );
}
