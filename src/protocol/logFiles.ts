/** The documented names of the log files in a state folder. */

export const launcherLogName = 'parallel_tar_upload.log';

/** What became of workers that died, and of their tars. */
export const monitorLogName = 'auto_monitor.log';

export function workerLogName(worker: number): string {
  return `migration_worker${String(worker)}.log`;
}

/** The worker number in the name of a worker's log, or undefined for any other name. */
export function workerOfLog(name: string): number | undefined {
  const match = /^migration_worker([1-9]\d*)\.log$/.exec(name);
  return match ? Number(match[1]) : undefined;
}

/** The name that a log has once it was put aside so many times: 1 for the newest of them. */
export function rotatedLogName(name: string, times: number): string {
  return times === 0 ? name : `${name}.${String(times)}`;
}

/** How many files that were put aside are kept of each log. */
export const keptLogFiles = 5;
