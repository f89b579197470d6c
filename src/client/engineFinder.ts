import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import {
  clientProtocolVersion,
  engineFileName,
  engineFileSchema,
  engineTokenFileName,
} from '../protocol/engineFile.ts';
import { systemCode, TarshelfError } from '../protocol/errors.ts';
import { sentence } from '../protocol/sentences.ts';
import { EngineConnection, type ConnectionOptions, type EngineAddress } from './engineConnection.ts';
import { isAlive } from './isAlive.ts';
import { stateUnreadable } from '../protocol/stateUnreadable.ts';

/** An engine that hangs up on everybody for so long is not ending, and its token is not about to be written. */
const hangsUpForMs = 2000;
const tryAgainAfterMs = 50;

/**
 * Opens a connection to the engine of a state folder. Null where there is none: no note, one of another machine,
 * one whose process is gone, or one whose address nobody listens at.
 *
 * @throws TarshelfError `ENGINE_OTHER_VERSION` for an engine that speaks a newer protocol; `ENGINE_SILENT` for
 *   one that is there and does not answer, or does not let us in; `PROGRESS_NOT_READABLE` where its note cannot be read
 * @throws the signal's reason
 */
export async function findEngine(
  stateFolder: string,
  options: ConnectionOptions,
): Promise<EngineConnection | null> {
  const until = performance.now() + hangsUpForMs;
  for (;;) {
    const address = await readAddress(stateFolder);
    if (!address) return null;
    const opened = await EngineConnection.open(address, options);
    if (opened === 'gone') return null;
    if (opened !== 'hungUp') return opened;
    // It ends, or note and token were read while a new engine wrote them: the next look tells.
    if (performance.now() >= until) throw notLetIn(address);
    await sleep(tryAgainAfterMs, undefined, { signal: options.signal });
  }
}

/** What every version's note has: enough to tell whose it is. */
const anyNoteSchema = v.object({ protocol: v.number(), pid: v.number(), host: v.string() });

/** The note of an engine whose process is there, on this machine, and its token. */
async function readAddress(stateFolder: string): Promise<EngineAddress | null> {
  const text = await readText(join(stateFolder, engineFileName), stateFolder);
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), anyNoteSchema), text);
  if (!parsed.success) return null;
  const { protocol, pid, host } = parsed.output;
  if (host !== hostname() || !isAlive(pid)) return null;
  if (protocol > clientProtocolVersion) {
    throw new TarshelfError('ENGINE_OTHER_VERSION', sentence('engineIsNewer', stateFolder, pid));
  }
  const note = v.safeParse(v.pipe(v.string(), v.parseJson(), engineFileSchema), text);
  const token = await readText(join(stateFolder, engineTokenFileName), stateFolder);
  return note.success && token !== null ? { stateFolder, note: note.output, token: token.trim() } : null;
}

async function readText(path: string, stateFolder: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    const code = systemCode(thrown) ?? '';
    if (['ENOENT', 'ENOTDIR'].includes(code)) return null;
    if (!['EACCES', 'EPERM'].includes(code)) throw stateUnreadable(path, thrown);
    throw new TarshelfError(
      'ENGINE_SILENT',
      `${path} cannot be read: the engine of ${stateFolder} belongs to another user. Ask them to stop it, or choose another state folder.`,
      { cause: thrown },
    );
  }
}

function notLetIn({ stateFolder, note }: EngineAddress): TarshelfError {
  return new TarshelfError(
    'ENGINE_SILENT',
    `The engine of ${stateFolder} (pid ${String(note.pid)}) does not let us in: it hangs up. End that process and launch again; nothing is lost by it.`,
  );
}
