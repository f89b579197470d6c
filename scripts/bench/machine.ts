import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

/** What the numbers were measured on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** Whether SHA-1 has instructions of its own here; null where that cannot be told. */
  readonly shaInstructions: boolean | null;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  /** Of one minute, at the start. */
  readonly load: number;
}

export function describeMachine(): Machine {
  return {
    cpu: (cpus()[0]?.model ?? 'unknown').trim(),
    cores: availableParallelism(),
    shaInstructions: shaInstructions(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()}`,
    node: process.version,
    load: loadavg()[0] ?? Number.NaN,
  };
}

function shaInstructions(): boolean | null {
  try {
    return /\b(?:sha_ni|sha1)\b/.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return null;
  }
}

export function machineText(machine: Machine): string {
  const sha = machine.shaInstructions === null ? '' : machine.shaInstructions ? ' with SHA' : ' without SHA';
  return `${machine.cpu}${sha}, ${String(machine.cores)} cores, ${String(machine.memoryGb)} GB, ${machine.kernel}, Node ${machine.node}, load ${machine.load.toFixed(2)} at the start`;
}
