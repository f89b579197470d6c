import type { ProgramEnd } from './runProgram.ts';

/**
 * What one run of the program means for its book, and for those after it:
 *
 *   uploaded          it is on the shelf
 *   already-exists    it was there before
 *   language-unknown  the server does not know the language that was given
 *   failed            this book cannot be taken, now or later
 *   passing           trying again may help
 *   unusable          no book can be taken for now; `message` is for a person, whole
 */
export type UploadVerdict =
  | { readonly kind: 'uploaded' | 'already-exists' | 'language-unknown' }
  | { readonly kind: 'failed'; readonly reason: string }
  | {
      readonly kind: 'passing';
      readonly reason: string;
      /** The book may have come to the shelf all the same, without our hearing of it. */
      readonly mayBeStored: boolean;
    }
  | { readonly kind: 'unusable'; readonly message: string };

/** What a message for a person names. */
export interface ProgramNames {
  readonly program: string;
  readonly python: string;
  /** Such as: in the container x. */
  readonly place: string;
  readonly apiUrl: string;
  readonly webSocketUrl: string;
  readonly userName: string;
  /** Takes out of the program's words what nobody is to read. */
  readonly hidden: (text: string) => string;
}

const longestReason = 300;

// The class of an exception, with the modules it is in.
const exception = /^(?:[\w.]+)?(?:Exception|Error|Timeout|Closed\w*|ExceptionGroup)\b/;
const existsError = /^[\w.]+: (?:[\w ]+: )?file already exists\b/i;
const httpStatus =
  /\b([45]\d\d) (?:Client|Server) Error\b|too many ([45]\d\d) error responses|^\S*HandshakeError: ([45]\d\d)\b/;
const unreachable =
  /connection refused|failed to establish a new connection|cannot connect to host|connect call failed|connecttimeout|name or service not known|temporary failure in name resolution|failed to resolve|nodename nor servname|network is unreachable|no route to host|host is down|certificate verify failed|sslerror/i;
const passing =
  /timeout|timed out|websocket|connection ?(?:error|closed|aborted|reset|lost)|remotedisconnected|disconnected|broken ?pipe|protocolerror|incompleteread|closing transport/i;

/** Reads the program's exit code and, where that says nothing, the exception that ended it. */
export function uploadVerdict(end: ProgramEnd, names: ProgramNames): UploadVerdict {
  const { program, python, place } = names;
  switch (end.how) {
    case 'not-started':
      return unusable(
        `${python} cannot be started ${place} (${end.why}). Install Python 3, or put it into PATH.`,
      );
    case 'took-long':
    case 'killed':
    case 'cancelled':
      return { kind: 'passing', reason: end.why || 'it was cancelled', mayBeStored: true };
    case 'exited':
      break;
    default:
      return end.how satisfies never;
  }
  const lines = end.stderr.trimEnd().split('\n');
  const last = lines.at(-1) ?? '';
  switch (end.exitCode) {
    case 0:
      return { kind: 'uploaded' };
    case 11:
      return { kind: 'already-exists' };
    case 1:
      return exceptionVerdict(finalException(lines), names);
    case 2:
      if (/can't open file|can't find '__main__'/.test(last)) {
        return unusable(
          `There is no ${program} ${place}. Give the path of the server's own mbs2.py (--program).`,
        );
      }
      return unusable(
        `${program} ${place} does not know our arguments (${cut(last, names)}). ` +
          'Give the path of the mbs2.py that belongs to this server (--program).',
      );
    default:
      // Behind 128 is a signal that ended it in the container: nobody knows how far it was.
      return {
        kind: 'passing',
        reason: `exit code ${String(end.exitCode)}: ${cut(last, names)}`,
        mayBeStored: true,
      };
  }
}

function exceptionVerdict(said: string, names: ProgramNames): UploadVerdict {
  const { program, place, apiUrl, webSocketUrl, userName } = names;
  if (/^(?:ModuleNotFoundError|ImportError)\b/.test(said)) {
    return unusable(
      `${program} lacks a part of Python ${place} (${cut(said, names)}). Install what the server's requirements name, or use its container (--container).`,
    );
  }
  if (/^[\w.]+: Cannot Log In\b/.test(said)) {
    return unusable(
      `MyBookshelf2 at ${apiUrl} does not let ${userName} in. Check the user name (--user) and the password (TARSHELF_PASSWORD).`,
    );
  }
  // The last step has other words for it than the first ones, which the program does not recognise.
  if (existsError.test(said)) return { kind: 'already-exists' };
  if (said.includes('We need at least title and language')) return { kind: 'language-unknown' };
  const reason = cut(said, names);
  // What the server says of one book may have any of the words below in it.
  if (/^(?:[\w.]*ActionError|[\w.]+: Remote error):/.test(said)) return { kind: 'failed', reason };
  const status = httpStatus.exec(said)?.slice(1).find(Boolean);
  if (status !== undefined) return statusVerdict(Number(status), said, names);
  if (unreachable.test(said)) {
    return unusable(
      `MyBookshelf2 cannot be reached ${place} at ${apiUrl} and ${webSocketUrl} (${reason}). Start it, or check the two addresses (--server, --websocket).`,
    );
  }
  if (passing.test(said)) return { kind: 'passing', reason, mayBeStored: true };
  return { kind: 'failed', reason };
}

function statusVerdict(status: number, said: string, names: ProgramNames): UploadVerdict {
  const { apiUrl, userName } = names;
  const reason = cut(said, names);
  if (status === 401 || status === 403) {
    return unusable(
      `MyBookshelf2 at ${apiUrl} does not let ${userName} add books (${reason}). Give that user the role “user”, or choose another one (--user).`,
    );
  }
  if ((status === 404 || status === 405) && /\/login\b/.test(said)) {
    return unusable(`There is no MyBookshelf2 at ${apiUrl} (${reason}). Check its address (--server).`);
  }
  if (status >= 502 && status <= 504) {
    return unusable(`MyBookshelf2 at ${apiUrl} is away (${reason}). Start it.`);
  }
  if (status >= 500 || status === 408 || status === 429) {
    // Only the last step puts a book on the shelf.
    return { kind: 'passing', reason, mayBeStored: said.includes('/add-upload') };
  }
  return { kind: 'failed', reason };
}

function unusable(message: string): UploadVerdict {
  return { kind: 'unusable', message };
}

/** The text of the exception behind the last traceback, which may have several lines. */
function finalException(lines: readonly string[]): string {
  const traceback = lines.findLastIndex(line => line.startsWith('Traceback '));
  const start = lines.findIndex((line, index) => index > traceback && exception.test(line));
  return lines.slice(traceback < 0 || start < 0 ? -1 : start).join('\n');
}

function cut(text: string, { hidden }: ProgramNames): string {
  const line = hidden(text).replace(/\s+/g, ' ').trim();
  return line.length <= longestReason ? line : `${line.slice(0, longestReason)}…`;
}
