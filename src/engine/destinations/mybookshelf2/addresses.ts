import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';

/**
 * The connections to one address: kept open between requests, through the proxy that `HTTP_PROXY`, `HTTPS_PROXY`
 * and `NO_PROXY` name for it. Certificates are checked, also against those of `NODE_EXTRA_CA_CERTS`.
 *
 * @param url `http:`, `https:`, `ws:` or `wss:`
 */
export function agentFor(url: URL): HttpAgent {
  const isTls = url.protocol === 'https:' || url.protocol === 'wss:';
  // A WebSocket goes through the proxy of the web, as browsers have it.
  const asked = new URL(url);
  asked.protocol = isTls ? 'https:' : 'http:';
  const proxy = getProxyForUrl(asked.href);
  const options = { keepAlive: true };
  if (proxy === '') return isTls ? new HttpsAgent(options) : new HttpAgent(options);
  // Only a tunnel carries a WebSocket; plain requests need none, and some proxies open none to plain ports.
  return isTls || url.protocol === 'ws:'
    ? new HttpsProxyAgent(proxy, options)
    : new HttpProxyAgent(proxy, options);
}

/** An address as a person may see it: without a name or a password that stands in it. */
export function shownAddress(url: URL): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  shown.search = '';
  return shown.href;
}
