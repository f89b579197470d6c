import * as vscode from 'vscode';
import { engineText } from '../text/engineText.ts';
import type { Subscription } from '../client/emitter.ts';
import { viewCommandIds, viewIds } from '../manifest.ts';
import { oneLine } from '../protocol/errors.ts';
import { formatBytes, formatNumber } from '../protocol/format.ts';
import type { FailedBook } from '../protocol/progressFile.ts';
import type { TarState, WorkerState } from '../protocol/snapshot.ts';
import { RememberedRows } from './rememberedRows.ts';
import type { EngineReader } from './engineReader.ts';
import { FailedBooks, type ListFailures } from './failedBooks.ts';
import { attentionText, needAttention } from './runText.ts';
import { groupLabel, TarGroups, type TarGroup } from './tarGroups.ts';
import { tarItem, tarRowLook, tarTooltip } from './tarItem.ts';
import { rowsAtATime, TarRows } from './tarRows.ts';
import { tarLook } from './tarText.ts';
import { rowId, type GroupRow, type TarRow, type TarsRow } from './tarsRow.ts';
import { detailsMarkdown } from './tooltip.ts';
import { RefreshBatch } from './refreshBatch.ts';
import { TreeRefresh, type RowLook } from './treeRefresh.ts';

const badgeIntervalMs = 1000;

const groupIcons: Record<TarGroup, vscode.ThemeIcon> = {
  running: new vscode.ThemeIcon('sync', new vscode.ThemeColor('charts.blue')),
  waiting: new vscode.ThemeIcon('circle-large-outline', new vscode.ThemeColor('disabledForeground')),
  failed: new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground')),
  completed: new vscode.ThemeIcon('pass-filled', new vscode.ThemeColor('testing.iconPassed')),
};
const bookIcon = new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground'));
const noteIcon = new vscode.ThemeIcon('info');
const moreIcon = new vscode.ThemeIcon('ellipsis');

/**
 * The "Tars" view: tars by what has become of them, and below one with failures the books that failed.
 *
 * A tar that goes from one group to another has the whole view drawn anew, in one step: so VS Code never sees it in
 * both groups or in neither, and it stays chosen. Where it goes into a group that is closed, nothing is left to choose.
 */
export class TarsView implements vscode.TreeDataProvider<TarsRow>, vscode.Disposable {
  readonly #engine: EngineReader;
  readonly #changes = new vscode.EventEmitter<TarsRow[] | undefined>();
  readonly #refresh: TreeRefresh<TarsRow>;
  readonly #groups: TarGroups;
  readonly #failedBooks: FailedBooks;
  readonly #view: vscode.TreeView<TarsRow>;
  readonly #rows = new TarRows();
  /** What is chosen, for commands. */
  readonly chosen: RememberedRows<TarsRow>;
  /** Workers that were paused when something was heard of them last. */
  readonly #paused = new Set<number>();
  /** Whether the tars may be those of another run than the rows are. */
  #mayHaveOldRows = false;
  readonly #owned: Subscription[];

  constructor(engine: EngineReader, listFailures: ListFailures) {
    this.#engine = engine;
    this.#groups = new TarGroups(
      () => engine.store.tars,
      () => engine.isRunning,
    );
    this.#failedBooks = new FailedBooks(
      listFailures,
      () => engine.store.tars,
      tar => {
        this.#changes.fire([this.#rows.tar(tar)]);
      },
    );
    this.#refresh = new TreeRefresh(
      changed => {
        this.#changes.fire(changed);
      },
      row => this.#lookOf(row),
    );
    this.#view = vscode.window.createTreeView(viewIds.tars, { treeDataProvider: this, canSelectMany: true });
    this.chosen = new RememberedRows(this.#view);
    this.#refresh.setVisible(this.#view.visible);
    // A badge is in sight when the view is not.
    const badge = new RefreshBatch<'badge'>(() => {
      this.#showBadge();
    }, badgeIntervalMs);
    badge.setVisible(true);
    this.#owned = [
      this.#refresh,
      this.#failedBooks,
      badge,
      this.#changes,
      this.chosen,
      this.#view,
      vscode.commands.registerCommand(viewCommandIds.showMore, (row: unknown) => {
        this.#showMore(row);
      }),
      this.#view.onDidChangeVisibility(({ visible }) => {
        this.#refresh.setVisible(visible);
      }),
      engine.onDidChangeConnection(() => {
        this.#groups.forget();
        this.#failedBooks.forget();
        this.#refresh.changedAll();
        badge.addAll();
      }),
      engine.store.onChange(change => {
        if (change.kind === 'tar') this.#changedTar(change.name, badge);
        else if (change.kind === 'worker') {
          this.#changedTarsOf(change.number);
          badge.add('badge');
        } else if (change.kind === 'all') {
          this.#mayHaveOldRows = true;
          this.#groups.forget();
          this.#failedBooks.forget();
          this.#refresh.changedAll();
          badge.addAll();
        }
      }),
    ];
  }

  get visible(): boolean {
    return this.#view.visible;
  }

  get onDidChangeVisibility(): vscode.Event<unknown> {
    return this.#view.onDidChangeVisibility;
  }

  get onDidChangeTreeData(): vscode.Event<TarsRow[] | undefined> {
    return this.#changes.event;
  }

  /** What VS Code knows at this moment to be chosen, which in a redraw is nothing. */
  get selection(): readonly TarsRow[] {
    return this.#view.selection;
  }

  /** Tells when something else is chosen, or nothing any more. */
  get onDidChangeSelection(): vscode.Event<unknown> {
    return this.#view.onDidChangeSelection;
  }

  get badge(): vscode.ViewBadge | undefined {
    return this.#view.badge;
  }

  /** Brings a tar into sight and chooses it. */
  async reveal(tar: string): Promise<void> {
    await this.#view.reveal(this.#rows.tar(tar), { select: true, focus: true });
  }

  getChildren(row?: TarsRow): TarsRow[] | Promise<TarsRow[]> {
    if (!row) {
      this.#forgetOldRows();
      return this.#groups.filled().map(group => this.#rows.of({ kind: 'group', group }));
    }
    if (row.kind === 'group') {
      return this.#firstOf(row, this.#groups.of(row.group), name => this.#rows.tar(name));
    }
    return row.kind === 'tar' ? this.#booksBelow(row) : [];
  }

  getParent(row: TarsRow): TarsRow | undefined {
    switch (row.kind) {
      case 'group':
        return undefined;
      case 'tar': {
        const group = this.#groups.groupOf(row.tar);
        return group && this.#rows.of({ kind: 'group', group });
      }
      case 'book':
      case 'note':
        return this.#rows.tar(row.tar);
      case 'more':
        return row.of;
      default:
        return row satisfies never;
    }
  }

  getTreeItem(row: TarsRow): vscode.TreeItem {
    switch (row.kind) {
      case 'group':
        return this.#groupItem(row);
      case 'tar':
        return this.#tarItem(row);
      case 'book':
        return bookItem(row.book, rowId(row));
      case 'note': {
        const item = new vscode.TreeItem(row.text);
        item.id = rowId(row);
        item.iconPath = noteIcon;
        return item;
      }
      case 'more':
        return this.#moreItem(row);
      default:
        return row satisfies never;
    }
  }

  resolveTreeItem(item: vscode.TreeItem, row: TarsRow): vscode.TreeItem {
    if (row.kind === 'tar') {
      this.#refresh.hovered(row);
      const tar = this.#engine.store.tar(row.tar);
      if (tar) item.tooltip = tarTooltip(tar, this.#workerOf(tar), this.#engine.isRunning);
    } else if (row.kind === 'book') {
      this.#refresh.hovered(row, this.#rows.tar(row.tar));
      item.tooltip = bookTooltip(row.book);
    }
    return item;
  }

  dispose(): void {
    for (const owned of this.#owned) owned.dispose();
  }

  #groupItem(row: GroupRow): vscode.TreeItem {
    const item = new vscode.TreeItem(
      groupLabel(row.group),
      row.group === 'completed'
        ? vscode.TreeItemCollapsibleState.Collapsed
        : vscode.TreeItemCollapsibleState.Expanded,
    );
    const look = this.#groupLook(row);
    this.#refresh.drawn(row, look);
    item.id = rowId(row);
    item.description = look.description;
    item.iconPath = groupIcons[row.group];
    item.contextValue = look.contextValue;
    return item;
  }

  #tarItem(row: TarRow): vscode.TreeItem {
    const tar = this.#engine.store.tar(row.tar);
    // A new run's snapshot may have replaced the list since VS Code asked for it.
    if (!tar) return new vscode.TreeItem(row.tar);
    const look = this.#tarLook(tar);
    this.#refresh.drawn(row, look);
    return tarItem(rowId(row), tar, this.#engine.isRunning, look);
  }

  #moreItem(row: Extract<TarsRow, { kind: 'more' }>): vscode.TreeItem {
    const all = row.of.kind === 'group' ? this.#groups.of(row.of.group).length : this.#failedOf(row.of.tar);
    const rest = Math.max(0, all - this.#rows.shownBelow(row.of));
    const label = vscode.l10n.t('Show {0} more', formatNumber(Math.min(rest, rowsAtATime)));
    const item = new vscode.TreeItem(label);
    item.id = rowId(row);
    item.description = vscode.l10n.t('of {0}', formatNumber(rest));
    item.iconPath = moreIcon;
    item.contextValue = 'more';
    item.command = { command: viewCommandIds.showMore, title: label, arguments: [row] };
    return item;
  }

  async #booksBelow(row: TarRow): Promise<TarsRow[]> {
    const tar = this.#engine.store.tar(row.tar);
    if (!tar || !hasFailedBooks(tar)) return [];
    try {
      const books = await this.#failedBooks.of(tar);
      if (books.length === 0) {
        return [this.#rows.note(row.tar, vscode.l10n.t('The books that failed are not recorded yet.'))];
      }
      return this.#firstOf(row, books, book => this.#rows.book(row.tar, book));
    } catch (thrown) {
      return [this.#rows.note(row.tar, engineText(oneLine(thrown)))];
    }
  }

  #firstOf<T>(row: GroupRow | TarRow, all: readonly T[], rowOf: (each: T) => TarsRow): TarsRow[] {
    const shown = this.#rows.shownBelow(row);
    const rows = all.slice(0, shown).map(rowOf);
    if (all.length > shown) rows.push(this.#rows.of({ kind: 'more', of: row }));
    return rows;
  }

  /** When the view is drawn anew, so that VS Code has none of them any more. */
  #forgetOldRows(): void {
    const { store } = this.#engine;
    // Before the tars of a new run are told there are none; most are those of the run before.
    if (!this.#mayHaveOldRows || store.tars.length === 0) return;
    this.#mayHaveOldRows = false;
    this.#rows.forgetBut(tar => store.tar(tar) !== undefined);
  }

  #showMore(row: unknown): void {
    if (!this.#rows.has(row) || row.kind !== 'more') return;
    this.#rows.showMoreBelow(row.of);
    this.#changes.fire([row.of]);
  }

  #changedTar(name: string, badge: RefreshBatch<'badge'>): void {
    const tar = this.#engine.store.tar(name);
    if (!tar) return;
    if (this.#groups.hasMoved(tar)) {
      this.#refresh.changedAll();
      badge.add('badge');
    } else this.#refresh.changed(this.#rows.tar(name));
  }

  /** A tar's rate is its worker's, and one that was begun is paused with it. */
  #changedTarsOf(number: number): void {
    const worker = this.#engine.store.worker(number);
    if (!worker) return;
    if (worker.currentTar !== null) this.#refresh.changed(this.#rows.tar(worker.currentTar));
    const isPaused = worker.phase === 'paused';
    if (isPaused === this.#paused.has(number)) return;
    if (isPaused) this.#paused.add(number);
    else this.#paused.delete(number);
    for (const name of worker.assignedTars) {
      const tar = this.#engine.store.tar(name);
      if (tar && tarLook(tar, this.#engine.isRunning) === 'begun')
        this.#refresh.changed(this.#rows.tar(name));
    }
  }

  #showBadge(): void {
    const { store, isRunning } = this.#engine;
    const attention = needAttention(store.tars, store.workers, isRunning);
    const tooltip = attentionText(attention);
    const value = attention.tars + attention.workers;
    const shown = this.#view.badge;
    if (shown?.value === (tooltip === undefined ? undefined : value) && shown?.tooltip === tooltip) return;
    this.#view.badge = tooltip === undefined ? undefined : { value, tooltip };
  }

  #lookOf(row: TarsRow): RowLook | undefined {
    if (row.kind === 'group') return this.#groupLook(row);
    if (row.kind !== 'tar') return undefined;
    const tar = this.#engine.store.tar(row.tar);
    return tar && this.#tarLook(tar);
  }

  #groupLook({ group }: GroupRow): RowLook {
    const description = formatNumber(this.#groups.of(group).length);
    return { contextValue: `group;${group}`, description, hasChildren: true };
  }

  #tarLook(tar: TarState): RowLook {
    const look = tarRowLook(tar, this.#workerOf(tar), this.#engine.isRunning);
    return { ...look, hasChildren: hasFailedBooks(tar) };
  }

  #workerOf(tar: TarState): WorkerState | undefined {
    return tar.worker === null ? undefined : this.#engine.store.worker(tar.worker);
  }

  #failedOf(tar: string): number {
    return this.#engine.store.tar(tar)?.counts.failed ?? 0;
  }
}

function hasFailedBooks(tar: TarState): boolean {
  return tar.counts.failed > 0;
}

function bookItem(book: FailedBook, id: string): vscode.TreeItem {
  const item = new vscode.TreeItem(book.file.split('/').at(-1) ?? book.file);
  item.id = id;
  item.description = engineText(book.message);
  item.iconPath = bookIcon;
  item.contextValue = 'book;failed';
  return item;
}

function bookTooltip(book: FailedBook): vscode.MarkdownString {
  return detailsMarkdown(book.file.split('/').at(-1) ?? book.file, engineText(book.message), [
    [vscode.l10n.t('In the tar'), book.file],
    [vscode.l10n.t('Size'), formatBytes(book.size)],
    [
      vscode.l10n.t('Tried'),
      book.attempts === 1 ? vscode.l10n.t('once') : vscode.l10n.t('{0} times', book.attempts),
    ],
    [vscode.l10n.t('Code'), book.code],
  ]);
}
