import * as vscode from 'vscode';
import type { Subscription } from '../client/emitter.ts';
import { commandIds, statusBarItemId } from '../manifest.ts';
import { runView, type EngineReader, type RunView } from './engineReader.ts';
import { escapeMarkdown } from './markdownText.ts';
import { RefreshBatch } from './refreshBatch.ts';
import { runHeadline, statusText } from './runText.ts';
import { workerDescription, workerLabel, workerLook } from './workerText.ts';

const redrawIntervalMs = 250;

/** The one item in the status bar: hidden until a run, spinning only while one is under way. */
export class StatusBar implements vscode.Disposable {
  readonly #engine: EngineReader;
  readonly #item: vscode.StatusBarItem;
  readonly #owned: Subscription[];

  constructor(engine: EngineReader) {
    this.#engine = engine;
    this.#item = vscode.window.createStatusBarItem(statusBarItemId, vscode.StatusBarAlignment.Left, 10);
    this.#item.name = 'Tarshelf';
    this.#item.command = commandIds.showTars;
    const batch = new RefreshBatch<'status'>(() => {
      this.#redraw();
    }, redrawIntervalMs);
    // A status bar is always in sight.
    batch.setVisible(true);
    this.#owned = [
      batch,
      this.#item,
      engine.onDidChangeConnection(() => {
        batch.addAll();
      }),
      engine.store.onChange(() => {
        batch.addAll();
      }),
    ];
  }

  /** What is shown at this moment, or undefined while hidden. */
  get text(): string | undefined {
    return statusText(runView(this.#engine), this.#engine.store.tars)?.text;
  }

  dispose(): void {
    for (const owned of this.#owned) owned.dispose();
  }

  #redraw(): void {
    const view = runView(this.#engine);
    const { tars } = this.#engine.store;
    const status = statusText(view, tars);
    if (!status) {
      this.#item.hide();
      return;
    }
    this.#item.text = status.text;
    this.#item.accessibilityInformation = { label: `Tarshelf: ${status.spoken}` };
    this.#item.backgroundColor = status.warn
      ? new vscode.ThemeColor('statusBarItem.warningBackground')
      : undefined;
    this.#item.tooltip = this.#tooltip(view, runHeadline(view, tars));
    this.#item.show();
  }

  #tooltip(view: RunView, headline: string): vscode.MarkdownString {
    const alive = this.#engine.isRunning;
    const workers = alive ? this.#engine.store.workers : [];
    const verb = alive
      ? `[$(debug-stop) Stop](command:${commandIds.stop})`
      : `[$(play) Launch](command:${commandIds.launch})`;
    const lines = [
      '**Tarshelf**',
      '',
      escapeMarkdown(headline),
      '',
      ...workers.map(
        worker =>
          `- ${escapeMarkdown(`${workerLabel(worker.number)}: ${workerDescription(worker, workerLook(worker, view.kind))}`)}`,
      ),
      '',
      `${verb} &nbsp; [$(list-tree) Show tars](command:${commandIds.showTars})` +
        ` &nbsp; [$(output) Show log](command:${commandIds.showLog})`,
    ];
    const text = new vscode.MarkdownString(lines.join('\n'), true);
    text.isTrusted = { enabledCommands: Object.values(commandIds) };
    return text;
  }
}
