import type * as vscode from 'vscode';

/**
 * What is chosen in a tree view, remembered over its redraws. From when it is told to draw a view anew until it has asked
 * for the rows, VS Code knows no row: its `selection` is empty, or has only some, and it hands a command that is called
 * at that moment `undefined` in the place of each row.
 */
export class RememberedRows<Row> {
  readonly #view: Pick<vscode.TreeView<Row>, 'selection'>;
  readonly #listening: vscode.Disposable;
  #rows: readonly Row[] = [];

  constructor(view: Pick<vscode.TreeView<Row>, 'selection' | 'onDidChangeSelection'>) {
    this.#view = view;
    // This is told of changes by a person only, and of none by a redraw.
    this.#listening = view.onDidChangeSelection(({ selection }) => {
      this.#rows = selection;
    });
  }

  get rows(): readonly Row[] {
    const { selection } = this.#view;
    // What a person chose during a redraw is told of in part, and known as a whole after it.
    if (selection.length > this.#rows.length) this.#rows = selection;
    return this.#rows;
  }

  /**
   * What a command is called with, with the rows that VS Code did not know. Where they are not known here either, none:
   * a command asks then what it is meant for, and does not do a part of it.
   *
   * @param args what a menu hands over: the row, and all chosen rows where there are several
   */
  complete(args: readonly unknown[]): readonly unknown[] {
    const [row, several] = args;
    if (!Array.isArray(several)) return args;
    const known = new Set<unknown>(several.filter(each => each !== undefined && each !== null));
    if (known.size === several.length) return args;
    const { rows } = this;
    const isSame =
      rows.length === several.length && [...known].every(each => (rows as unknown[]).includes(each));
    return isSame ? [row, rows] : [];
  }

  dispose(): void {
    this.#listening.dispose();
  }
}
