import { Agent as HttpAgent, type ClientRequest } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';

/**
 * The connections to one address: kept open between requests, through the proxy that `HTTP_PROXY`, `HTTPS_PROXY`
 * and `NO_PROXY` name for it. Certificates are checked, also against those of `NODE_EXTRA_CA_CERTS`.
 *
 * @param url `http:`, `https:`, `ws:` or `wss:`
 * @param longestTunnelMs so long a proxy may take to open a tunnel
 */
export function agentFor(url: URL, longestTunnelMs: number): HttpAgent {
  const isTls = url.protocol === 'https:' || url.protocol === 'wss:';
  // A WebSocket goes through the proxy of the web, as browsers have it.
  const asked = new URL(url);
  asked.protocol = isTls ? 'https:' : 'http:';
  const proxy = getProxyForUrl(asked.href);
  const options = { keepAlive: true };
  if (proxy === '') return isTls ? new HttpsAgent(options) : new HttpAgent(options);
  // Only a tunnel carries a WebSocket; plain requests need none, and some proxies open none to plain ports.
  return isTls || url.protocol === 'ws:'
    ? new TunnelAgent(proxy, options, longestTunnelMs)
    : new HttpProxyAgent(proxy, options);
}

type TunnelOptions = Parameters<HttpsProxyAgent<string>['connect']>[1];

/**
 * Tunnels through a proxy, each of which is there within a time or fails: the limits of a request begin with its
 * connection, which is the tunnel.
 */
class TunnelAgent extends HttpsProxyAgent<string> {
  readonly #longestMs: number;
  readonly #toProxy: typeof this.connectOpts;
  readonly #underWay = new Set<AbortController>();

  constructor(proxy: string, options: { keepAlive: boolean }, longestMs: number) {
    super(proxy, options);
    this.#longestMs = longestMs;
    this.#toProxy = this.connectOpts;
  }

  override async connect(request: ClientRequest, options: TunnelOptions): Promise<Socket> {
    const cut = new AbortController();
    const limit = setTimeout(() => {
      cut.abort();
    }, this.#longestMs);
    this.#underWay.add(cut);
    try {
      // The only way to the socket that it makes, which it does at once.
      this.connectOpts = { ...this.#toProxy, signal: cut.signal };
      return await super.connect(request, options);
    } catch (thrown) {
      if (!cut.signal.aborted) throw thrown;
      const seconds = String(Math.round(this.#longestMs / 1000));
      throw new Error(`no answer of its proxy ${shownAddress(this.proxy)} for ${seconds} s`, { cause: thrown });
    } finally {
      clearTimeout(limit);
      this.#underWay.delete(cut);
    }
  }

  override destroy(): void {
    for (const cut of this.#underWay) cut.abort();
    super.destroy();
  }
}

/** An address as a person may see it: without a name or a password that stands in it. */
export function shownAddress(url: URL): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  shown.search = '';
  return shown.href;
}
