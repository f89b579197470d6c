/** A line of `/proc/self/mountinfo`. */
export interface Mount {
  /** `major:minor`; the major number is 0 where no block device is behind it, or more than one may be. */
  readonly device: string;
  /** What of the file system is mounted. */
  readonly root: string;
  readonly point: string;
  readonly type: string;
  /** Such as `/dev/sda1`; some file systems put a word of their own there. */
  readonly source: string;
  /** Of the file system. */
  readonly options: readonly string[];
}

export function parseMounts(mountInfo: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of mountInfo.split('\n')) {
    // The fields that may follow the sixth end with a lonely dash.
    const [before, after] = line.split(' - ', 2);
    const [, , device, root, point] = (before ?? '').split(' ').map(unescaped);
    const [type, source, options] = (after ?? '').split(' ').map(unescaped);
    if (device === undefined || root === undefined || point === undefined || type === undefined) continue;
    mounts.push({ device, root, point, type, source: source ?? '', options: (options ?? '').split(',') });
  }
  return mounts;
}

/** Blanks and the like are octal numbers there. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/** Whether a path is a folder or lies in it. */
function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

/** The mount that a path, without links, is in. */
export function mountOf(path: string, device: string, mounts: readonly Mount[]): Mount | null {
  let best: Mount | null = null;
  for (const mount of mounts) {
    if (!isWithin(path, mount.point)) continue;
    // What is mounted later covers what was there.
    if (!best || mount.point.length >= best.point.length) best = mount;
  }
  // In a container some mounts are hidden, and the device says more than the path.
  if (best?.device !== device) best = mounts.find(mount => mount.device === device) ?? best;
  return best;
}
