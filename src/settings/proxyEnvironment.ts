/** What VS Code is set to about the way out to the web: `http.proxy`, `http.proxySupport`, `http.noProxy`. */
export interface ProxySettings {
  readonly proxy: unknown;
  readonly support: unknown;
  readonly noProxy: unknown;
}

/**
 * The environment of an engine, and so of its workers: a proxy that VS Code is set to use is theirs, too. What the
 * environment says itself goes before, for there a person has set it for programs as these.
 */
export function proxyEnvironment(env: NodeJS.ProcessEnv, settings: ProxySettings): NodeJS.ProcessEnv {
  const { proxy, support, noProxy } = settings;
  if (support === 'off' || typeof proxy !== 'string' || proxy.trim() === '') return env;
  if (isSet(env, 'HTTP_PROXY') || isSet(env, 'HTTPS_PROXY')) return env;
  const excepted = Array.isArray(noProxy) ? noProxy.filter(host => typeof host === 'string') : [];
  return {
    ...env,
    HTTP_PROXY: proxy.trim(),
    HTTPS_PROXY: proxy.trim(),
    ...(excepted.length > 0 && !isSet(env, 'NO_PROXY') ? { NO_PROXY: excepted.join(',') } : {}),
  };
}

/** In either case, as the programs that read them take them. */
function isSet(env: NodeJS.ProcessEnv, name: string): boolean {
  return [name, name.toLowerCase()].some(each => env[each] !== undefined);
}
