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
  #view: vscode.WebviewView | undefined;
  readonly #changes = new vscode.EventEmitter<undefined>();

  constructor(options: ThroughputPageOptions) {
    this.#options = options;
    this.#registered = vscode.Disposable.from(
      this.#changes,
      vscode.window.registerWebviewViewProvider(viewIds.throughput, this),
      vscode.window.registerWebviewPanelSerializer(throughputPanelType, this),
    );
  }

  /** Whether the view or the tab is in sight. */
  get visible(): boolean {
    return this.#view?.visible === true || this.#panel?.visible === true;
  }

  get onDidChangeVisibility(): vscode.Event<unknown> {
    return this.#changes.event;
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    const page = new ThroughputPage(view, 'view', this.#options);
    this.#view = view;
    const listening = view.onDidChangeVisibility(() => {
      page.changeVisibility();
      this.#changes.fire(undefined);
    });
    view.onDidDispose(() => {
      listening.dispose();
      page.dispose();
      if (this.#view === view) this.#view = undefined;
      this.#changes.fire(undefined);
    });
    this.#changes.fire(undefined);
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
      this.#changes.fire(undefined);
    });
    panel.onDidDispose(() => {
      page.dispose();
      if (this.#panel === panel) this.#panel = undefined;
      this.#changes.fire(undefined);
    });
    this.#changes.fire(undefined);
  }
}
