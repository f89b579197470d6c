import { chmod, copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** A book as the stand-in "server" has it. */
export interface ShelvedBook {
  readonly file_name: string;
  readonly title: string;
  readonly authors: string[];
  readonly language: string;
  readonly series: string | null;
  readonly series_index: number | null;
}

/** What a run of the program does besides, or instead. Exceptions by class and text. */
export interface Fault {
  /** It says so many lines, three a second. */
  readonly lines?: number;
  /** It computes, and says nothing. */
  readonly busySeconds?: number;
  readonly hang?: true;
  /** It does not end when asked to. */
  readonly stubborn?: true;
  readonly raise?: readonly [string, string];
  /** Somebody else's upload of the same bytes is first, by a hair. */
  readonly late?: true;
  /** After the book is on the shelf. */
  readonly killedAfter?: true;
  readonly raiseAfter?: readonly [string, string];
}

/** The stand-in `mbs2.py` with its "server", on this machine or in a container of the stand-in `docker`. */
export class StandInProgram {
  /** The program, where it runs:  on this machine. */
  readonly program: string;
  /** The command line of a machine whose Docker has the container `shelf`. */
  readonly docker: string;
  /** The root of the container's files. */
  readonly container: string;
  readonly #app: string;
  readonly #containers: string;
  readonly #bin: string;
  #faults = 0;

  private constructor(folder: string) {
    this.#containers = join(folder, 'containers');
    this.container = join(this.#containers, 'shelf');
    this.#app = join(this.container, 'app');
    this.program = join(this.#app, 'cli', 'mbs2.py');
    this.#bin = join(folder, 'bin');
    this.docker = join(this.#bin, 'docker');
  }

  static async make(folder: string): Promise<StandInProgram> {
    const made = new StandInProgram(folder);
    for (const name of ['books', 'faults']) await mkdir(made.#server(name), { recursive: true });
    await mkdir(join(made.container, 'tmp'));
    await mkdir(made.#bin);
    await copyFile(join(import.meta.dirname, 'mbs2.py'), made.program);
    await writeFile(made.#server('password'), 'a secret');
    await writeFile(made.#server('runs.jsonl'), '');
    const script = join(import.meta.dirname, 'docker.mjs');
    await writeFile(
      made.docker,
      `#!/bin/sh\nSTAND_IN_CONTAINERS='${made.#containers}' exec '${process.execPath}' '${script}' "$@"\n`,
    );
    await chmod(made.docker, 0o755);
    return made;
  }

  /** A PATH on which `docker` is the stand-in. */
  get path(): string {
    return `${this.#bin}${delimiter}${process.env['PATH'] ?? ''}`;
  }

  /** Everything on the shelf, by title. */
  async books(): Promise<ShelvedBook[]> {
    const names = await readdir(this.#server('books'));
    const books = await Promise.all(
      names.map(async name => JSON.parse(await readFile(this.#server('books', name), 'utf8')) as ShelvedBook),
    );
    return books.sort((one, other) => (one.title < other.title ? -1 : 1));
  }

  /** Keys of everything on the shelf, as `sha1-size`. */
  async keys(): Promise<string[]> {
    return (await readdir(this.#server('books'))).sort();
  }

  /** The arguments of each upload, in order; of those too that only tried whether one is possible. */
  async runs(): Promise<string[][]> {
    const lines = (await readFile(this.#server('runs.jsonl'), 'utf8')).split('\n').slice(0, -1);
    return lines.map(line => JSON.parse(line) as string[]);
  }

  /** The arguments of each upload of a book. */
  async uploads(): Promise<string[][]> {
    return (await this.runs()).filter(args => !args.some(arg => arg.includes('rehearsal')));
  }

  /** The next upload that has none yet has this fault. */
  async addFault(fault: Fault): Promise<void> {
    const name = String(this.#faults++).padStart(4, '0');
    await writeFile(this.#server('faults', name), JSON.stringify(fault));
  }

  /** Whether a run is about, or was, for each fault that was added. */
  async hasTakenFaults(): Promise<boolean> {
    return (await readdir(this.#server('faults'))).length === 0;
  }

  /** Every run has this fault as soon as it is logged in. */
  async alwaysFault(fault: Fault): Promise<void> {
    await writeFile(this.#server('every'), JSON.stringify(fault));
  }

  /** Of the user admin; `a secret` at first. */
  async setPassword(password: string): Promise<void> {
    await writeFile(this.#server('password'), password);
  }

  async goDown(): Promise<void> {
    await writeFile(this.#server('down'), '');
  }

  async comeUp(): Promise<void> {
    await rm(this.#server('down'));
  }

  async becomeOld(): Promise<void> {
    await writeFile(this.#server('old'), '');
  }

  /** Of the container: `.stopped`, `.no-python3`. */
  async mark(name: string): Promise<void> {
    await writeFile(join(this.container, name), '');
  }

  async unmark(name: string): Promise<void> {
    await rm(join(this.container, name));
  }

  /** Of Docker as a whole: `.no-daemon`, `.no-permission`. */
  async markDocker(name: string): Promise<void> {
    await writeFile(join(this.#containers, name), '');
  }

  /** What is in the container's folder for temporary files. */
  async leftInside(): Promise<string[]> {
    return await readdir(join(this.container, 'tmp'));
  }

  #server(...names: string[]): string {
    return join(this.#app, 'cli', 'server', ...names);
  }
}
