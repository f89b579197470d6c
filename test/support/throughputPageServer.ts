import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { rootFolder } from '../../scripts/paths.ts';
import type { ToPage } from '../../src/protocol/throughputMessages.ts';
import { throughputHtml } from '../../src/views/throughputHtml.ts';

/**
 * Some of the colours that VS Code 1.139 has in its own themes, with the defaults of those that a theme does not name,
 * and the class that it gives the body. What is not here is not set there either.
 */
export const themes = {
  dark: {
    class: 'vscode-dark',
    colors: {
      ...{ foreground: '#cccccc', descriptionForeground: '#9d9d9d', 'editor-background': '#1f1f1f' },
      ...{ 'sideBar-background': '#181818', 'button-background': '#0078d4', 'button-foreground': '#ffffff' },
      ...{ 'button-secondaryBackground': '#313131', 'button-secondaryForeground': '#cccccc' },
      ...{ 'dropdown-background': '#313131', 'dropdown-foreground': '#cccccc', 'dropdown-border': '#3c3c3c' },
      ...{ focusBorder: '#0078d4', 'widget-border': '#313131', 'charts-foreground': '#cccccc' },
      ...{ 'charts-blue': '#59a4f9', 'charts-green': '#89d185', 'charts-orange': '#ea5c0055' },
      ...{ 'charts-purple': '#b180d7', 'charts-red': '#f14c4c', 'charts-yellow': '#cca700' },
      ...{ 'charts-lines': '#cccccc80' },
    },
  },
  light: {
    class: 'vscode-light',
    colors: {
      ...{ foreground: '#3b3b3b', descriptionForeground: '#3b3b3b', 'editor-background': '#ffffff' },
      ...{ 'sideBar-background': '#f8f8f8', 'button-background': '#005fb8', 'button-foreground': '#ffffff' },
      ...{ 'button-secondaryBackground': '#e5e5e5', 'button-secondaryForeground': '#3b3b3b' },
      ...{ 'dropdown-background': '#ffffff', 'dropdown-foreground': '#3b3b3b', 'dropdown-border': '#cecece' },
      ...{ focusBorder: '#005fb8', 'widget-border': '#e5e5e5', 'charts-foreground': '#3b3b3b' },
      ...{ 'charts-blue': '#0063d3', 'charts-green': '#388a34', 'charts-orange': '#ea5c0055' },
      ...{ 'charts-purple': '#652d90', 'charts-red': '#e51400', 'charts-yellow': '#bf8803' },
      ...{ 'charts-lines': '#3b3b3b80' },
    },
  },
  highContrast: {
    class: 'vscode-high-contrast',
    colors: {
      ...{ foreground: '#ffffff', descriptionForeground: '#ffffff', 'editor-background': '#000000' },
      ...{ 'sideBar-background': '#000000', 'button-background': '#000000', 'button-foreground': '#ffffff' },
      ...{ 'button-border': '#6fc3df', 'button-secondaryForeground': '#ffffff', contrastBorder: '#6fc3df' },
      ...{ 'dropdown-background': '#000000', 'dropdown-foreground': '#ffffff', 'dropdown-border': '#6fc3df' },
      ...{ focusBorder: '#f38518', contrastActiveBorder: '#f38518', 'charts-foreground': '#ffffff' },
      ...{ 'charts-blue': '#59a4f9', 'charts-green': '#89d185', 'charts-yellow': '#ffd370' },
      ...{ 'charts-purple': '#b180d7', 'charts-red': '#f48771', 'charts-lines': '#ffffff80' },
    },
  },
  highContrastLight: {
    class: 'vscode-high-contrast vscode-high-contrast-light',
    colors: {
      ...{ foreground: '#292929', descriptionForeground: '#515151', 'editor-background': '#ffffff' },
      ...{ 'sideBar-background': '#ffffff', 'button-background': '#0f4a85', 'button-foreground': '#ffffff' },
      ...{ 'button-border': '#0f4a85', 'button-secondaryForeground': '#292929', contrastBorder: '#0f4a85' },
      ...{ 'button-secondaryBackground': '#ffffff', focusBorder: '#006bbd', contrastActiveBorder: '#006bbd' },
      ...{ 'dropdown-background': '#ffffff', 'dropdown-foreground': '#292929', 'dropdown-border': '#0f4a85' },
      ...{ 'charts-foreground': '#292929', 'charts-blue': '#0063d3', 'charts-green': '#374e06' },
      ...{ 'charts-yellow': '#895503', 'charts-purple': '#652d90', 'charts-red': '#b5200d' },
      ...{ 'charts-lines': '#29292980' },
    },
  },
} as const;
export type ThemeName = keyof typeof themes;

/** A script that gives the page a theme, as VS Code does: by variables of the root and classes of the body. */
export function themeScript(name: ThemeName): string {
  const { class: bodyClass, colors } = themes[name];
  const style = Object.entries(colors).map(([color, value]) => `--vscode-${color}: ${value}`);
  const root = [...style, '--vscode-font-family: sans-serif', '--vscode-font-size: 13px'].join('; ');
  return `document.documentElement.style.cssText = ${JSON.stringify(root)};
    document.body.className = ${JSON.stringify(bodyClass)};
    document.body.style.backgroundColor = 'var(--vscode-editor-background)';`;
}

/** A script that stands in for VS Code in the page: it answers `ready`, and keeps in `posted` what the page says. */
export function hostScript(full: ToPage, theme: ThemeName): string {
  return `window.posted = [];
    window.tell = message => window.dispatchEvent(new MessageEvent('message', { data: message }));
    let state;
    window.acquireVsCodeApi = () => {
      ${themeScript(theme)}
      return {
        getState: () => state,
        setState: chosen => { state = chosen; },
        postMessage: message => {
          window.posted.push(message);
          if (message.type === 'ready') setTimeout(() => window.tell(${JSON.stringify(full)}));
        },
      };
    };`;
}

/** Serves the built page in the shell that the extension makes, and at /frame a page to put it into. */
export class ThroughputPageServer {
  readonly #server: Server;
  readonly address: string;

  private constructor(server: Server) {
    this.#server = server;
    this.address = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  }

  static async start(): Promise<ThroughputPageServer> {
    const server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
      const place = searchParams.get('place') === 'view' ? 'view' : 'tab';
      if (pathname === '/frame') {
        response.setHeader('content-type', 'text/html').end('<!DOCTYPE html><title>frame</title><body>');
      } else if (pathname === '/') {
        response.setHeader('content-type', 'text/html').end(
          throughputHtml({
            ...{
              script: '/page.js',
              style: '/style.css',
              cspSource: "'self'",
              nonce: 'n0nce',
              title: 'Throughput',
            },
            place,
          }),
        );
      } else if (pathname === '/page.js' || pathname === '/style.css') {
        const type = pathname === '/page.js' ? 'text/javascript' : 'text/css';
        response
          .setHeader('content-type', type)
          .end(readFileSync(path.join(rootFolder, 'dist', 'throughput', pathname)));
      } else {
        response.writeHead(404).end();
      }
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ThroughputPageServer(server);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
