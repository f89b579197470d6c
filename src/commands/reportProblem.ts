import os from 'node:os';
import * as vscode from 'vscode';
import { LogReader } from '../client/logReader.ts';
import { settingNames } from '../manifest.ts';
import { launcherLogName, monitorLogName, workerLogName } from '../protocol/logFiles.ts';
import { openMarkdown } from './parts/openMarkdown.ts';
import { problemReport } from './texts/problemReport.ts';
import type { Private } from './texts/redaction.ts';
import type { Services } from './parts/services.ts';
import { shownStateFolder } from './parts/shownRun.ts';
import { showFailure } from './showFailure.ts';
import { workersWithLogs } from './showWorkerLog.ts';

const lastHistory = 50;
const lastLines = { shared: 100, worker: 30 };
const mostWorkers = 8;

/** Opens a report of what is known here, without anything private, for a person to finish and send. */
export async function reportProblem(services: Services): Promise<void> {
  try {
    const { engine, version } = services;
    const report = problemReport(
      {
        version,
        environment: {
          'VS Code': `${vscode.version}${vscode.env.uiKind === vscode.UIKind.Web ? ', in a browser' : ''}`,
          Node: process.version,
          System: `${os.platform()} ${os.release()} ${os.arch()}`,
          Remote: remoteText(),
        },
        settings: changedSettings(services),
        history: engine.store.history.slice(-lastHistory),
        logs: await lastLogLines(shownStateFolder(services)),
      },
      await privateParts(services),
    );
    await openMarkdown(report);
  } catch (thrown) {
    showFailure(services, thrown);
  }
}

/** The kind of remote; where VS Code names the machine in its place, that stays here. */
function remoteText(): string {
  const { remoteName } = vscode.env;
  if (remoteName === undefined) return 'no';
  return /^[a-z-]+$/.test(remoteName) && remoteName !== os.hostname() ? remoteName : 'yes';
}

function changedSettings({ settings }: Services): Record<string, unknown> {
  return Object.fromEntries(
    settingNames.flatMap(name => {
      const value = settings.changed(name);
      // Who somebody is at a server is nobody else's business.
      return value === undefined ? [] : [[name, name.endsWith('userName') ? '(set)' : value]];
    }),
  );
}

async function lastLogLines(stateFolder: string): Promise<Record<string, readonly string[]>> {
  const logs: Record<string, readonly string[]> = {};
  const add = async (name: string, count: number): Promise<void> => {
    const lines = await new LogReader(stateFolder, name).last(count);
    if (lines && lines.length > 0) logs[name] = lines;
  };
  for (const name of [launcherLogName, monitorLogName]) await add(name, lastLines.shared);
  for (const worker of (await workersWithLogs(stateFolder)).slice(0, mostWorkers))
    await add(workerLogName(worker), lastLines.worker);
  return logs;
}

async function privateParts({ settings, secrets }: Services): Promise<Private> {
  const hidden: string[] = [];
  for (const name of settingNames) {
    const value = name.endsWith('userName') ? settings.raw(name) : undefined;
    if (typeof value === 'string' && value.trim() !== '') hidden.push(value.trim());
  }
  try {
    const { password, databasePassword } = await secrets.of(settings.destination());
    for (const secret of [password, databasePassword])
      if (secret !== null && secret !== '') hidden.push(secret);
  } catch {
    // Settings that make no destination have no password either.
  }
  return {
    homeFolder: os.homedir(),
    userName: os.userInfo().username,
    hostName: os.hostname(),
    secrets: hidden,
  };
}
