import { join } from 'node:path';
import type { EngineLaunch } from '../client/engineLaunch.ts';
import { findEngineNode } from './engineNode.ts';
import type { Output } from './output.ts';
import { withoutSecrets } from './secrets.ts';

/**
 * How the engine beside this program is started. No secret of the environment goes to it.
 *
 * @throws TarshelfError `USAGE` where there is no Node that it could run on
 */
export function engineLaunch({
  env,
  programFolder,
  stderr,
}: {
  readonly env: NodeJS.ProcessEnv;
  readonly programFolder: string;
  readonly stderr: Output;
}): EngineLaunch {
  return {
    enginePath: join(programFolder, 'engine.js'),
    execPath: findEngineNode(programFolder),
    env: withoutSecrets(env),
    onStderr: text => {
      stderr.write(text);
    },
    whenLeft: null,
  };
}
