import { closeSync, fstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { systemCode } from '../../protocol/errors.ts';
import { keptLogFiles } from '../../protocol/logFiles.ts';

/*
 * What lives in this folder: the documented log files, written for people. Nothing reads them to decide
 * anything: facts go between processes as messages. One line is one event, `time level text`, and it promises
 * that a line is on disk before the work that it tells of goes on, so that a crash leaves its last words.
 */

export type LogLevel = 'INFO' | 'WARNING' | 'ERROR';

export interface LogBounds {
  /** A file that would grow beyond this is put aside as `.1`, the one before as `.2`, and so on. */
  readonly largestBytes: number;
  /** How many files put aside are kept. */
  readonly keptFiles: number;
}

const defaultBounds: LogBounds = { largestBytes: 10 * 1024 * 1024, keptFiles: keptLogFiles };

/**
 * A log file, appended to by one process. A log that cannot be written, on a full disk say, must not end the
 * work: its lines are dropped, and the next one that can be written says how many were.
 */
export class EventLog {
  readonly #path: string;
  readonly #bounds: LogBounds;
  #file: number | null = null;
  #bytes = 0;
  #dropped = 0;

  constructor(path: string, bounds: LogBounds = defaultBounds) {
    this.#path = path;
    this.#bounds = bounds;
  }

  info(text: string): void {
    this.#write('INFO', text);
  }

  warn(text: string): void {
    this.#write('WARNING', text);
  }

  error(text: string): void {
    this.#write('ERROR', text);
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  #write(level: LogLevel, text: string): void {
    try {
      if (this.#dropped > 0) {
        this.#append('WARNING', `${String(this.#dropped)} lines before this could not be written`);
        this.#dropped = 0;
      }
      this.#append(level, text);
    } catch {
      this.#dropped++;
    }
  }

  #append(level: LogLevel, text: string): void {
    const line = Buffer.from(`${localTime(new Date())} ${level.padEnd(7)} ${oneLineOf(text)}\n`);
    if (this.#file === null) this.#open();
    if (this.#bytes > 0 && this.#bytes + line.length > this.#bounds.largestBytes) this.#rotate();
    if (this.#file !== null) this.#bytes += writeSync(this.#file, line);
  }

  #open(): void {
    this.#file = openSync(this.#path, 'a');
    this.#bytes = fstatSync(this.#file).size;
  }

  #rotate(): void {
    this.close();
    const { keptFiles } = this.#bounds;
    rmSync(`${this.#path}.${String(keptFiles)}`, { force: true });
    for (let n = keptFiles - 1; n >= 0; n--) {
      try {
        renameSync(n === 0 ? this.#path : `${this.#path}.${String(n)}`, `${this.#path}.${String(n + 1)}`);
      } catch (thrown) {
        if (systemCode(thrown) !== 'ENOENT') throw thrown;
      }
    }
    this.#open();
  }
}

// eslint-disable-next-line no-control-regex -- control characters are what it takes out of a line
const controls = /[\u0000-\u001f\u007f]+/g;

function oneLineOf(text: string): string {
  return text.trim().replace(controls, ' ');
}

/** `YYYY-MM-DD HH:MM:SS.mmm`, local: the times that the person who reads it has on the wall. */
function localTime(date: Date): string {
  const pad = (n: number, digits = 2): string => String(n).padStart(digits, '0');
  const day = `${pad(date.getFullYear(), 4)}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  return `${day} ${time}.${pad(date.getMilliseconds(), 3)}`;
}
