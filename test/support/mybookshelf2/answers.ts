// Answers of the REST server. Business errors are answers with status 200; of the others only the status counts.

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function json(value: unknown, status = 200): Answer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` };
}

/** A failure, as the page that the real server sends. */
export function failure(status: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return { ...html(`<title>${String(status)}</title><h1>${String(status)}</h1>`, status), headers };
}

export function html(text: string, status = 200): Answer {
  return { status, contentType: 'text/html; charset=utf-8', body: `<!doctype html>${text}\n` };
}
