import * as v from 'valibot';

/**
 * Every failure that a person may read carries one of these codes. Codes are stable: tests, the command
 * line's exit status and the views go by them, never by the words of a message.
 */
export const errorCodes = [
  // Wrong usage: what was asked for cannot be begun.
  'USAGE',
  'SOURCE_MISSING',
  'SOURCE_NOT_A_FOLDER',
  'SOURCE_WITHOUT_TARS',
  'SOURCE_NAME_TWICE',
  'STATE_NOT_WRITABLE',
  'STATE_IN_USE',
  'STATE_OTHER_DESTINATION',
  'LIBRARY_NOT_WRITABLE',
  'NOTHING_TO_RETRY',
  'NOTHING_RUNNING',
  'NO_SUCH_WORKER',
  'REASSIGN_REFUSED',
  // While it runs.
  'TAR_NOT_READABLE',
  'TAR_DAMAGED',
  'EXTRACTION_NO_SPACE',
  'BOOK_NOT_READABLE',
  'UPLOAD_FAILED',
  'DECLINED',
  'DESTINATION_UNUSABLE',
  'PROGRESS_NOT_READABLE',
  'POISON',
  'WORKER_DIED',
  'ENGINE_DIED',
  'ENGINE_BUSY',
  'ENGINE_SILENT',
  'ENGINE_OTHER_VERSION',
  'INTERNAL',
] as const;

export const errorCodeSchema = v.picklist(errorCodes);
export type ErrorCode = v.InferOutput<typeof errorCodeSchema>;

const usageCodes: ReadonlySet<ErrorCode> = new Set([
  'USAGE',
  'SOURCE_MISSING',
  'SOURCE_NOT_A_FOLDER',
  'SOURCE_WITHOUT_TARS',
  'SOURCE_NAME_TWICE',
  'STATE_NOT_WRITABLE',
  'STATE_IN_USE',
  'STATE_OTHER_DESTINATION',
  'LIBRARY_NOT_WRITABLE',
  'NOTHING_TO_RETRY',
  'NOTHING_RUNNING',
  'NO_SUCH_WORKER',
  'REASSIGN_REFUSED',
]);

/** Whether the code says that the run was never begun because of what was asked for. */
export function isUsageCode(code: ErrorCode): boolean {
  return usageCodes.has(code);
}

/** A failure as it crosses a process border. `message` is one line for a person and says what to do next. */
export const failureSchema = v.object({ code: errorCodeSchema, message: v.string() });
export type Failure = v.InferOutput<typeof failureSchema>;

/** The base of all errors meant for people: a stable code, and one line that says what to do next. */
export class TarshelfError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TarshelfError';
    this.code = code;
  }

  /** The form that crosses a process border. */
  toFailure(): Failure {
    return { code: this.code, message: this.message };
  }
}

/** Coerces whatever was thrown into a {@link Failure}; an error without a code of ours gets `fallback`. */
export function toFailure(thrown: unknown, fallback: ErrorCode = 'INTERNAL'): Failure {
  if (thrown instanceof TarshelfError) return thrown.toFailure();
  return { code: fallback, message: oneLine(thrown) };
}

/** The first line of what was thrown, without a stack trace. */
export function oneLine(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.split('\n', 1)[0] ?? '';
}

/** The `code` of a Node system error (`ENOENT`, `EACCES`, …), or undefined. */
export function systemCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}
