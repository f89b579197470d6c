/**
 * The command line that runs npm with `args`. Under `npm run` that is the npm which started us, by its own
 * JavaScript entry: no shell is needed, and what an npm package brings as `node` runs it.
 */
export function npmCommand(...args: string[]): [string, ...string[]] {
  const own = process.env['npm_execpath'];
  if (own !== undefined) return [process.execPath, own, ...args];
  if (process.platform === 'win32')
    throw new Error('Start this by `npm run`: see the scripts in package.json.');
  return ['npm', ...args];
}
