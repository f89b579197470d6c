/**
 * Gives back at once what a run has left. V8 would do so when it next has something to do, and an engine without a
 * run has nothing: it would hold the keys of millions of books for as long as a window is open.
 */
export async function collectGarbage(): Promise<void> {
  // Of use only here, and an engine that ends with its run need not wait for them.
  const [{ setFlagsFromString }, { runInNewContext }] = await Promise.all([
    import('node:v8'),
    import('node:vm'),
  ]);
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') (collect as () => void)();
}
