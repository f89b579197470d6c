import * as vscode from 'vscode';
import type { Subscription } from '../client/emitter.ts';
import { commandIds, statusBarItemId, type CommandId } from '../manifest.ts';
import type { WorkerState } from '../protocol/snapshot.ts';
import { runView, type EngineReader, type RunView, type SilenceReader } from './engineReader.ts';
import { escapeMarkdown } from './markdownText.ts';
import { RefreshBatch } from './refreshBatch.ts';
import { runHeadline, statusText, type StatusFacts } from './runText.ts';
import { workerLabel, workerLook, workerSummary } from './workerText.ts';

const redrawIntervalMs = 250;

/** The commands that its tooltip links to; a link to any other does nothing. */
const linked = [commandIds.launch, commandIds.stop, commandIds.showTars, commandIds.showLog];

/** More workers than these would make a tooltip that no screen holds. */
const workersInTooltip = 16;

/** The one item in the status bar: hidden until a run, spinning only while one is under way. */
export class StatusBar implements vscode.Disposable {
  readonly #engine: EngineReader & SilenceReader;
  readonly #item: vscode.StatusBarItem;
  readonly #owned: Subscription[];

  constructor(engine: EngineReader & SilenceReader) {
    this.#engine = engine;
    this.#item = vscode.window.createStatusBarItem(statusBarItemId, vscode.StatusBarAlignment.Left, 10);
    this.#item.name = 'Tarshelf';
    this.#item.command = commandIds.showTars;
    const batch = new RefreshBatch<'status'>(() => {
      this.#redraw();
    }, redrawIntervalMs);
    // A status bar is always in sight.
    batch.setVisible(true);
    const redraw = (): void => {
      batch.addAll();
    };
    this.#owned = [
      batch,
      this.#item,
      engine.onDidChangeConnection(redraw),
      engine.onDidFallSilent(redraw),
      engine.store.onChange(redraw),
    ];
  }

  /** What is shown at this moment, or undefined while hidden. */
  get text(): string | undefined {
    return statusText(runView(this.#engine), this.#facts())?.text;
  }

  dispose(): void {
    for (const owned of this.#owned) owned.dispose();
  }

  #facts(): StatusFacts {
    const { store, silentSeconds } = this.#engine;
    return { tars: store.tars, workers: store.workers, silentSeconds };
  }

  #redraw(): void {
    const view = runView(this.#engine);
    const facts = this.#facts();
    const status = statusText(view, facts);
    if (!status) {
      this.#item.hide();
      return;
    }
    this.#item.text = status.text;
    this.#item.accessibilityInformation = {
      label: status.spoken.startsWith('Tarshelf') ? status.spoken : `Tarshelf: ${status.spoken}`,
    };
    this.#item.backgroundColor = status.warn
      ? new vscode.ThemeColor('statusBarItem.warningBackground')
      : undefined;
    this.#item.tooltip = this.#tooltip(view, runHeadline(view, facts), facts.workers);
    this.#item.show();
  }

  #tooltip(view: RunView, headline: string, all: readonly WorkerState[]): vscode.MarkdownString {
    const alive = this.#engine.isRunning;
    const workers = alive ? all.slice(0, workersInTooltip) : [];
    const more = alive ? all.length - workers.length : 0;
    const verb = alive
      ? link('debug-stop', vscode.l10n.t('Stop'), commandIds.stop)
      : link('play', vscode.l10n.t('Launch'), commandIds.launch);
    const lines = [
      '**Tarshelf**',
      '',
      escapeMarkdown(headline),
      '',
      ...workers.map(worker => {
        const look = workerLook(worker, view.kind);
        return `- ${escapeMarkdown(`${workerLabel(worker.number)}: ${workerSummary(worker, look)}`)}`;
      }),
      ...(more > 0 ? [`- ${escapeMarkdown(vscode.l10n.t('and {0} more', more))}`] : []),
      '',
      [
        verb,
        link('list-tree', vscode.l10n.t('Show tars'), commandIds.showTars),
        link('output', vscode.l10n.t('Show log'), commandIds.showLog),
      ].join(' &nbsp; '),
    ];
    const text = new vscode.MarkdownString(lines.join('\n'), true);
    text.isTrusted = { enabledCommands: linked };
    return text;
  }
}

function link(icon: string, title: string, command: CommandId): string {
  return `[$(${icon}) ${escapeMarkdown(title)}](command:${command})`;
}
