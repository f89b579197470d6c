// The REST routes, and what each is given.
import type { IncomingHttpHeaders } from 'node:http';
import type { Answer } from './answers.ts';
import { createEbook, addUpload, ebookDetails } from './bookRoutes.ts';
import type { BookTables } from './bookTables.ts';
import type { RouteName } from './faults.ts';
import { ebooksIndex, searchBooks } from './searchRoutes.ts';
import { login } from './signIn.ts';
import type { Tokens, User } from './tokens.ts';
import { checkBatch, checkUpload, receiveUpload, uploadMeta } from './uploadRoutes.ts';

/** A file that came with a request: what is known of it, its bytes are gone. */
export interface ReceivedFile {
  readonly fileName: string;
  readonly contentType: string;
  readonly size: number;
  readonly hash: string;
}

export interface Call {
  /** The placeholders of the route, decoded. */
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Undefined where the body is no JSON, or is not said to be. */
  readonly json: unknown;
  readonly file: ReceivedFile | undefined;
}

export interface RestServer {
  readonly tables: BookTables;
  readonly tokens: Tokens;
  readonly user: User;
  /** The largest file, and the largest body too. */
  readonly maxBytes: number;
  readonly checkBatch: boolean;
  /** How long adding a file to a book takes; two at once to the same book do not get on. */
  readonly addUploadMs: number;
  /** Rejects when the server stops meanwhile. */
  readonly wait: (milliseconds: number) => Promise<void>;
}

export interface Route {
  readonly name: RouteName;
  readonly method: 'GET' | 'POST';
  readonly path: RegExp;
  readonly answer: (call: Call, server: RestServer) => Answer | Promise<Answer>;
}

// A `/` in a placeholder is no match, also one that was written as %2F: paths are compared after decoding.
export const routes: readonly Route[] = [
  { name: 'POST /login', method: 'POST', path: /^\/login$/, answer: login },
  { name: 'POST /api/upload/check', method: 'POST', path: /^\/api\/upload\/check$/, answer: checkUpload },
  {
    name: 'POST /api/upload/check-batch',
    method: 'POST',
    path: /^\/api\/upload\/check-batch$/,
    answer: checkBatch,
  },
  { name: 'POST /api/upload', method: 'POST', path: /^\/api\/upload$/, answer: receiveUpload },
  {
    name: 'GET /api/uploads-meta/<id>',
    method: 'GET',
    path: /^\/api\/uploads-meta\/(\d+)$/,
    answer: uploadMeta,
  },
  { name: 'GET /api/search/<words>', method: 'GET', path: /^\/api\/search\/([^/]+)$/, answer: searchBooks },
  {
    name: 'GET /api/ebooks/index/<title>',
    method: 'GET',
    path: /^\/api\/ebooks\/index\/([^/]+)$/,
    answer: ebooksIndex,
  },
  { name: 'POST /api/ebooks', method: 'POST', path: /^\/api\/ebooks$/, answer: createEbook },
  {
    name: 'POST /api/ebooks/<id>/add-upload',
    method: 'POST',
    path: /^\/api\/ebooks\/(\d+)\/add-upload$/,
    answer: addUpload,
  },
  { name: 'GET /api/ebooks/<id>', method: 'GET', path: /^\/api\/ebooks\/(\d+)$/, answer: ebookDetails },
];
