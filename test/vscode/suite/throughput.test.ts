import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import { Emitter } from '../../../src/client/emitter.ts';
import { SnapshotStore } from '../../../src/client/snapshotStore.ts';
import { commandIds, extensionId, throughputPanelType } from '../../../src/manifest.ts';
import type { EngineEvent } from '../../../src/protocol/clientMessages.ts';
import type { ThroughputPoint } from '../../../src/protocol/throughput.ts';
import type { FromPage, ToPage } from '../../../src/protocol/throughputMessages.ts';
import {
  ThroughputPage,
  type ThroughputFile,
  type ThroughputReader,
} from '../../../src/views/throughputPage.ts';

const point: ThroughputPoint = {
  at: 1,
  seconds: 1,
  total: [10, 1, 0, 0, 0, 0],
  workers: [[10, 1, 0, 0, 0, 0]],
};
const series = { minutes: [point], hour: [point], run: [point], runStepSeconds: 1 };

describe('The throughput page and its extension', () => {
  let visible: boolean;
  let posted: ToPage[];
  let asked: number;
  let saved: ThroughputFile[];
  let problems: unknown[];
  let said: vscode.EventEmitter<unknown>;
  let events: Emitter<EngineEvent>;
  let connections: Emitter<undefined>;
  let listeners: number;
  let webview: Partial<vscode.Webview> & { html: string; options: vscode.WebviewOptions };
  let page: ThroughputPage;

  beforeEach(() => {
    visible = true;
    posted = [];
    asked = listeners = 0;
    saved = [];
    problems = [];
    said = new vscode.EventEmitter();
    events = new Emitter();
    connections = new Emitter();
    const counted = <T>(emitter: Emitter<T>, listener: (value: T) => void): { dispose(): void } => {
      const listening = emitter.on(listener);
      listeners++;
      return {
        dispose: () => {
          listeners--;
          listening.dispose();
        },
      };
    };
    const engine: ThroughputReader = {
      store: new SnapshotStore(),
      connection: 'none',
      isRunning: false,
      onDidChangeConnection: listener => counted(connections, listener),
      onEvent: listener => counted(events, listener),
      throughput: () => {
        asked++;
        return Promise.resolve({ since: 1000, series, phases: [] });
      },
    };
    webview = {
      html: '',
      options: {},
      cspSource: 'https://files.example',
      asWebviewUri: uri => uri,
      onDidReceiveMessage: said.event,
      postMessage: message => {
        posted.push(message as ToPage);
        return Promise.resolve(true);
      },
    };
    const host = {
      webview: webview as vscode.Webview,
      get visible() {
        return visible;
      },
    };
    page = new ThroughputPage(host, 'tab', {
      engine,
      extensionUri: vscode.Uri.file('/extension'),
      save: file => saved.push(file),
      onProblem: thrown => problems.push(thrown),
    });
  });

  afterEach(() => {
    page.dispose();
    assert.equal(listeners, 0);
    assert.deepEqual(problems, []);
  });

  async function say(message: FromPage | { type: string }): Promise<void> {
    said.fire(message);
    await sleep(1);
  }

  let sequence = 0;
  const add = (): void => {
    events.emit({ type: 'throughput:added', sequence: ++sequence, since: 1000, point, phases: [] });
  };
  const types = (): string[] => posted.map(({ type }) => type);

  it('may read its own files and no others, and runs no script but its own', () => {
    const roots = webview.options.localResourceRoots?.map(root => root.path);
    assert.deepEqual(roots, ['/extension/dist/throughput']);
    assert.match(
      webview.html,
      /content="default-src &#39;none&#39;; script-src &#39;nonce-[\w-]{32}&#39;; style-src/,
    );
  });

  it('sends everything when the page asks, and then each point', async () => {
    add();
    assert.deepEqual(types(), []);
    await say({ type: 'ready' });
    add();
    assert.deepEqual(types().slice(0, 2), ['full', 'added']);
  });

  it('sends nothing to a page that is hidden, and everything when it is shown again', async () => {
    await say({ type: 'ready' });
    visible = false;
    page.changeVisibility();
    posted = [];
    for (let times = 0; times < 60; times++) add();
    connections.emit(undefined);
    await sleep(1200);
    assert.deepEqual(types(), []);
    visible = true;
    page.changeVisibility();
    add();
    // Its page has just begun, and has not asked yet.
    assert.deepEqual(types(), []);
    await say({ type: 'ready' });
    assert.equal(posted[0]?.type, 'full');
  });

  it('does not grow by being hidden and shown', async () => {
    await say({ type: 'ready' });
    const before = listeners;
    for (let times = 0; times < 100; times++) {
      visible = false;
      page.changeVisibility();
      visible = true;
      page.changeVisibility();
      await say({ type: 'ready' });
    }
    assert.equal(listeners, before);
    assert.equal(asked, 101);
  });

  it('saves what the page asks for, and passes over what no page of ours says', async () => {
    await say({ type: 'export:csv', range: 'run' });
    await say({ type: 'export:png', base64: 'iVBORw0KGgoAAAA=' });
    await say({ type: 'export:png', base64: '../../etc/passwd' });
    await say({ type: 'nonsense' });
    assert.deepEqual(
      saved.map(({ kind }) => kind),
      ['csv', 'png'],
    );
  });

  it('is one tab, however often it is asked for', async () => {
    await vscode.extensions.getExtension(extensionId)?.activate();
    const tabs = (): vscode.Tab[] =>
      vscode.window.tabGroups.all
        .flatMap(group => group.tabs)
        .filter(
          ({ input }) =>
            input instanceof vscode.TabInputWebview && input.viewType.endsWith(throughputPanelType),
        );
    for (let times = 0; times < 3; times++) {
      await vscode.commands.executeCommand(commandIds.showThroughput);
      await sleep(300);
    }
    assert.equal(tabs().length, 1);
    await vscode.window.tabGroups.close(tabs());
    assert.equal(tabs().length, 0);
  });
});
