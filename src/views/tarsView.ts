import * as vscode from 'vscode';
import type { Subscription } from '../client/emitter.ts';
import { viewIds } from '../manifest.ts';
import type { TarState, WorkerState } from '../protocol/snapshot.ts';
import type { EngineReader } from './engineReader.ts';
import { tarItem, tarRowLook, tarTooltip } from './tarItem.ts';
import { TreeRefresh, type RowLook } from './treeRefresh.ts';

/** The "Tars" view: a row for each tar. An element is the tar's name, which outlives every change of its state. */
export class TarsView implements vscode.TreeDataProvider<string>, vscode.Disposable {
  readonly #engine: EngineReader;
  readonly #changes = new vscode.EventEmitter<string[] | undefined>();
  readonly #refresh: TreeRefresh<string>;
  readonly #owned: Subscription[];

  constructor(engine: EngineReader) {
    this.#engine = engine;
    this.#refresh = new TreeRefresh(
      changed => {
        this.#changes.fire(changed);
      },
      name => {
        const tar = engine.store.tar(name);
        return tar && this.#lookOf(tar);
      },
    );
    const view = vscode.window.createTreeView(viewIds.tars, { treeDataProvider: this });
    this.#refresh.setVisible(view.visible);
    this.#owned = [
      this.#refresh,
      this.#changes,
      view,
      view.onDidChangeVisibility(({ visible }) => {
        this.#refresh.setVisible(visible);
      }),
      engine.onDidChangeConnection(() => {
        this.#refresh.changedAll();
      }),
      engine.store.onChange(change => {
        if (change.kind === 'all') this.#refresh.changedAll();
        else if (change.kind === 'tar') this.#refresh.changed(change.name);
        else if (change.kind === 'worker') this.#changedTarOf(change.number);
      }),
    ];
  }

  get onDidChangeTreeData(): vscode.Event<string[] | undefined> {
    return this.#changes.event;
  }

  getChildren(element?: string): string[] {
    return element === undefined ? this.#engine.store.tars.map(tar => tar.name) : [];
  }

  getTreeItem(name: string): vscode.TreeItem {
    const tar = this.#engine.store.tar(name);
    // A new run's snapshot may have replaced the list since VS Code asked for it.
    if (!tar) return new vscode.TreeItem(name);
    const look = this.#lookOf(tar);
    this.#refresh.drawn(name, look);
    return tarItem(`tar/${name}`, tar, this.#engine.isRunning, look);
  }

  resolveTreeItem(item: vscode.TreeItem, name: string): vscode.TreeItem {
    this.#refresh.hovered(name);
    const tar = this.#engine.store.tar(name);
    if (tar) item.tooltip = tarTooltip(tar, this.#workerOf(tar), this.#engine.isRunning);
    return item;
  }

  dispose(): void {
    for (const owned of this.#owned) owned.dispose();
  }

  /** A tar's rate is its worker's. */
  #changedTarOf(worker: number): void {
    const name = this.#engine.store.worker(worker)?.currentTar;
    if (name !== undefined && name !== null) this.#refresh.changed(name);
  }

  #lookOf(tar: TarState): RowLook {
    return tarRowLook(tar, this.#workerOf(tar), this.#engine.isRunning);
  }

  #workerOf(tar: TarState): WorkerState | undefined {
    return tar.worker === null ? undefined : this.#engine.store.worker(tar.worker);
  }
}
