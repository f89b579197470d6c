import { execa } from 'execa';
import * as v from 'valibot';
import { oneLine } from '../../../protocol/errors.ts';
import { sentence } from '../../../protocol/sentences.ts';
import { longestCallMs, noteProgram } from './turn.ts';
import { noteChild } from '../../system/childPrograms.ts';
import { findCalibreProgram } from '../../system/calibreProgram.ts';
import { DestinationUnusable } from '../destination.ts';

/** Where a calibre library is, and who may write it. */
export interface CalibreLibrary {
  /** A folder, or the address of a content server with the library's id behind `#`. */
  readonly location: string;
  /** Of the content server, where it asks for one. */
  readonly userName: string | null;
  readonly password: string | null;
}

/** What one call of the program came to. */
export interface CalibredbResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** It was ended because it took longer than its time. */
  readonly timedOut: boolean;
}

/** Whether the location is a content server rather than a folder. */
export function isContentServer(location: string): boolean {
  return /^https?:\/\//i.test(location);
}

/**
 * calibre's own command-line program. Every call starts it anew, which takes about half a second: what can go
 * in one call should.
 */
export class Calibredb {
  readonly #program: string;
  readonly #library: CalibreLibrary;
  readonly #configFolder: string | undefined;

  /** @param configFolder where calibre keeps its settings, where that is not its own place. */
  constructor(
    library: CalibreLibrary,
    program = findCalibreProgram('calibredb') ?? 'calibredb',
    configFolder?: string,
  ) {
    this.#library = library;
    this.#program = program;
    this.#configFolder = configFolder;
  }

  /**
   * Runs one command to its end, whatever that is.
   *
   * @throws DestinationUnusable where the program is missing, another calibre program has the library, or the
   *   content server is away or refuses us
   * @throws an `AbortError` when the signal came first; the program is ended then
   */
  async run(
    command: string,
    args: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<CalibredbResult> {
    const { location, userName, password } = this.#library;
    const credentials =
      userName === null
        ? []
        : ['--username', userName, ...(password === null ? [] : ['--password', '<stdin>'])];
    const running = execa(this.#program, [command, '--with-library', location, ...credentials, ...args], {
      reject: false,
      stripFinalNewline: false,
      windowsHide: true,
      timeout: longestCallMs,
      maxBuffer: 1024 * 1024 * 1024,
      ...(signal ? { cancelSignal: signal } : {}),
      ...(userName !== null && password !== null ? { input: `${password}\n` } : { stdin: 'ignore' as const }),
      env: {
        // Its output is read by us, so it is not to be in the user's language.
        CALIBRE_OVERRIDE_LANG: 'en',
        PYTHONIOENCODING: 'utf-8',
        ...(this.#configFolder === undefined ? {} : { CALIBRE_CONFIG_DIRECTORY: this.#configFolder }),
      },
    });
    noteChild(running);
    if (running.pid !== undefined) noteProgram(running.pid);
    const result = await running;
    if (result.isCanceled) signal?.throwIfAborted();
    if (result.failed && result.exitCode === undefined && !result.timedOut && result.signal === undefined) {
      throw new DestinationUnusable(
        sentence(
          'calibreProgramMissing',
          this.#program,
          oneLine(result.originalMessage ?? result.shortMessage),
        ),
      );
    }
    const answer: CalibredbResult = {
      exitCode: result.exitCode ?? null,
      stdout: result.stdout,
      stderr: result.stderr,
      timedOut: result.timedOut,
    };
    if (answer.exitCode !== 0) throwIfUnusable(answer, location);
    return answer;
  }

  /**
   * Books of the library with the fields that were asked for.
   *
   * @param search in calibre's own search language; all books without it
   * @throws DestinationUnusable also where the answer is not a list: it is never taken for an empty one
   */
  async list(
    fields: readonly string[],
    search: string | null,
    signal: AbortSignal | undefined,
  ): Promise<ListedBook[]> {
    const result = await this.run(
      'list',
      ['--for-machine', `--fields=${fields.join(',')}`, ...(search === null ? [] : [`--search=${search}`])],
      signal,
    );
    const parsed = v.safeParse(listSchema, result.stdout);
    if (result.exitCode === 0 && parsed.success) return parsed.output;
    throw new DestinationUnusable(
      `The books of the calibre library ${this.#library.location} cannot be listed (${lastLine(result)}).`,
    );
  }
}

const listedBookSchema = v.object({
  id: v.number(),
  title: v.optional(v.string()),
  /** On the disk of whoever has the library. */
  formats: v.optional(v.array(v.string())),
  identifiers: v.optional(v.record(v.string(), v.string())),
});
export type ListedBook = v.InferOutput<typeof listedBookSchema>;

const listSchema = v.pipe(v.string(), v.parseJson(), v.array(listedBookSchema));

/** The last thing that the program said, for a person. */
export function lastLine({ stderr, stdout, timedOut, exitCode }: CalibredbResult): string {
  if (timedOut) return 'it did not end in time';
  const lines = `${stdout}\n${stderr}`.split('\n').map(line => line.trim());
  return lines.findLast(line => line !== '') ?? `exit code ${String(exitCode)}`;
}

/** What holds for every further book too, as opposed to what is the matter with one. */
function throwIfUnusable(result: CalibredbResult, location: string): void {
  const text = `${result.stdout}\n${result.stderr}`;
  if (/another calibre program/i.test(text)) {
    throw new DestinationUnusable(sentence('calibreIsOpen', location));
  }
  if (
    /urlopen error|connection refused|timed out|name or service not known|no library/i.test(text) &&
    isContentServer(location)
  ) {
    throw new DestinationUnusable(sentence('calibreServerNotReached', location, lastLine(result)));
  }
  if (
    /not authorized|unauthorized|\b401\b|username|password|forbidden|\b403\b/i.test(text) &&
    isContentServer(location)
  ) {
    throw new DestinationUnusable(sentence('calibreServerRefuses', location, lastLine(result)));
  }
  if (
    /no space left|disk i\/o error|disk is full|permission denied|read-only|unable to open database/i.test(
      text,
    )
  ) {
    throw new DestinationUnusable(sentence('calibreLibraryUnwritable', location, lastLine(result)));
  }
}
