import { request as httpRequest, type Agent, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { oneLine, systemCode } from '../../../protocol/errors.ts';
import { sentence } from '../../../protocol/sentences.ts';
import { DestinationUnusable } from '../destination.ts';
import { PassingFailure } from '../retry.ts';
import { agentFor, shownAddress } from './addresses.ts';

/** What is sent behind the headers: its length is told beforehand, for the server takes no body without one. */
export interface RequestBody {
  readonly contentType: string;
  readonly bytes: number;
  chunks(): AsyncIterable<Buffer> | Iterable<Buffer>;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Behind the server's address, from its first slash on; encoded. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
}

export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

/** A server that says nothing for so long, while we say nothing either, is taken for gone. */
const longestSilenceMs = 120_000;
/** So many times as long an answer may take in all, from when all was sent: one that moves may still have no end. */
const longestAnswerInSilences = 2;
/** A proxy that has not opened a tunnel for so long is taken for gone. */
const longestTunnelMs = 30_000;
/** No answer of the contract is anywhere near. */
const longestAnswerBytes = 16 * 1024 * 1024;

/** Requests to one server, over connections that are kept. */
export class HttpClient {
  readonly #base: URL;
  readonly #agent: Agent;
  readonly #longestSilenceMs: number;

  constructor(address: URL, silenceMs = longestSilenceMs) {
    this.#base = address;
    this.#agent = agentFor(address, Math.min(silenceMs, longestTunnelMs));
    this.#longestSilenceMs = silenceMs;
  }

  /**
   * Sends one request and reads its answer whole, whatever its status.
   *
   * @throws PassingFailure where no answer came; the server may have done what was asked nevertheless
   * @throws DestinationUnusable where the address can be no server of ours
   * @throws what reading the body threw, and what the signal was aborted with
   */
  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    signal.throwIfAborted();
    const { body } = request;
    const make = this.#base.protocol === 'https:' ? httpsRequest : httpRequest;
    const outgoing = make({
      agent: this.#agent,
      protocol: this.#base.protocol,
      hostname: this.#base.hostname.replace(/^\[|\]$/g, ''),
      port: this.#base.port,
      method: request.method,
      // As it stands: a title may be "..", which a URL would take for a way up.
      path: this.#base.pathname.replace(/\/$/, '') + request.path,
      headers: {
        accept: 'application/json',
        ...request.headers,
        ...(body ? { 'content-type': body.contentType, 'content-length': String(body.bytes) } : {}),
      },
    });
    // A request that has no connection yet tells nobody that it was destroyed.
    const cut = Promise.withResolvers<never>();
    cut.promise.catch(() => undefined);
    const stop = (reason: unknown): void => {
      const why = reason instanceof Error ? reason : new Error(String(reason));
      cut.reject(why);
      outgoing.destroy(why);
    };
    const onAbort = (): void => {
      stop(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    let answering: NodeJS.Timeout | undefined;
    outgoing.setTimeout(this.#longestSilenceMs, () => {
      outgoing.destroy(new Error(`no answer for ${String(Math.round(this.#longestSilenceMs / 1000))} s`));
    });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve).once('error', reject);
      // A request that is destroyed without an error has no other end.
      outgoing.once('close', () => {
        reject(new Error('the connection was closed'));
      });
    });
    // Waited for below; until then it is not to count as unhandled.
    answered.catch(() => undefined);
    // What the source of the body threw is told apart from what the connection did.
    const source: { failure?: unknown } = {};
    try {
      const sent = body
        ? pipeline(noting(body.chunks(), source), outgoing)
        : new Promise<void>(resolve => outgoing.end(resolve));
      // An answer that comes before the body has left, such as a refusal, ends the sending.
      const first = await Promise.race([answered, sent.then(() => null), cut.promise]);
      const longestAnswerMs = longestAnswerInSilences * this.#longestSilenceMs;
      answering = setTimeout(() => {
        stop(new Error(`no whole answer for ${String(Math.round(longestAnswerMs / 1000))} s`));
      }, longestAnswerMs);
      const incoming = first ?? (await Promise.race([answered, cut.promise]));
      if (first) sent.catch(() => undefined);
      const text = await Promise.race([readText(incoming), cut.promise]);
      if (!outgoing.writableFinished) outgoing.destroy();
      return { status: incoming.statusCode ?? 0, retryAfter: incoming.headers['retry-after'], text };
    } catch (thrown) {
      outgoing.destroy();
      if ('failure' in source) throw source.failure;
      signal.throwIfAborted();
      throw connectionFailure(thrown, this.#base);
    } finally {
      clearTimeout(answering);
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Closes the connections that are kept. */
  close(): void {
    this.#agent.destroy();
  }
}

async function* noting(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
  source: { failure?: unknown },
): AsyncGenerator<Buffer> {
  const iterator =
    Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  try {
    for (;;) {
      let next: IteratorResult<Buffer, unknown>;
      try {
        next = await iterator.next();
      } catch (thrown) {
        source.failure = thrown;
        throw thrown;
      }
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

async function readText(incoming: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of incoming) {
    const buffer = part as Buffer;
    bytes += buffer.length;
    if (bytes > longestAnswerBytes) throw new Error('its answer does not end');
    parts.push(buffer);
  }
  return Buffer.concat(parts).toString('utf8');
}

const certificateCodes =
  /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|ERR_TLS|ERR_SSL|EPROTO|HOSTNAME_MISMATCH/;

/** What a broken connection means to a person, and whether trying again may help. */
export function connectionFailure(thrown: unknown, address: URL): Error {
  const place = shownAddress(address);
  const code = systemCode(firstCause(thrown)) ?? '';
  const why = code === '' ? oneLine(firstCause(thrown)) : code;
  if (certificateCodes.test(code)) {
    return new DestinationUnusable(sentence('certificateRefused', place, why), { cause: thrown });
  }
  const message =
    code === 'ENOTFOUND' || code === 'EAI_AGAIN'
      ? sentence('hostUnknown', place, why)
      : code === 'ECONNREFUSED'
        ? sentence('nothingAnswers', place, why)
        : sentence('notReached', place, why);
  return new PassingFailure('destination', message, { cause: thrown });
}

/** A name with several addresses fails with one error for each of them. */
function firstCause(thrown: unknown): unknown {
  return thrown instanceof AggregateError && thrown.errors.length > 0
    ? (thrown.errors as unknown[])[0]
    : thrown;
}
