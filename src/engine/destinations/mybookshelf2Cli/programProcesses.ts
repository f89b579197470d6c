import type { ProgramPlace } from './programPlace.ts';
import { runProgram, type ProgramLimits } from './runProgram.ts';
import { fileArgument } from './uploadArguments.ts';

/*
 * A program in a container outlives the `docker exec` that started it, and one on this machine outlives a worker
 * that was killed. So it is looked for where it runs, by the one argument that no other program has. In Python,
 * which is sure to be wherever the program is; `pkill` and `ps` are not in most images. Where there is no `/proc`,
 * nothing is found.
 */
const script = `
import os, signal, sys, time
action, argument, grace = sys.argv[1], os.fsencode(sys.argv[2]), float(sys.argv[3])
def read(pid, name):
    try:
        with open('/proc/%s/%s' % (pid, name), 'rb') as file:
            return file.read()
    except OSError:
        return b''
def find():
    pids = [entry for entry in os.listdir('/proc') if entry.isdigit()] if os.path.isdir('/proc') else []
    found = []
    for pid in pids:
        words = read(pid, 'cmdline').split(b'\\0')
        if b'python' in words[0] and argument in words and int(pid) != os.getpid():
            found.append(int(pid))
    return found
def send(number):
    for pid in find():
        try:
            os.kill(pid, number)
        except OSError:
            pass
if action == 'end':
    send(signal.SIGTERM)
    until = time.time() + grace
    while find() and time.time() < until:
        time.sleep(0.05)
    send(signal.SIGKILL)
else:
    for pid in find():
        fields = read(pid, 'stat').rpartition(b')')[2].split()
        if len(fields) > 12:
            print('cpu', int(fields[11]) + int(fields[12]))
        for line in read(pid, 'io').splitlines():
            if line.startswith(b'rchar:'):
                print('read', int(line.split()[1]))
`;

/** A call of its own must not take the time that it is to guard. */
const ownLimitMs = 30_000;
/** The kernel counts a hundred a second: a tenth of one is more than waiting costs. */
const ticksOfWork = 10;

/** The one run of the program that has a certain book in hand. */
export class ProgramProcesses {
  readonly #place: ProgramPlace;
  readonly #python: string;
  readonly #argument: string;
  readonly #graceMs: number;
  #seen: { cpu: number; read: number } | null = null;

  constructor(place: ProgramPlace, python: string, path: string, graceMs: number) {
    this.#place = place;
    this.#python = python;
    this.#argument = fileArgument(path);
    this.#graceMs = graceMs;
  }

  /** Ends it where it still runs, the hard way after a time of grace. Never throws. */
  async end(): Promise<void> {
    await this.#run('end');
  }

  /** Whether it computed or read anything worth mentioning since the last time that it had; the first time is where that begins. */
  async isAtWork(): Promise<boolean> {
    const now = { cpu: 0, read: 0 };
    for (const line of (await this.#run('work')).split('\n')) {
      const [what, count] = line.split(' ');
      if (what === 'cpu' || what === 'read') now[what] += Number(count);
    }
    const before = this.#seen;
    if (before && now.cpu < before.cpu + ticksOfWork && now.read <= before.read) return false;
    this.#seen = now;
    return before !== null;
  }

  async #run(action: 'end' | 'work'): Promise<string> {
    const limits: ProgramLimits = {
      silenceMs: ownLimitMs + this.#graceMs,
      examineEveryMs: ownLimitMs + this.#graceMs,
      totalMs: ownLimitMs + this.#graceMs,
      graceMs: 1000,
    };
    const args = ['-c', script, action, this.#argument, String(this.#graceMs / 1000)];
    return (await runProgram(this.#place.command(this.#python, args), limits)).stdout;
  }
}
