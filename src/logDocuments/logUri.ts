import path from 'node:path';
import * as vscode from 'vscode';
import { logScheme } from '../manifest.ts';
import { workerLogName } from '../protocol/logFiles.ts';
import { logLevels, type LogFilter } from './logFilter.ts';

/** A log and what of it is shown. All of it stands in the address, so that a reloaded window shows the same. */
export interface ShownLog {
  readonly stateFolder: string;
  /** Of the file. */
  readonly name: string;
  readonly filter: LogFilter;
}

/** The address of a document; its path is that of the log, so that it can be found. */
export function logUri({ stateFolder, name, filter }: ShownLog): vscode.Uri {
  const query = new URLSearchParams();
  if (filter.level !== undefined) query.set('level', filter.level);
  if (filter.tar !== undefined) query.set('tar', filter.tar);
  return vscode.Uri.file(path.join(stateFolder, name)).with({ scheme: logScheme, query: query.toString() });
}

export function workerLogUri(stateFolder: string, worker: number, filter: LogFilter = {}): vscode.Uri {
  return logUri({ stateFolder, name: workerLogName(worker), filter });
}

export function shownLog(uri: vscode.Uri): ShownLog {
  const query = new URLSearchParams(uri.query);
  const level = logLevels.find(known => known === query.get('level'));
  const tar = query.get('tar');
  const file = uri.with({ scheme: 'file', query: '' }).fsPath;
  return {
    stateFolder: path.dirname(file),
    name: path.basename(file),
    filter: { ...(level === undefined ? {} : { level }), ...(tar === null ? {} : { tar }) },
  };
}
