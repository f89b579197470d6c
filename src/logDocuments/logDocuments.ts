import * as vscode from 'vscode';
import { logLanguageId, logScheme } from '../manifest.ts';
import { LogLinks } from './logLinks.ts';
import { LogTail } from './logTail.ts';
import { shownLog } from './logUri.ts';

/** So often a log that is looked at is read on. */
const readEveryMs = 500;

interface OpenLog {
  readonly tail: LogTail;
  isReading: boolean;
}

/** Logs as read-only documents. One that is in sight grows with its log, and is followed where its end is in sight. */
export class LogDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #open = new Map<string, OpenLog>();
  readonly #changes = new vscode.EventEmitter<vscode.Uri>();
  /** Addresses of documents whose end was in sight when they were about to grow. */
  readonly #followed = new Set<string>();
  readonly #onProblem: (thrown: unknown) => void;
  readonly #registered: vscode.Disposable;
  #timer: NodeJS.Timeout | undefined;

  /** @param onProblem told of a log that cannot be read for now */
  constructor(onProblem: (thrown: unknown) => void) {
    this.#onProblem = onProblem;
    this.#registered = vscode.Disposable.from(
      this.#changes,
      vscode.workspace.registerTextDocumentContentProvider(logScheme, this),
      vscode.languages.registerDocumentLinkProvider({ language: logLanguageId }, new LogLinks()),
      vscode.window.onDidChangeVisibleTextEditors(() => {
        this.#watch();
      }),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (document.uri.scheme === logScheme) this.#follow(document);
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.#open.delete(uri.toString());
      }),
    );
  }

  get onDidChange(): vscode.Event<vscode.Uri> {
    return this.#changes.event;
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const key = uri.toString();
    let log = this.#open.get(key);
    if (!log) {
      const { stateFolder, name, filter } = shownLog(uri);
      log = { tail: new LogTail(stateFolder, name, filter), isReading: true };
      this.#open.set(key, log);
      try {
        await log.tail.read();
      } finally {
        log.isReading = false;
      }
      this.#watch();
    }
    return textOf(log.tail, uri);
  }

  dispose(): void {
    clearInterval(this.#timer);
    this.#registered.dispose();
  }

  /** Reads on only while somebody looks. */
  #watch(): void {
    const isLookedAt = visibleLogs().length > 0;
    if (isLookedAt && this.#timer === undefined) {
      this.#timer = setInterval(() => {
        for (const editor of visibleLogs()) void this.#readOn(editor.document.uri);
      }, readEveryMs);
    } else if (!isLookedAt) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  async #readOn(uri: vscode.Uri): Promise<void> {
    const key = uri.toString();
    const log = this.#open.get(key);
    if (!log || log.isReading) return;
    log.isReading = true;
    try {
      if (!(await log.tail.read())) return;
      if (visibleLogs().some(editor => editor.document.uri.toString() === key && isAtEnd(editor)))
        this.#followed.add(key);
      this.#changes.fire(uri);
    } catch (thrown) {
      this.#onProblem(thrown);
    } finally {
      log.isReading = false;
    }
  }

  #follow(document: vscode.TextDocument): void {
    if (!this.#followed.delete(document.uri.toString())) return;
    for (const editor of visibleLogs()) if (editor.document === document) revealEnd(editor);
  }
}

/** Shows the end of a log, from where it is followed. */
export function revealEnd(editor: vscode.TextEditor): void {
  const end = new vscode.Position(Math.max(0, editor.document.lineCount - 1), 0);
  editor.revealRange(new vscode.Range(end, end));
}

function visibleLogs(): vscode.TextEditor[] {
  return vscode.window.visibleTextEditors.filter(({ document }) => document.uri.scheme === logScheme);
}

function isAtEnd({ document, visibleRanges }: vscode.TextEditor): boolean {
  const last = visibleRanges.at(-1)?.end.line ?? 0;
  return last >= document.lineCount - 2;
}

function textOf(tail: LogTail, uri: vscode.Uri): string {
  if (!tail.isThere) return vscode.l10n.t('There is no log {0} yet.', shownLog(uri).name);
  if (tail.lines.length === 0) return vscode.l10n.t('No line of this log passes the filter.');
  return `${tail.lines.join('\n')}\n`;
}
