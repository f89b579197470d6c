/** What can be ended of a program that this process has started; with all that it started itself, where it was started so. */
interface Program extends PromiseLike<unknown> {
  kill(signal: NodeJS.Signals): boolean;
}

const running = new Set<Program>();

/** Notes a program until it has ended. */
export function noteChild(program: Program): void {
  running.add(program);
  const forget = (): void => {
    running.delete(program);
  };
  void program.then(forget, forget);
}

/** Ends, the hard way, all programs that run: this process is about to leave, and they must not outlive it. */
export function killChildren(): void {
  for (const program of running) program.kill('SIGKILL');
}
