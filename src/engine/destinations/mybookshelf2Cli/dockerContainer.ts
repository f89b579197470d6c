import { posix } from 'node:path';
import { DestinationUnusable } from '../destination.ts';
import type { ProgramPlace } from './programPlace.ts';
import { runProgram, type Command, type ProgramEnd, type ProgramLimits } from './runProgram.ts';
import { isLeftBehind, removeLeftBehind } from './temporaryBook.ts';

/** As Docker itself allows it. So none can be taken for an option. */
const containerName = /^[a-z\d][a-z\d_.-]*$/i;
const folder = '/tmp';
/** For what takes a moment. */
const shortMs = 30_000;

/** A container of the machine's Docker, by way of its own command line. */
export class DockerContainer implements ProgramPlace {
  readonly text: string;
  readonly #docker: string;
  readonly #name: string;
  readonly #temporaryFolder: string;
  readonly #limits: ProgramLimits;
  /** Names of the copies in the container, begun ones too. */
  readonly #inside = new Set<string>();
  /** Those of them that could not be removed. */
  readonly #unremoved = new Set<string>();

  /** @throws DestinationUnusable where no container can have this name */
  constructor(docker: string, name: string, temporaryFolder: string, limits: ProgramLimits) {
    if (!containerName.test(name)) {
      throw new DestinationUnusable(
        `No container can be called “${name}”. Choose one that docker ps lists (--container).`,
      );
    }
    this.text = `in the container ${name}`;
    this.#docker = docker;
    this.#name = name;
    this.#temporaryFolder = temporaryFolder;
    this.#limits = limits;
  }

  command(program: string, args: readonly string[]): Command {
    // An image without a locale would have an old Python read Cyrillic arguments as broken ones.
    const utf8 = ['--env=LC_ALL=C.UTF-8', '--env=PYTHONUTF8=1'];
    return { file: this.#docker, args: ['exec', ...utf8, this.#name, program, ...args] };
  }

  async bring(path: string, name: string, signal: AbortSignal | undefined): Promise<string> {
    // A stopped container takes copies, too, and keeps each: no further one is made before the last could be removed.
    if (this.#unremoved.size > 0) this.#throwUnlessDone(await this.#removeUnremoved(signal), signal);
    const there = posix.join(folder, name);
    this.#inside.add(name);
    const limits = { ...this.#limits, silenceMs: this.#limits.totalMs };
    const args = ['cp', path, `${this.#name}:${there}`];
    this.#throwUnlessDone(await runProgram({ file: this.#docker, args }, limits, signal), signal);
    return there;
  }

  async remove(name: string): Promise<void> {
    if (!this.#inside.has(name)) return;
    this.#unremoved.add(name);
    await this.#removeUnremoved();
  }

  async leftBehind(): Promise<readonly string[]> {
    const limits = { ...this.#limits, silenceMs: shortMs, totalMs: shortMs };
    const end = await runProgram(this.command('ls', [folder]), limits);
    this.#throwUnlessDone(end);
    await removeLeftBehind(this.#temporaryFolder);
    const names = end.stdout.split('\n').filter(isLeftBehind);
    for (const name of names) this.#inside.add(name);
    return names.map(name => posix.join(folder, name));
  }

  /** Docker's own words stand alone: once the program has begun, what is said is said by it. */
  trouble({ how, exitCode, stderr, why }: ProgramEnd): string | null {
    const container = `The container ${this.#name}`;
    if (how === 'not-started') {
      return `${this.#docker} cannot be started (${why}). Install Docker, or put it into PATH; or run where the program is, without a container.`;
    }
    if (how !== 'exited' || exitCode === 0 || /^(?:ERROR|INFO|Traceback)\b/m.test(stderr)) return null;
    if (/no such (?:container|object)/i.test(stderr)) {
      return `${container} does not exist. Start it, or choose one that docker ps lists (--container).`;
    }
    if (/container .*is not running/i.test(stderr)) {
      return `${container} is not running. Start it: docker start ${this.#name}`;
    }
    if (/permission denied.*docker/i.test(stderr)) {
      return 'You may not use Docker. Add your user to the group docker and log in again.';
    }
    if (
      /cannot connect to the docker daemon|failed to connect to the docker|error during connect/i.test(stderr)
    ) {
      return 'Docker is not running. Start it.';
    }
    if (exitCode === 126 || exitCode === 127) {
      return `${container} cannot run that (${lastLine(stderr)}). Choose the container of the server's application (--container).`;
    }
    if (/^(?:Error response from daemon|Error:)/im.test(stderr)) {
      return `Docker cannot do that with the container ${this.#name} (${lastLine(stderr)}). Mend that first.`;
    }
    return null;
  }

  async #removeUnremoved(signal?: AbortSignal): Promise<ProgramEnd> {
    const names = [...this.#unremoved];
    // What `docker cp` brings is root's, whoever programs of the container run as.
    const args = ['exec', '--user=0', this.#name, 'rm', '-f', ...names.map(name => posix.join(folder, name))];
    const limits = { ...this.#limits, silenceMs: shortMs, totalMs: shortMs };
    const end = await runProgram({ file: this.#docker, args }, limits, signal);
    if (end.how === 'exited' && end.exitCode === 0) {
      for (const name of names) {
        this.#inside.delete(name);
        this.#unremoved.delete(name);
      }
    }
    return end;
  }

  #throwUnlessDone(end: ProgramEnd, signal?: AbortSignal): void {
    if (end.how === 'exited' && end.exitCode === 0) return;
    signal?.throwIfAborted();
    const why = end.why || lastLine(end.stderr) || `exit code ${String(end.exitCode)}`;
    throw new DestinationUnusable(
      this.trouble(end) ??
        `Docker cannot bring books into the container ${this.#name} (${why}). Mend that first.`,
    );
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
