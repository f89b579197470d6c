import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { findTexts } from '../../../scripts/l10n/codeTexts.ts';
import { extractManifest, withTexts } from '../../../scripts/l10n/manifestTexts.ts';
import { rootFolder } from '../../../scripts/paths.ts';
import { failureText } from '../../../src/commands/texts/failureText.ts';
import { plannedTarText, planHint, planTitle } from '../../../src/commands/texts/planText.ts';
import { verificationText } from '../../../src/commands/texts/verificationText.ts';
import { runMarkdown } from '../../../src/commands/texts/runReport.ts';
import { SettingUnusable, readDestination } from '../../../src/settings/destinationSettings.ts';
import { destinationName } from '../../../src/text/destinationName.ts';
import { engineText } from '../../../src/text/engineText.ts';
import { setTranslate } from '../../../src/text/localize.ts';
import { errorCodes } from '../../../src/protocol/errors.ts';
import type { DestinationOptions } from '../../../src/protocol/ingestOptions.ts';
import type { Plan } from '../../../src/protocol/plan.ts';
import {
  noCounts,
  runPhaseSchema,
  tarPhaseSchema,
  workerHealthSchema,
  workerPhaseSchema,
} from '../../../src/protocol/snapshot.ts';
import { skipReasons } from '../../../src/protocol/skipReason.ts';
import { pausedByPerson } from '../../../src/protocol/workerNotes.ts';
import { sentence, sentences, type SentenceName } from '../../../src/protocol/sentences.ts';
import type { Verification } from '../../../src/protocol/verification.ts';
import {
  checkChoices,
  checkFolder,
  checkNumber,
  checkText,
  checkAddress,
} from '../../../src/settings/settingValues.ts';
import type { RunView } from '../../../src/views/engineReader.ts';
import { attentionText, runHeadline, statusText } from '../../../src/views/runText.ts';
import { groupLabel, tarGroups } from '../../../src/views/tarGroups.ts';
import { tarDescription, tarDetails } from '../../../src/views/tarText.ts';
import {
  workerDescription,
  workerDetails,
  workerLook,
  workerSummary,
} from '../../../src/views/workerText.ts';
import { timeLeftText } from '../../../src/webview/throughput/dashboardText.ts';
import { workerNote } from '../../../src/text/workerLook.ts';
import { readJson, readTexts } from '../../support/manifest.ts';
import { runState, tarState, workerState } from './sampleStates.ts';

const languages = ['de', 'ru', 'zh-cn'];
const code = findTexts(['src/**/*.ts']);

/** What stands in English in every language, and why. */
const stayInEnglish: readonly string[] = [
  // The report of a problem, which is read by whoever mends it.
  'src/commands/texts/problemReport.ts',
  // What it is that runs the extension, as it stands in that report.
  'src/commands/reportProblem.ts',
  // It writes the log, which is for whoever mends things.
  'src/views/runLog.ts',
  // The skeleton of a page without a word in it; the page makes its words itself.
  'src/views/throughputHtml.ts',
];

type Manifest = Parameters<typeof extractManifest>[0];

describe('The texts of package.json', () => {
  const english = readTexts('package.nls.json');

  it('stand in package.nls.json, all of them and no other', () => {
    const manifest = readJson('package.json') as Manifest;
    const extracted = extractManifest(manifest, english);
    assert.deepEqual(extracted.manifest, manifest, 'run: node scripts/l10n/extractManifest.ts');
    assert.deepEqual(extracted.texts, english);
  });

  it('keep their keys when others come in between', () => {
    const plain = withTexts(readJson('package.json') as Manifest, english);
    assert.deepEqual(extractManifest(plain, {}).texts, english);
    const { contributes } = plain as { contributes: Record<string, unknown[]> };
    for (const list of ['commands', 'viewsWelcome']) {
      contributes[list]?.unshift({
        command: 'tarshelf.another',
        title: 'Another',
        view: 'x',
        contents: 'New',
      });
    }
    const { texts } = extractManifest(plain, {});
    for (const [key, text] of Object.entries(english)) assert.equal(texts[key], text);
  });

  for (const language of languages) {
    it(`are all there in ${language}, with the same links, words of code and places for values`, () => {
      compare(english, readTexts(`package.nls.${language}.json`));
    });
  }
});

describe('The texts of the code', () => {
  it('stand in the bundle, all of them and no other', () => {
    assert.deepEqual(
      Object.keys(readTexts('l10n/bundle.l10n.json')).sort(),
      [...code.translated].sort(),
      'run: node scripts/l10n/extractTexts.ts',
    );
  });

  it('are plain where they are handed to a translator', () => {
    assert.deepEqual(code.unknown, []);
  });

  for (const language of languages) {
    it(`are all there in ${language}, with the same links, words of code and places for values`, () => {
      compare(readTexts('l10n/bundle.l10n.json'), readTexts(`l10n/bundle.l10n.${language}.json`));
    });
  }

  it('come in no language that is not looked after', () => {
    const files = [...readdirSync(rootFolder), ...readdirSync(path.join(rootFolder, 'l10n'))];
    const found = files.map(name => /^(?:package\.nls|bundle\.l10n)\.(.+)\.json$/.exec(name)?.[1]);
    const expected = [...languages, ...languages].sort();
    assert.deepEqual(found.filter(language => language !== undefined).sort(), expected);
  });

  it('are translated wherever VS Code shows them', () => {
    const shown = findTexts(['src/*.ts', 'src/views/**/*.ts', 'src/commands/**/*.ts']).plain;
    const files = new Set(shown.map(({ place }) => place.replace(/:\d+$/, '')));
    assert.deepEqual(
      [...files].sort(),
      [...stayInEnglish].sort(),
      shown.map(({ place, text }) => `${place} ${text}`).join('\n'),
    );
  });
});

describe('In a language that nobody speaks', () => {
  const pseudo = new Map(code.translated.map(text => [text, inPseudo(text)]));

  beforeEach(() => {
    setTranslate((message, ...args) => {
      const text = pseudo.get(message);
      assert.ok(text !== undefined, `the bundle lacks: ${message}`);
      return text.replaceAll(/\{(\d)\}/g, (_place, index: string) => String(args[Number(index)]));
    });
  });

  afterEach(() => {
    setTranslate();
  });

  it('the reasons why a setting cannot be used come out whole', () => {
    const reasons = [
      checkFolder(1, { homeFolder: '/home' }),
      checkFolder('${workspaceFolder}/1', { homeFolder: '/home' }),
      checkFolder('${1}', { homeFolder: '/home' }),
      checkFolder('1', { homeFolder: '/home' }),
      checkNumber(0, { min: 1, max: 2 }),
      checkChoices('1', ['2']),
      checkChoices(['1'], ['2']),
      checkText(1),
      checkAddress('1', 'http'),
      checkAddress('http://1:2@3', 'http'),
    ].map(checked => (checked.ok ? assert.fail() : checked.reason));
    for (const reason of reasons) assertPseudo(reason);
  });

  it('so does what is wrong with a destination', () => {
    const context = { homeFolder: '/home', libraryFolder: () => '/library' };
    for (const settings of [
      { destination: 'calibre' },
      { destination: 'mybookshelf2' },
      { destination: '1' },
    ]) {
      const get = (name: string): unknown => (settings as Record<string, string>)[name];
      assert.throws(
        () => readDestination(get, context),
        (thrown: unknown) => {
          assert.ok(thrown instanceof SettingUnusable);
          assertPseudo(thrown.message);
          return true;
        },
      );
    }
  });

  it('so do the views: the run, its tars and its workers', () => {
    const counts = {
      ...noCounts(),
      found: 9,
      uploaded: 4,
      duplicates: { own: 1, others: 1, destination: 1 },
    };
    const phases = ['waiting', 'running', 'completed', 'completedWithErrors', 'failed'] as const;
    const skippedBy = (count: number) => Object.fromEntries(skipReasons.map(reason => [reason, count]));
    const tars = phases.flatMap(phase =>
      [1, 2, 3].map(failed =>
        tarState({
          ...{ phase, name: '1', folder: '1', doneBytes: 1e8 },
          ...{ counts: { ...counts, failed, skipped: 9, skippedBy: skippedBy(failed) }, earlier: failed > 2 },
        }),
      ),
    );
    const workers = workerPhaseSchema.options.flatMap(phase =>
      workerHealthSchema.options.map(health => workerState({ phase, health, currentTar: '1', restarts: 1 })),
    );
    const run = runState({ counts: { ...counts, failed: 2 }, secondsLeft: 60, bytesPerSecond: 1e6 });
    const kinds = ['running', 'stopping', 'finished', 'stopped'] as const;
    const views: RunView[] = [
      ...(['none', 'starting', 'lost'] as const).map(kind => ({ kind })),
      ...kinds.map(kind => ({ kind, run })),
    ];
    const texts: (string | undefined)[] = [];
    for (const view of views) {
      for (const silentSeconds of [null, 90]) {
        const facts = { tars, workers, silentSeconds };
        texts.push(statusText(view, facts)?.spoken, runHeadline(view, facts));
      }
    }
    for (const tar of tars) {
      for (const alive of [true, false]) texts.push(tarDescription(tar, workers[0], alive));
      texts.push(...tarDetails(tar, true).flat());
    }
    for (const worker of workers) {
      for (const { kind } of views) {
        const look = workerLook(worker, kind);
        texts.push(
          workerDescription(worker, look),
          workerSummary(worker, look),
          ...workerDetails(worker, look, true).flat(),
        );
      }
    }
    texts.push(attentionText({ tars: 1, workers: 1 }), attentionText({ tars: 2, workers: 2 }));
    texts.push(...tarGroups.map(groupLabel));
    texts.push(workerNote(workerState({ phase: 'paused', note: pausedByPerson })) ?? '');
    for (const text of texts) assertPseudo(text ?? '');
  });

  it('so do the plan of a launch, and what came of verifying a tar', () => {
    const states = ['new', 'begun', 'failed', 'completed'] as const;
    const tars = states.flatMap(state =>
      [0, 1, 2].map(failedBooks => ({
        ...{ name: '1', folder: '1', sizeBytes: 5e6, doneBytes: 1e6, state, failedBooks, worker: 1 },
      })),
    );
    const plan: Plan = {
      ...{ tars, emptyFolders: ['1'], workers: 2, mode: 'extract', freeBytes: 1e6, extractBytes: 5e6 },
    };
    const emptyVerification: Verification = {
      ...{ tar: '1', books: 0, onShelf: 0, missing: 0, unreadable: 0, skipped: 0, damage: null },
      ...{ missingBooks: [], unreadableBooks: [] },
    };
    const verified = { ...emptyVerification, books: 3, onShelf: 1, missing: 1, unreadable: 1, damage: '1' };
    const texts = [
      planTitle(plan, { kind: 'library', folder: '1' }),
      ...[plan, { ...plan, freeBytes: null }, { ...plan, freeBytes: 1e9 }].map(planHint),
      ...tars.map(plannedTarText),
      ...[emptyVerification, { ...emptyVerification, books: 2, onShelf: 2 }, verified].map(verificationText),
      ...[0, 90].map(seconds => timeLeftText(seconds, [])),
    ];
    for (const text of texts) assertPseudo(text);
  });

  it('so do destinations that have no other name than one in words', () => {
    const server = { apiUrl: '1', webSocketUrl: '1', userName: '1', fallbackLanguage: null, database: null };
    const destinations: DestinationOptions[] = [
      { kind: 'none' },
      { kind: 'mybookshelf2-cli', ...server, container: '1', program: '1' },
    ];
    for (const destination of destinations) assertPseudo(destinationName(destination));
  });

  it('so does the report of a run', () => {
    const tars = tarPhaseSchema.options.flatMap(phase => [
      tarState({ phase, name: '1' }),
      tarState({ phase, name: '1', earlier: true }),
    ]);
    for (const phase of runPhaseSchema.options) {
      const run = runState({ phase, sourceFolders: ['/1'], stateFolder: '/1' });
      assertPseudo(runMarkdown({ run, options: null, tars, failures: [] }));
    }
  });

  it('so do the sentences of the engine, with what stands in them', () => {
    for (const name of Object.keys(sentences) as SentenceName[]) {
      const values = ['/1', '2', '3', '4', '5'];
      const text = engineText(sentence(name, ...values));
      // Options, variables and names that are the same in every language come in circles here, too.
      assertPseudo(text);
      const places = [...new Set(sentences[name].match(/\{\d\}/g))].length;
      for (const value of values.slice(0, places)) assert.ok(text.includes(value), text);
    }
  });

  it('so does what a failure of the engine is about, before its own words', () => {
    const alone = errorCodes.filter(code => {
      const text = failureText({ code, message: '42.' });
      assertPseudo(text);
      assert.ok(text.endsWith('42.'));
      return text === '42.';
    });
    // Those of the window itself, and those of tars, books and workers, which no message of the window tells of.
    assert.deepEqual(alone, [
      ...['USAGE', 'TAR_DAMAGED', 'BOOK_NOT_READABLE', 'UPLOAD_FAILED', 'DECLINED', 'POISON', 'WORKER_DIED'],
      'ENGINE_BUSY',
    ]);
  });
});

/** Every text has its translation, which keeps what is no language: places, links, code and what stands for itself. */
function compare(english: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): void {
  assert.deepEqual(Object.keys(other).sort(), Object.keys(english).sort());
  for (const [key, text] of Object.entries(english)) {
    const translated = other[key] ?? '';
    assert.ok(translated.trim() !== '', key);
    for (const pattern of [
      /\{\d+\}/g,
      /`[^`]*`/g,
      /\]\([^)]*\)/g,
      /#tarshelf\.[\w.]+#/g,
      /\.\.\.$/g,
      /\*\*/g,
    ]) {
      assert.deepEqual(kept(translated, pattern), kept(text, pattern), `${key}: ${translated}`);
    }
    assert.equal(translated.split('\n').length, text.split('\n').length, key);
  }
}

function kept(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([found]) => found).sort();
}

/** Letters in circles; places for values stay. */
function inPseudo(text: string): string {
  return text.replaceAll(/\{\d\}|[a-z]/gi, found => {
    if (found.length > 1) return found;
    const base = found === found.toLowerCase() ? 0x24d0 - 97 : 0x24b6 - 65;
    return String.fromCodePoint(base + found.charCodeAt(0));
  });
}

/** No letter of ours is left, but in names of settings, choices, the beginnings of addresses, and units. */
function assertPseudo(text: string): void {
  const left = text.replaceAll(
    /tarshelf\.[\w.]+|\$\{\w+\}|https?:\/\/|library|calibre|mybookshelf2(-cli)?|\bor\b|\d (B|kB|MB|GB|s|min|h)\b(\/s)?/g,
    '',
  );
  assert.doesNotMatch(left, /[a-z]/i, text);
}
