/*
 * Stands in for Docker's command line: `cp` into a container and `exec` in it. A container is a folder of the
 * folder `STAND_IN_CONTAINERS`, with the files of the container in it; while there is a file `.stopped` it is not
 * running. Absolute paths among the arguments of a command are taken as the container's own. As with Docker, what runs in a
 * container goes on when its client is ended.
 */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';

const containers = process.env.STAND_IN_CONTAINERS;

function fail(text, code = 1) {
  process.stderr.write(`${text}\n`);
  process.exit(code);
}

function rootOf(name) {
  if (existsSync(join(containers, '.no-permission'))) {
    fail(
      'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: ' +
        'Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.45/containers/json": dial unix /var/run/docker.sock: connect: permission denied',
    );
  }
  if (existsSync(join(containers, '.no-daemon'))) {
    fail('Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?');
  }
  const root = join(containers, name);
  if (!existsSync(root)) fail(`Error response from daemon: No such container: ${name}`);
  return root;
}

const [command, ...rest] = process.argv.slice(2);
const words = rest.filter((word, index) => !(word.startsWith('--') && rest.slice(0, index).every(isOption)));

function isOption(word) {
  return word.startsWith('--');
}

if (command === 'cp') {
  const [from, to] = words;
  const [name, path] = to.split(':');
  // Docker copies into a stopped container, too.
  copyFileSync(from, join(rootOf(name), path));
} else if (command === 'exec') {
  const [name, program, ...args] = words;
  const root = rootOf(name);
  if (existsSync(join(root, '.stopped'))) fail(`Error response from daemon: container 4f5e6d is not running`);
  if (existsSync(join(root, `.no-${program}`))) {
    fail(
      `OCI runtime exec failed: exec failed: unable to start container process: exec: "${program}": executable file not found in $PATH: unknown`,
      127,
    );
  }
  const inside = word => word.replace(/^(--file=)?(?=\/)/, option => `${option}${root}`);
  const child = spawn(program, args.map(inside), {
    cwd: join(root, 'app'),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.pipe(process.stdout);
  child.stderr.pipe(process.stderr);
  child.on('close', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGKILL' ? 137 : 143);
  });
} else {
  fail(`docker: '${command}' is not a docker command.`);
}
