import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { readManifest } from '../../support/manifest.ts';
import { defaultDestination } from '../../../src/settings/destinationSettings.ts';
import {
  commandIds,
  contextKeys,
  extensionId,
  logLanguageId,
  settingNames,
  settingsSection,
  viewCommandIds,
  viewContainerId,
  viewIds,
  walkthroughId,
  windowCloseActions,
} from '../../../src/manifest.ts';
import { bookFormats } from '../../../src/protocol/bookFormat.ts';
import {
  calibreDeclined,
  completionActions,
  defaultApiUrl,
  defaultCalibreDeclined,
  defaultCompletionAction,
  defaultMetadataReader,
  defaultMode,
  defaultProgram,
  defaultWebSocketUrl,
  limits,
  metadataReaders,
  modes,
  offeredDestinations,
} from '../../../src/protocol/ingestOptions.ts';
import { supervisionLimits, supervisionNames } from '../../../src/protocol/supervision.ts';
import { whenLeftChoices } from '../../../src/protocol/clientMessages.ts';

interface Contributed {
  command?: string;
  view?: string;
  when?: string;
  contents?: string;
  icon?: string;
  group?: string;
}

interface Setting {
  type: string;
  default: unknown;
  minimum?: number;
  maximum?: number;
  enum?: string[];
  pattern?: string;
  patternErrorMessage?: string;
  items?: { enum?: string[] };
  markdownEnumDescriptions?: string[];
  scope: string;
  markdownDescription: string;
}

interface WalkthroughStep {
  id: string;
  title: string;
  description: string;
  media: { svg: string; altText: string };
  completionEvents: string[];
}

interface PackageJson {
  publisher: string;
  name: string;
  icon: string;
  main: string;
  extensionKind: string[];
  engines: { vscode: string };
  capabilities: {
    untrustedWorkspaces: { supported: string; restrictedConfigurations: string[] };
    virtualWorkspaces: { supported: boolean };
  };
  contributes: {
    commands: { command: string; category: string; title: string; enablement?: string }[];
    viewsContainers: { activitybar: { id: string; icon: string }[] };
    views: Record<string, { id: string; icon: string }[]>;
    viewsWelcome: (Contributed & { view: string; contents: string })[];
    menus: Record<string, Contributed[]>;
    languages: { id: string }[];
    grammars: { language: string; scopeName: string; path: string }[];
    walkthroughs: { id: string; title: string; description: string; steps: WalkthroughStep[] }[];
    configuration: { title: string; properties: Record<string, Setting> }[];
  };
}

const root = path.join(import.meta.dirname, '..', '..', '..');
const manifest = readManifest() as PackageJson;
const { contributes } = manifest;
const commands = [...Object.values<string>(commandIds), ...Object.values(viewCommandIds)].sort();
const views = Object.values<string>(viewIds).sort();
const settings = settingNames.map(name => `${settingsSection}.${name}`);
const properties = Object.fromEntries(
  contributes.configuration.flatMap(section => Object.entries(section.properties)),
);

describe('package.json', () => {
  it('names the extension by the id that the code uses', () => {
    assert.equal(`${manifest.publisher}.${manifest.name}`, extensionId);
  });

  it('contributes the commands that the code registers, and no other', () => {
    assert.deepEqual(contributes.commands.map(entry => entry.command).sort(), commands);
  });

  it('groups every command under one category, and leaves it enabled so that its twin can answer', () => {
    for (const command of contributes.commands) {
      assert.equal(command.category, 'Tarshelf');
      assert.equal(command.enablement, undefined, command.command);
    }
  });

  it('contributes the views that the code fills, in one container', () => {
    assert.deepEqual(
      contributes.viewsContainers.activitybar.map(entry => entry.id),
      [viewContainerId],
    );
    assert.deepEqual(Object.keys(contributes.views), [viewContainerId]);
    assert.deepEqual(contributes.views[viewContainerId]?.map(view => view.id).sort(), views);
  });

  it('contributes the settings that the code reads, and no other', () => {
    assert.deepEqual(Object.keys(properties).sort(), [...settings].sort());
  });

  it('bounds the numbers as the engine does', () => {
    const supervision = supervisionNames.map(
      name => [`supervision.${name}`, supervisionLimits[name]] as const,
    );
    for (const [name, range] of [...Object.entries(limits), ...supervision]) {
      const property = properties[`${settingsSection}.${name}`];
      assert.equal(property?.type, 'integer', name);
      assert.equal(property.minimum, range.min, name);
      assert.equal(property.maximum, range.max, name);
      assert.equal(property.default, range.default, name);
    }
  });

  it('offers the choices that the engine knows, each with what it does', () => {
    const choices = {
      mode: { known: modes, usual: defaultMode },
      afterCompletion: { known: completionActions, usual: defaultCompletionAction },
      metadataReader: { known: metadataReaders, usual: defaultMetadataReader },
      onWindowClose: { known: windowCloseActions, usual: 'keepRunning' },
      destination: { known: offeredDestinations, usual: defaultDestination },
      'calibre.declined': { known: calibreDeclined, usual: defaultCalibreDeclined },
    };
    for (const [name, { known, usual }] of Object.entries(choices)) {
      const property = properties[`${settingsSection}.${name}`];
      assert.deepEqual(property?.enum, [...known], name);
      assert.equal(property.markdownEnumDescriptions?.length, known.length, name);
      assert.equal(property.default, usual, name);
    }
  });

  it('offers for a closed window just what the engine understands', () => {
    assert.deepEqual([...windowCloseActions], [...whenLeftChoices]);
  });

  it('has the defaults of the command line for addresses and programs', () => {
    const defaults = {
      'mybookshelf2.server': defaultApiUrl,
      'mybookshelf2.webSocket': defaultWebSocketUrl,
      'mybookshelf2.program': defaultProgram,
    };
    for (const [name, usual] of Object.entries(defaults)) {
      assert.equal(properties[`${settingsSection}.${name}`]?.default, usual, name);
    }
  });

  it('says of the program of MyBookshelf2 that the password stands on its command line', () => {
    const kinds = properties[`${settingsSection}.destination`];
    const description = kinds?.markdownEnumDescriptions?.[kinds.enum?.indexOf('mybookshelf2-cli') ?? -1];
    assert.match(description ?? '', /password stands on that program's command line/);
  });

  it('has no setting for a password', () => {
    assert.deepEqual(
      settings.filter(name => /password|secret|token/i.test(name)),
      [],
    );
  });

  it('offers the types of books that the engine knows', () => {
    const property = properties[`${settingsSection}.bookTypes`];
    assert.deepEqual(property?.items?.enum, [...bookFormats]);
    assert.deepEqual(property.default, []);
  });

  it('describes every setting and gives it a scope', () => {
    for (const [name, property] of Object.entries(properties)) {
      assert.ok(property.markdownDescription.length > 20, name);
      assert.ok(['machine', 'machine-overridable', 'resource'].includes(property.scope), name);
    }
  });

  it('lets no workspace say which program gets the password', () => {
    for (const name of ['container', 'program']) {
      assert.equal(properties[`${settingsSection}.mybookshelf2.${name}`]?.scope, 'machine');
    }
  });

  it('lets no workspace say how much a worker may take of the machine, and when it is stopped', () => {
    for (const name of supervisionNames) {
      assert.equal(properties[`${settingsSection}.supervision.${name}`]?.scope, 'machine', name);
    }
  });

  it('marks a text that cannot be used while it is typed, and says what is wanted', () => {
    const right = {
      'mybookshelf2.server': ['', 'http://localhost:6006', 'https://shelf.example/'],
      'mybookshelf2.webSocket': ['', 'ws://localhost:8080/ws', 'wss://shelf.example/ws'],
      'mybookshelf2.database': ['', 'postgresql://user@localhost:5432/ebooks', 'postgres://user@localhost/e'],
      'mybookshelf2.fallbackLanguage': ['', 'en', 'rus'],
    };
    for (const [name, values] of Object.entries(right)) {
      const { pattern, patternErrorMessage } = properties[`${settingsSection}.${name}`] ?? {};
      assert.ok(pattern !== undefined && patternErrorMessage !== undefined, name);
      for (const value of values) assert.match(value, new RegExp(pattern), name);
      assert.doesNotMatch('localhost:6006', new RegExp(pattern), name);
    }
  });

  it('lets no untrusted workspace choose a folder, a server, a user or a program, load the machine, or move files', () => {
    const { supported, restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
    assert.equal(supported, 'limited');
    assert.deepEqual(
      [...restrictedConfigurations].sort(),
      settings
        .filter(name =>
          /Folders?$|\.(afterCompletion|workers|parallelUploads|destination|library|server|webSocket|userName|database|container|program)$/.test(
            name,
          ),
        )
        .sort(),
    );
  });

  it('speaks in menus and welcome texts only of commands, views and context keys that exist', () => {
    const entries: Contributed[] = [...Object.values(contributes.menus).flat(), ...contributes.viewsWelcome];
    const known = new Set<string>([
      ...[...commands, ...views, ...settings, ...Object.values(contextKeys)],
      ...[extensionId, walkthroughId],
    ]);
    let names = 0;
    for (const entry of entries) {
      const text = [entry.command, entry.view, entry.when, entry.contents].join(' ');
      for (const [name] of text.matchAll(/tarshelf\.\w+/g)) {
        names++;
        assert.ok(known.has(name), `${name} in: ${text}`);
      }
    }
    assert.ok(names > 10);
  });

  it('keeps out of the palette what makes sense on a row alone, and nothing else', () => {
    const hidden = (contributes.menus['commandPalette'] ?? []).filter(entry => entry.when === 'false');
    assert.deepEqual(
      hidden.map(entry => entry.command),
      [viewCommandIds.showMore, commandIds.revealTar],
    );
  });

  it('has at most two buttons in any row', () => {
    const rows = contributes.menus['view/item/context'] ?? [];
    const states = {
      'tarshelf.tars': ['waiting', 'running', 'interrupted', 'completed', 'completedWithErrors', 'failed']
        .map(state => `tar;${state}`)
        .concat('book;failed', 'group;failed', 'group;completed'),
      'tarshelf.workers': ['working', 'paused', 'stopped', 'died'].map(state => `worker;${state}`),
    };
    for (const [view, values] of Object.entries(states)) {
      for (const value of values) {
        const buttons = rows.filter(({ when = '', group = '' }) => {
          const wanted = /viewItem =~ \/(.*?)\/(?= |$)/.exec(when)?.[1];
          return group.startsWith('inline') && when.includes(view) && new RegExp(wanted ?? '.').test(value);
        });
        assert.ok(buttons.length <= 2, `${value}: ${buttons.map(({ command }) => command).join(', ')}`);
      }
    }
  });

  it('offers on each row just what can be done with it', () => {
    const rows = contributes.menus['view/item/context'] ?? [];
    const offered = (view: string, viewItem: string, running: boolean, stopping = false): string[] => {
      const fits = ({ when = '' }: Contributed): boolean =>
        when.split(' && ').every(condition => {
          if (condition.startsWith('view == ')) return condition === `view == ${view}`;
          if (condition.endsWith(contextKeys.running)) return condition.startsWith('!') !== running;
          if (condition.endsWith(contextKeys.stopping)) return condition.startsWith('!') !== stopping;
          const wanted = /^viewItem =~ \/(.*)\/$/.exec(condition)?.[1];
          assert.ok(wanted !== undefined, condition);
          return new RegExp(wanted).test(viewItem);
        });
      const verbs = rows.filter(fits).map(({ command = '' }) => command.slice(settingsSection.length + 1));
      return [...new Set(verbs)].sort();
    };
    const look = ['showWorkerLog', 'verifyTar'];
    const work = ['pauseWorker', 'restartWorker', 'showWorkerLog'];
    const expected: [view: string, viewItem: string, idle: string[], running: string[]][] = [
      [viewIds.tars, 'tar;waiting', ['verifyTar'], ['verifyTar']],
      [viewIds.tars, 'tar;running', look, look],
      [viewIds.tars, 'tar;begun', look, look],
      [viewIds.tars, 'tar;interrupted', look, look],
      [viewIds.tars, 'tar;completed', look, look],
      [viewIds.tars, 'tar;completedWithErrors', ['retry', ...look], look],
      [viewIds.tars, 'tar;failed', ['retry', ...look], look],
      [viewIds.tars, 'book;failed', ['retry', 'showWorkerLog', 'skip'], ['showWorkerLog']],
      [viewIds.tars, 'group;failed', ['retry'], []],
      [viewIds.tars, 'group;completed', [], []],
      [viewIds.tars, 'more', [], []],
      [viewIds.workers, 'worker;starting', ['showWorkerLog'], work],
      [viewIds.workers, 'worker;working', ['showWorkerLog'], work],
      [
        viewIds.workers,
        'worker;paused',
        ['showWorkerLog'],
        ['reassign', 'restartWorker', 'resumeWorker', 'showWorkerLog'],
      ],
      [
        viewIds.workers,
        'worker;died',
        ['showWorkerLog'],
        ['pauseWorker', 'reassign', 'restartWorker', 'showWorkerLog'],
      ],
      [viewIds.workers, 'worker;stopped', ['showWorkerLog'], ['reassign', 'showWorkerLog']],
      [viewIds.workers, 'worker;finished', ['showWorkerLog'], ['showWorkerLog']],
      [
        viewIds.progress,
        'progressFile',
        ['openProgressFile', 'openProgressFolder'],
        ['openProgressFile', 'openProgressFolder'],
      ],
    ];
    for (const [view, viewItem, idle, running] of expected) {
      assert.deepEqual(offered(view, viewItem, false), idle, `${viewItem}, idle`);
      assert.deepEqual(offered(view, viewItem, true), running, `${viewItem}, running`);
      // Nothing that the engine would only refuse because the run is about to end.
      const stopping = running.filter(verb => !/^(?:pause|resume|restart)Worker$|^reassign$/.test(verb));
      assert.deepEqual(offered(view, viewItem, true, true), stopping, `${viewItem}, stopping`);
    }
    const ofAll = (contributes.menus['view/title'] ?? []).filter(({ command }) =>
      (command ?? '').endsWith('All'),
    );
    assert.equal(ofAll.length, 3);
    for (const { when } of ofAll) assert.match(when ?? '', / && !tarshelf\.stopping$/);
  });

  it('guides a newcomer in a few steps, which tick themselves', () => {
    const [walkthrough, ...others] = contributes.walkthroughs;
    assert.equal(others.length, 0);
    assert.equal(walkthrough?.id, walkthroughId);
    const { steps } = walkthrough;
    assert.ok(steps.length >= 4 && steps.length <= 5);
    const known = {
      onCommand: commands,
      onView: views,
      onSettingChanged: settings,
      onContext: Object.values<string>(contextKeys),
    };
    for (const step of steps) {
      assert.ok(step.completionEvents.length > 0, step.id);
      for (const completion of step.completionEvents) {
        const [kind = '', name = ''] = completion.split(':', 2);
        assert.ok(known[kind as keyof typeof known].includes(name), `${step.id}: ${completion}`);
      }
      const links = [...step.description.matchAll(/\(command:([\w.]+)[^)]*\)/g)].map(([, name]) => name);
      for (const name of links) assert.ok(name !== undefined && commands.includes(name), name);
      assert.ok(step.media.altText.length > 10, step.id);
    }
  });

  it('draws the pictures of the guide in the colours of the theme alone, and without words', () => {
    for (const { media } of contributes.walkthroughs.flatMap(walkthrough => walkthrough.steps)) {
      const picture = readFileSync(path.join(root, media.svg), 'utf8');
      assert.doesNotMatch(picture, /#[0-9a-f]{3,8}\b|\brgba?\(|\bhsla?\(|<script|<image|href=/i, media.svg);
      for (const [, colour = ''] of picture.matchAll(/\b(?:fill|stroke)="([^"]*)"/g)) {
        assert.match(colour, /^(none|var\(--vscode-.*\))$/, media.svg);
      }
    }
  });

  it('asks last for what cannot be taken back', () => {
    const rows = contributes.menus['view/item/context'] ?? [];
    const last = rows.find(({ command }) => command === commandIds.skip)?.group ?? '';
    for (const { command, group = '', when = '' } of rows) {
      if (!when.includes('book;failed') || command === commandIds.skip) continue;
      assert.ok(group.startsWith('inline') || group < last, command);
    }
  });

  it('has a grammar for the logs that is one', () => {
    const [grammar] = contributes.grammars;
    assert.equal(grammar?.language, logLanguageId);
    const { scopeName } = JSON.parse(readFileSync(path.join(root, grammar.path), 'utf8')) as {
      scopeName: string;
    };
    assert.equal(scopeName, grammar.scopeName);
    assert.deepEqual(
      contributes.languages.map(({ id }) => id),
      [logLanguageId],
    );
  });

  it('refers to pictures that exist, and to an icon that the marketplace takes', () => {
    const pictures = [
      manifest.icon,
      ...contributes.viewsContainers.activitybar.map(entry => entry.icon),
      ...Object.values(contributes.views).flatMap(list => list.map(view => view.icon)),
    ];
    for (const picture of pictures) assert.ok(existsSync(path.join(root, picture)), picture);
    const icon = readFileSync(path.join(root, manifest.icon));
    assert.equal(icon.subarray(1, 4).toString('latin1'), 'PNG');
    // The width and the height stand in the header, at a fixed place.
    assert.ok(icon.readUInt32BE(16) >= 128 && icon.readUInt32BE(20) >= 128);
  });

  it('runs where the workspace is, on VS Code 1.101 or later', () => {
    assert.deepEqual(manifest.extensionKind, ['workspace']);
    assert.equal(manifest.engines.vscode, '^1.101.0');
    assert.equal(manifest.capabilities.virtualWorkspaces.supported, false);
    assert.equal(manifest.main, './dist/extension.cjs');
  });
});
