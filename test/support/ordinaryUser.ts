import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lchown, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** Who that is hardly matters: whom root becomes has to be somebody else. */
const nobody = 65534;

/** How a call ended: with a result, or with what it threw. */
export interface CallEnd {
  readonly result?: unknown;
  readonly code?: string | number;
  readonly message?: string;
}

/**
 * Makes a call in a process whose user file modes bind, which they do not for root.
 *
 * @param folder what lies in it is that user's
 * @param module path under `src/`; the call finds what it exports as `module`
 * @param call an expression, which may wait
 */
export async function callAsOrdinaryUser(folder: string, module: string, call: string): Promise<CallEnd> {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    const names = await readdir(folder, { recursive: true });
    await Promise.all(['.', ...names].map(name => lchown(join(folder, name), nobody, nobody)));
  }
  const url = new URL(`../../src/${module}`, import.meta.url).href;
  const become = isRoot
    ? `process.setgroups([]); process.setgid(${String(nobody)}); process.setuid(${String(nobody)});`
    : '';
  // Loaded before: sources and Node may lie where that user may not read.
  const code = `import * as module from ${JSON.stringify(url)};
    ${become}
    let end;
    try {
      end = { result: await (${call}) };
    } catch ({ code, message }) {
      end = { code, message };
    }
    process.stdout.write(JSON.stringify(end), () => process.exit());`;
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', code],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [said] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  assert.equal(child.exitCode, 0);
  return JSON.parse(said) as CallEnd;
}
