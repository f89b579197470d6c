import type { WhenLeft } from '../protocol/clientMessages.ts';

/** How to start an engine, and what its clients want of it. */
export interface EngineLaunch {
  /** Absolute path of the engine's bundle. */
  readonly enginePath: string;
  /** The Node to run it on; this process's own when absent. */
  readonly execPath?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Lines that the engine or a worker wrote to standard error: what no event could say any more. */
  readonly onStderr?: (text: string) => void;
  /** What becomes of a run when this client leaves as the last one; null for no opinion. */
  readonly whenLeft: WhenLeft | null;
}

/** Arguments and environment of Node for an engine process. */
export function nodeFor({ execPath, env }: Pick<EngineLaunch, 'execPath' | 'env'>): {
  execPath: string;
  execArgv: string[];
  env: NodeJS.ProcessEnv;
} {
  return {
    execPath: execPath ?? process.execPath,
    // node:sqlite still announces itself as experimental on Node 22 and 24.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    // Desktop VS Code's process.execPath is Electron, which is a Node only when told so.
    env: { ...(env ?? process.env), ELECTRON_RUN_AS_NODE: '1' },
  };
}
