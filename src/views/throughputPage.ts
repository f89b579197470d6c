import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import * as vscode from 'vscode';
import type { Subscription } from '../client/emitter.ts';
import { commandIds } from '../manifest.ts';
import type { EngineEvent } from '../protocol/clientMessages.ts';
import type { ThroughputHistory } from '../protocol/throughput.ts';
import {
  fromPageSchema,
  type FromPage,
  type ThroughputState,
  type ToPage,
} from '../protocol/throughputMessages.ts';
import { runView, type EngineReader } from './engineReader.ts';
import { RefreshBatch } from './refreshBatch.ts';
import { throughputCsv } from './throughputCsv.ts';
import { throughputHtml } from './throughputHtml.ts';

/** What the throughput page is drawn from. */
export interface ThroughputReader extends EngineReader {
  /** Null where nobody knows. */
  throughput(): Promise<ThroughputHistory | null>;
  onEvent(listener: (event: EngineEvent) => void): Subscription;
}

/** A file that a person has asked for. */
export type ThroughputFile =
  { readonly kind: 'csv'; readonly text: string } | { readonly kind: 'png'; readonly bytes: Uint8Array };

export interface ThroughputPageOptions {
  readonly engine: ThroughputReader;
  readonly extensionUri: vscode.Uri;
  /** Asks where a file shall go, and writes it. */
  readonly save: (file: ThroughputFile) => unknown;
  readonly onProblem: (thrown: unknown) => void;
}

/** What a view and a tab have in common. */
interface Host {
  readonly webview: vscode.Webview;
  readonly visible: boolean;
}

const stateIntervalMs = 1000;

/**
 * One page, in a view or in a tab. It asks for everything when it begins, which is each time it comes into sight;
 * nothing is sent to one that is hidden.
 */
export class ThroughputPage implements vscode.Disposable {
  readonly #host: Host;
  readonly #options: ThroughputPageOptions;
  readonly #batch: RefreshBatch<'state'>;
  readonly #owned: Subscription[];
  /** Between a page's beginning and the full answer, points would only make it ask again. */
  #isReady = false;

  constructor(host: Host, place: 'view' | 'tab', options: ThroughputPageOptions) {
    this.#host = host;
    this.#options = options;
    const { engine } = options;
    const { webview } = host;
    this.#batch = new RefreshBatch<'state'>(() => {
      this.#post({ type: 'state', state: this.#state() });
    }, stateIntervalMs);
    this.#owned = [
      this.#batch,
      webview.onDidReceiveMessage((message: unknown) => {
        const parsed = v.safeParse(fromPageSchema, message);
        if (parsed.success) this.#answer(parsed.output).catch(options.onProblem);
      }),
      engine.onEvent(event => {
        if (event.type !== 'throughput:added') return;
        const { since, point, phases } = event;
        this.#post({ type: 'added', since, point, phases, state: this.#state() });
      }),
      engine.onDidChangeConnection(() => {
        this.#batch.addAll();
      }),
      engine.store.onChange(() => {
        this.#batch.addAll();
      }),
    ];
    webview.options = { enableScripts: true, localResourceRoots: [pageFolder(options.extensionUri)] };
    webview.html = this.#html(place);
  }

  /** To be called when the page comes into sight or goes out of it. */
  changeVisibility(): void {
    if (this.#host.visible) return;
    this.#isReady = false;
    this.#batch.setVisible(false);
  }

  dispose(): void {
    for (const owned of this.#owned) owned.dispose();
  }

  #html(place: 'view' | 'tab'): string {
    const { webview } = this.#host;
    const file = (name: string): string =>
      webview.asWebviewUri(vscode.Uri.joinPath(pageFolder(this.#options.extensionUri), name)).toString();
    return throughputHtml({
      script: file('page.js'),
      style: file('style.css'),
      cspSource: webview.cspSource,
      nonce: randomBytes(24).toString('base64url'),
      title: vscode.l10n.t('Throughput'),
      place,
    });
  }

  async #answer(message: FromPage): Promise<void> {
    switch (message.type) {
      case 'ready':
        await this.#sendAll();
        break;
      case 'launch':
        await vscode.commands.executeCommand(commandIds.launch);
        break;
      case 'export:csv': {
        const history = await this.#options.engine.throughput();
        if (history) await this.#options.save({ kind: 'csv', text: throughputCsv(history, message.range) });
        break;
      }
      case 'export:png':
        await this.#options.save({ kind: 'png', bytes: Buffer.from(message.base64, 'base64') });
        break;
      default:
        message satisfies never;
    }
  }

  async #sendAll(): Promise<void> {
    this.#isReady = false;
    // Without an answer the page still shows how the run stands.
    const history = await this.#options.engine.throughput().catch((thrown: unknown) => {
      this.#options.onProblem(thrown);
      return null;
    });
    this.#isReady = true;
    this.#batch.setVisible(this.#host.visible);
    this.#post({
      type: 'full',
      language: vscode.env.language,
      texts: textsOf(vscode.l10n.bundle),
      state: this.#state(),
      history,
    });
  }

  #post(message: ToPage): void {
    if (!this.#isReady || !this.#host.visible) return;
    void this.#host.webview.postMessage(message);
  }

  #state(): ThroughputState {
    const { engine } = this.#options;
    const { kind } = runView(engine);
    const { run } = engine.store;
    const workers = engine.store.workers.length;
    if (!run || kind === 'none') return { kind, run: null, workers };
    const { totalBytes, doneBytes, bytesPerSecond, secondsLeft } = run;
    const { uploaded, duplicates, failed } = run.counts;
    return {
      kind,
      run: { totalBytes, doneBytes, bytesPerSecond, secondsLeft, uploaded, duplicates, failed },
      workers,
    };
  }
}

/** What webviews may read: the page's own files. */
function pageFolder(extensionUri: vscode.Uri): vscode.Uri {
  return vscode.Uri.joinPath(extensionUri, 'dist', 'throughput');
}

/** The texts of the window's language by the English ones; those with notes for translators are none of the page's. */
function textsOf(bundle: typeof vscode.l10n.bundle): Record<string, string> {
  return Object.fromEntries(
    Object.entries(bundle ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
