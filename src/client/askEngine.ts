import { fork } from 'node:child_process';
import { access } from 'node:fs/promises';
import * as v from 'valibot';
import { replySchema, type Question, type Reply } from '../protocol/clientMessages.ts';
import { TarshelfError } from '../protocol/errors.ts';
import type { DestinationOptions, IngestOptions } from '../protocol/ingestOptions.ts';
import type { Plan } from '../protocol/plan.ts';
import type { FailedTar } from '../protocol/progressFile.ts';
import type { ProgressSummary } from '../protocol/progressSummary.ts';
import type { Secrets } from '../protocol/secrets.ts';
import type { Verification } from '../protocol/verification.ts';
import { deferred } from './deferred.ts';
import { nodeFor, type EngineLaunch } from './engineLaunch.ts';
import { engineDied } from './engineProcess.ts';

/*
 * Questions to engine processes that are there for one answer each. They hold no state folder and disturb no run.
 * Such a process is a child in the narrow sense: it ends with its answer, or when its channel closes.
 */

/** Who is asked; what becomes of a run is none of its business. */
export type QuestionLaunch = Omit<EngineLaunch, 'whenLeft'>;

/**
 * Asks what has failed in a state folder.
 *
 * @throws TarshelfError `PROGRESS_NOT_READABLE`, `ENGINE_DIED`
 */
export async function listFailures(launch: QuestionLaunch, stateFolder: string): Promise<FailedTar[]> {
  const reply = await ask(launch, { type: 'failures:list', stateFolder });
  if (reply.type === 'failures') return reply.tars;
  throw engineDied();
}

/**
 * Asks what stands in the progress files of a state folder. Where there is no such folder, nobody is asked.
 *
 * @throws TarshelfError `PROGRESS_NOT_READABLE`, `ENGINE_DIED`
 * @throws the signal's reason
 */
export async function listProgress(
  launch: QuestionLaunch,
  stateFolder: string,
  signal?: AbortSignal,
): Promise<ProgressSummary[]> {
  const isThere = await access(stateFolder).then(
    () => true,
    () => false,
  );
  if (!isThere) return [];
  const reply = await ask(launch, { type: 'progress:list', stateFolder }, signal);
  if (reply.type === 'progress:files') return reply.files;
  throw engineDied();
}

/**
 * Asks whether a destination could take books now. Nothing is changed there.
 *
 * @returns one line for a person: what was found
 * @throws TarshelfError `DESTINATION_UNUSABLE` with what is in the way; `ENGINE_DIED`
 * @throws the signal's reason as soon as it comes; the engine gives up then, and ends by itself
 */
export async function checkDestination(
  launch: QuestionLaunch,
  options: DestinationOptions,
  secrets: Secrets,
  signal?: AbortSignal,
): Promise<string> {
  const reply = await ask(launch, { type: 'destination:check', options, secrets }, signal);
  if (reply.type === 'destination:checked') return reply.message;
  throw engineDied();
}

/**
 * Asks what a run would do if it began now. Nothing is locked or changed, and a run may go on meanwhile.
 *
 * @throws TarshelfError `SOURCE_MISSING`, `SOURCE_NOT_A_FOLDER`, `SOURCE_WITHOUT_TARS`, `PROGRESS_NOT_READABLE`,
 *   `ENGINE_DIED`
 */
export async function makePlan(
  launch: QuestionLaunch,
  options: IngestOptions,
  signal?: AbortSignal,
): Promise<Plan> {
  const reply = await ask(launch, { type: 'plan:make', options }, signal);
  if (reply.type === 'plan') return reply.plan;
  throw engineDied();
}

/** What a question takes to be answered, as it goes on. */
export type OnProgress = (doneBytes: number, totalBytes: number) => void;

/**
 * Has a tar read and compared with what the destination has. Nothing is changed in either.
 *
 * @throws TarshelfError `TAR_NOT_READABLE`, `DESTINATION_UNUSABLE`, `ENGINE_DIED`
 * @throws the signal's reason as soon as it comes; the engine gives up then, and ends by itself
 */
export async function verifyTar(
  launch: QuestionLaunch,
  options: IngestOptions,
  secrets: Secrets,
  tar: string,
  onProgress: OnProgress,
  signal?: AbortSignal,
): Promise<Verification> {
  const reply = await ask(launch, { type: 'tar:verify', options, secrets, tar }, signal, onProgress);
  if (reply.type === 'tar:verified') return reply.verification;
  throw engineDied();
}

async function ask(
  launch: QuestionLaunch,
  question: Question,
  signal?: AbortSignal,
  onProgress?: OnProgress,
): Promise<Reply> {
  signal?.throwIfAborted();
  const { execPath, execArgv, env } = nodeFor(launch);
  const child = fork(launch.enginePath, [], {
    ...{ execPath, execArgv, env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'json',
  });
  let reply: Reply | undefined;
  let lastWords = '';
  const ended = deferred<undefined>();
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-2000);
    launch.onStderr?.(text);
  });
  child.on('message', (message: unknown) => {
    const parsed = v.safeParse(replySchema, message);
    if (!parsed.success) return;
    if (parsed.output.type === 'progress') onProgress?.(parsed.output.doneBytes, parsed.output.totalBytes);
    else reply = parsed.output;
  });
  // A death after the channel closed leaves nothing that could be sent; the close tells it.
  child.on('error', () => {
    if (child.pid === undefined) ended.resolve(undefined);
  });
  child.once('close', () => {
    ended.resolve(undefined);
  });
  const leave = (): void => {
    if (child.connected) child.disconnect();
    ended.resolve(undefined);
  };
  signal?.addEventListener('abort', leave, { once: true });
  if (child.connected) child.send(question, () => undefined);
  await ended.promise;
  signal?.removeEventListener('abort', leave);
  signal?.throwIfAborted();
  if (!reply) throw engineDied(/^\w*Error.*$/m.exec(lastWords)?.[0]);
  if (reply.type === 'request:failed') throw new TarshelfError(reply.failure.code, reply.failure.message);
  return reply;
}
