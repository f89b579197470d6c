import * as vscode from 'vscode';
import type { Subscription } from '../client/emitter.ts';
import { viewIds } from '../manifest.ts';
import type { WorkerState } from '../protocol/snapshot.ts';
import { workerNote, type WorkerLook } from '../text/workerLook.ts';
import { RememberedRows } from './rememberedRows.ts';
import { runView, type EngineReader } from './engineReader.ts';
import { tarItem, tarRowLook, tarTooltip } from './tarItem.ts';
import { detailsMarkdown } from './tooltip.ts';
import { TreeRefresh, type RowLook } from './treeRefresh.ts';
import {
  workerContext,
  workerDescription,
  workerDetails,
  workerLabel,
  workerLook,
  workerSummary,
  workerTrouble,
  type WorkerTrouble,
} from './workerText.ts';

/** A worker, or a tar assigned to it. VS Code knows elements by identity, so each is made once and kept. */
export interface WorkerRow {
  readonly worker: number;
  readonly tar: string | undefined;
}

const icons: Record<WorkerLook, vscode.ThemeIcon> = {
  starting: new vscode.ThemeIcon('loading~spin', new vscode.ThemeColor('charts.blue')),
  idle: new vscode.ThemeIcon('circle-large-outline', new vscode.ThemeColor('disabledForeground')),
  index: new vscode.ThemeIcon('search', new vscode.ThemeColor('charts.blue')),
  extract: new vscode.ThemeIcon('package', new vscode.ThemeColor('charts.blue')),
  scan: new vscode.ThemeIcon('search', new vscode.ThemeColor('charts.blue')),
  hash: new vscode.ThemeIcon('search', new vscode.ThemeColor('charts.blue')),
  upload: new vscode.ThemeIcon('cloud-upload', new vscode.ThemeColor('charts.blue')),
  wait: new vscode.ThemeIcon('clock', new vscode.ThemeColor('charts.yellow')),
  stopping: new vscode.ThemeIcon('loading~spin', new vscode.ThemeColor('disabledForeground')),
  stopped: new vscode.ThemeIcon('circle-slash', new vscode.ThemeColor('disabledForeground')),
  finished: new vscode.ThemeIcon('pass', new vscode.ThemeColor('disabledForeground')),
  paused: new vscode.ThemeIcon('debug-pause', new vscode.ThemeColor('charts.yellow')),
  died: new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground')),
  ended: new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground')),
};

const troubleIcons: Record<WorkerTrouble, vscode.ThemeIcon> = {
  slow: new vscode.ThemeIcon('watch', new vscode.ThemeColor('charts.yellow')),
  stuck: new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.errorForeground')),
  silent: new vscode.ThemeIcon('question', new vscode.ThemeColor('list.errorForeground')),
  gaveUp: new vscode.ThemeIcon('debug-pause', new vscode.ThemeColor('list.errorForeground')),
};

/** The "Workers" view: a row for each worker, and below it one for each tar assigned to it. */
export class WorkersView implements vscode.TreeDataProvider<WorkerRow>, vscode.Disposable {
  readonly #engine: EngineReader;
  readonly #changes = new vscode.EventEmitter<WorkerRow[] | undefined>();
  readonly #refresh: TreeRefresh<WorkerRow>;
  readonly #view: vscode.TreeView<WorkerRow>;
  readonly #rows = new Map<string, WorkerRow>();
  /** What is chosen, for commands. */
  readonly chosen: RememberedRows<WorkerRow>;
  readonly #owned: Subscription[];

  constructor(engine: EngineReader) {
    this.#engine = engine;
    this.#refresh = new TreeRefresh(
      changed => {
        this.#changes.fire(changed);
      },
      row => this.#lookOf(row),
    );
    this.#view = vscode.window.createTreeView(viewIds.workers, {
      treeDataProvider: this,
      canSelectMany: true,
    });
    this.chosen = new RememberedRows(this.#view);
    this.#refresh.setVisible(this.#view.visible);
    this.#owned = [
      this.#refresh,
      this.#changes,
      this.chosen,
      this.#view,
      this.#view.onDidChangeVisibility(({ visible }) => {
        this.#refresh.setVisible(visible);
      }),
      engine.onDidChangeConnection(() => {
        this.#refresh.changedAll();
      }),
      engine.store.onChange(change => {
        if (change.kind === 'all') this.#refresh.changedAll();
        else if (change.kind === 'worker') this.#refresh.changed(this.#row(change.number));
        else if (change.kind === 'tar') this.#changedTar(change.name);
      }),
    ];
  }

  get visible(): boolean {
    return this.#view.visible;
  }

  get onDidChangeVisibility(): vscode.Event<unknown> {
    return this.#view.onDidChangeVisibility;
  }

  get onDidChangeTreeData(): vscode.Event<WorkerRow[] | undefined> {
    return this.#changes.event;
  }

  getChildren(row?: WorkerRow): WorkerRow[] {
    if (!row) return this.#engine.store.workers.map(worker => this.#row(worker.number));
    if (row.tar !== undefined) return [];
    const assigned = this.#engine.store.worker(row.worker)?.assignedTars ?? [];
    return assigned.map(tar => this.#row(row.worker, tar));
  }

  getParent(row: WorkerRow): WorkerRow | undefined {
    return row.tar === undefined ? undefined : this.#row(row.worker);
  }

  getTreeItem(row: WorkerRow): vscode.TreeItem {
    const look = this.#lookOf(row);
    // A new run's snapshot may have replaced the workers since VS Code asked for them.
    if (!look) return new vscode.TreeItem(row.tar ?? workerLabel(row.worker));
    this.#refresh.drawn(row, look);
    const alive = this.#engine.isRunning;
    const tar = row.tar === undefined ? undefined : this.#engine.store.tar(row.tar);
    if (tar) return tarItem(rowId(row), tar, alive, look);
    const item = new vscode.TreeItem(
      workerLabel(row.worker),
      look.hasChildren ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None,
    );
    const worker = this.#engine.store.worker(row.worker);
    item.id = rowId(row);
    item.description = look.description;
    if (worker) {
      const shown = this.#workerLook(worker);
      const trouble = workerTrouble(worker, shown);
      item.iconPath = trouble ? troubleIcons[trouble] : icons[shown];
      // A screen reader is not short of room, and says no signs.
      item.accessibilityInformation = {
        label: `${workerLabel(worker.number)}: ${workerSummary(worker, shown)}`,
      };
    }
    item.contextValue = look.contextValue;
    return item;
  }

  resolveTreeItem(item: vscode.TreeItem, row: WorkerRow): vscode.TreeItem {
    this.#refresh.hovered(row, this.getParent(row));
    const alive = this.#engine.isRunning;
    const worker = this.#engine.store.worker(row.worker);
    const tar = row.tar === undefined ? undefined : this.#engine.store.tar(row.tar);
    if (tar) item.tooltip = tarTooltip(tar, worker, alive);
    else if (worker) {
      const look = this.#workerLook(worker);
      item.tooltip = detailsMarkdown(
        workerLabel(worker.number),
        alive ? workerNote(worker) : null,
        workerDetails(worker, look, alive),
      );
    }
    return item;
  }

  dispose(): void {
    for (const owned of this.#owned) owned.dispose();
  }

  #lookOf(row: WorkerRow): RowLook | undefined {
    const alive = this.#engine.isRunning;
    const worker = this.#engine.store.worker(row.worker);
    if (row.tar !== undefined) {
      const tar = this.#engine.store.tar(row.tar);
      return tar && tarRowLook(tar, worker, alive);
    }
    if (!worker) return undefined;
    const look = this.#workerLook(worker);
    return {
      contextValue: workerContext(look),
      description: workerDescription(worker, look),
      hasChildren: worker.assignedTars.length > 0,
    };
  }

  #workerLook(worker: WorkerState): WorkerLook {
    return workerLook(worker, runView(this.#engine).kind);
  }

  #changedTar(name: string): void {
    const worker = this.#engine.store.tar(name)?.worker;
    if (worker !== undefined && worker !== null) this.#refresh.changed(this.#row(worker, name));
  }

  #row(worker: number, tar?: string): WorkerRow {
    const row = { worker, tar };
    const id = rowId(row);
    const known = this.#rows.get(id);
    if (known) return known;
    this.#rows.set(id, row);
    return row;
  }
}

function rowId({ worker, tar }: WorkerRow): string {
  const id = `worker/${String(worker)}`;
  return tar === undefined ? id : `${id}/${tar}`;
}
