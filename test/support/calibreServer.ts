import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface CalibreServer {
  /** With the library's id behind `#`. */
  readonly address: string;
  close(): Promise<void>;
}

/**
 * calibre's own content server on a library, which lets in one user, who may add books.
 *
 * @param folder where the server keeps its list of users
 */
export async function startCalibreServer(
  folder: string,
  library: string,
  userName: string,
  password: string,
): Promise<CalibreServer> {
  const users = join(folder, 'users.sqlite');
  const added = spawnSync(
    'calibre-server',
    ['--userdb', users, '--manage-users', '--', 'add', userName, password],
    { encoding: 'utf8' },
  );
  assert.equal(added.status, 0, added.stderr);
  const port = String(await freePort());
  const server = spawn(
    'calibre-server',
    [
      ...['--port', port, '--listen-on', '127.0.0.1', '--disable-use-bonjour'],
      ...['--userdb', users, '--enable-auth', '--auth-mode', 'basic', library],
    ],
    {
      stdio: 'ignore',
      // Else it takes calibre's one lock for its user while it lives, and fails where another library is in use.
      // Nobody but this server has the test's library.
      env: { ...process.env, CALIBRE_NO_SI_DANGER_DANGER: '1' },
    },
  );
  const ended = once(server, 'exit');
  const until = performance.now() + 30_000;
  while (!(await fetch(`http://127.0.0.1:${port}/`).catch(() => null))) {
    assert.ok(performance.now() < until && server.exitCode === null, 'the content server does not answer');
    await sleep(100);
  }
  return {
    address: `http://127.0.0.1:${port}/#Calibre_Library`,
    close: async () => {
      server.kill('SIGKILL');
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}
