import * as vscode from 'vscode';
import type { Subscription } from '../client/emitter.ts';
import { commandIds, viewCommandIds, viewIds } from '../manifest.ts';
import type { ProgressSummary } from '../protocol/progressSummary.ts';
import { runView, type EngineReader } from './engineReader.ts';
import { isDamaged, progressDescription, progressFigures, type ProgressFigure } from './progressText.ts';
import { ProgressWatch, type ProgressAnswer } from './progressWatch.ts';
import { detailsMarkdown } from './tooltip.ts';
import { workerLabel } from './workerText.ts';

/** A progress file, with the path that commands open; or one of its figures. */
export type ProgressRow =
  | { readonly kind: 'file'; readonly path: string; readonly file: ProgressSummary }
  | { readonly kind: 'figure'; readonly file: ProgressSummary; readonly figure: ProgressFigure };

/** Asks what stands in the progress files. */
export type ListProgress = (signal: AbortSignal) => Promise<readonly ProgressSummary[]>;

const fileIcon = new vscode.ThemeIcon('json');
const damagedIcon = new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'));
const figureIcons: Record<ProgressFigure['kind'], vscode.ThemeIcon> = {
  tars: new vscode.ThemeIcon('archive'),
  files: new vscode.ThemeIcon('book'),
  tar: new vscode.ThemeIcon('arrow-right'),
  time: new vscode.ThemeIcon('save'),
  journal: new vscode.ThemeIcon('list-ordered'),
  damage: new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground')),
  aside: damagedIcon,
};

/** The "Progress files" view: what each worker has recorded in the state folder, as it stands on the disk. */
export class ProgressView implements vscode.TreeDataProvider<ProgressRow>, vscode.Disposable {
  readonly #changes = new vscode.EventEmitter<undefined>();
  readonly #watch: ProgressWatch;
  readonly #view: vscode.TreeView<ProgressRow>;
  readonly #owned: Subscription[];
  #rows: readonly ProgressRow[] = [];

  constructor(engine: EngineReader, list: ListProgress) {
    this.#watch = new ProgressWatch(list, answer => {
      this.#take(answer);
    });
    this.#view = vscode.window.createTreeView(viewIds.progress, { treeDataProvider: this });
    // One run may come in the place of another that has ended as it has.
    const shownRun = (): string => `${runView(engine).kind} ${engine.store.run?.stateFolder ?? ''}`;
    let run = shownRun();
    const followRun = (): void => {
      const now = shownRun();
      if (now === run) return;
      run = now;
      this.#watch.setRunning(engine.isRunning);
      this.#watch.refresh();
    };
    this.#owned = [
      this.#watch,
      this.#changes,
      this.#view,
      vscode.commands.registerCommand(viewCommandIds.refreshProgress, () => {
        this.refresh();
      }),
      this.#view.onDidChangeVisibility(({ visible }) => {
        this.#watch.setVisible(visible);
      }),
      engine.onDidChangeConnection(followRun),
      engine.store.onChange(change => {
        if (change.kind === 'run' || change.kind === 'all') followRun();
      }),
    ];
    this.#watch.setRunning(engine.isRunning);
    this.#watch.setVisible(this.#view.visible);
  }

  get visible(): boolean {
    return this.#view.visible;
  }

  get onDidChangeVisibility(): vscode.Event<unknown> {
    return this.#view.onDidChangeVisibility;
  }

  get onDidChangeTreeData(): vscode.Event<undefined> {
    return this.#changes.event;
  }

  /** Asks again, now or when somebody looks: another state folder may be meant. */
  refresh(): void {
    this.#watch.refresh();
  }

  getChildren(row?: ProgressRow): ProgressRow[] {
    if (!row) return [...this.#rows];
    if (row.kind === 'figure') return [];
    return progressFigures(row.file, new Date()).map(figure => ({ kind: 'figure', file: row.file, figure }));
  }

  getTreeItem(row: ProgressRow): vscode.TreeItem {
    if (row.kind === 'figure') {
      const item = new vscode.TreeItem(row.figure.label);
      item.id = `${fileId(row.file)}/${row.figure.id}`;
      item.description = row.figure.value;
      item.iconPath = figureIcons[row.figure.kind];
      item.contextValue = 'progressFigure';
      return item;
    }
    const item = new vscode.TreeItem(workerLabel(row.file.worker), vscode.TreeItemCollapsibleState.Collapsed);
    item.id = fileId(row.file);
    item.description = progressDescription(row.file);
    item.iconPath = isDamaged(row.file) ? damagedIcon : fileIcon;
    item.contextValue = 'progressFile';
    item.command = {
      command: commandIds.openProgressFile,
      title: vscode.l10n.t('Open Progress File'),
      arguments: [row],
    };
    return item;
  }

  resolveTreeItem(item: vscode.TreeItem, row: ProgressRow): vscode.TreeItem {
    if (row.kind === 'figure') {
      item.tooltip = detailsMarkdown(row.figure.label, row.figure.value, []);
      return item;
    }
    const figures = progressFigures(row.file, new Date()).map(({ label, value }) => [label, value] as const);
    item.tooltip = detailsMarkdown(workerLabel(row.file.worker), row.path, figures);
    return item;
  }

  dispose(): void {
    for (const owned of this.#owned) owned.dispose();
  }

  #take(answer: ProgressAnswer): void {
    const message = answer.kind === 'failed' ? answer.message : '';
    if ((this.#view.message ?? '') !== message) this.#view.message = message;
    // What was seen before stays in sight when it cannot be read once.
    if (answer.kind === 'failed') return;
    this.#rows = answer.files.map(file => ({ kind: 'file', path: file.path, file }));
    this.#changes.fire(undefined);
  }
}

function fileId({ worker }: ProgressSummary): string {
  return `progress/${String(worker)}`;
}
