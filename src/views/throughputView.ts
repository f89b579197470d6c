import * as vscode from 'vscode';
import { throughputPanelType, viewIds } from '../manifest.ts';
import { ThroughputPage, type ThroughputPageOptions } from './throughputPage.ts';

/** The dashboard: the view "Throughput", and the same as a tab among the editors, which a reload brings back. */
export class ThroughputView
  implements vscode.WebviewViewProvider, vscode.WebviewPanelSerializer, vscode.Disposable
{
  readonly #options: ThroughputPageOptions;
  readonly #registered: vscode.Disposable;
  #panel: vscode.WebviewPanel | undefined;

  constructor(options: ThroughputPageOptions) {
    this.#options = options;
    this.#registered = vscode.Disposable.from(
      vscode.window.registerWebviewViewProvider(viewIds.throughput, this),
      vscode.window.registerWebviewPanelSerializer(throughputPanelType, this),
    );
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    const page = new ThroughputPage(view, 'view', this.#options);
    const listening = view.onDidChangeVisibility(() => {
      page.changeVisibility();
    });
    view.onDidDispose(() => {
      listening.dispose();
      page.dispose();
    });
  }

  deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    this.#fill(panel);
    return Promise.resolve();
  }

  /** Shows the tab, and makes it first where there is none. */
  showTab(): void {
    if (this.#panel) this.#panel.reveal();
    else
      this.#fill(
        vscode.window.createWebviewPanel(
          throughputPanelType,
          vscode.l10n.t('Throughput'),
          vscode.ViewColumn.Active,
        ),
      );
  }

  /** The tab stays: it is the window's, which brings it back after a reload. */
  dispose(): void {
    this.#registered.dispose();
  }

  #fill(panel: vscode.WebviewPanel): void {
    this.#panel = panel;
    const page = new ThroughputPage(panel, 'tab', this.#options);
    panel.onDidChangeViewState(() => {
      page.changeVisibility();
    });
    panel.onDidDispose(() => {
      page.dispose();
      if (this.#panel === panel) this.#panel = undefined;
    });
  }
}
