import { join } from 'node:path';
import type { Question, Reply } from '../../protocol/clientMessages.ts';
import { toFailure } from '../../protocol/errors.ts';
import { checkDestination } from '../destinations/checkDestination.ts';
import { listFailures } from '../progress/failureList.ts';
import { summarizeProgress } from '../progress/progressSummaries.ts';
import { closeChannel, sayToParent } from '../system/channel.ts';
import { verifyTar } from '../verification/verifyTar.ts';
import { BodyThread } from '../bodies/bodyThread.ts';
import { makePlan } from './plan.ts';

/** Time for work that was given up to end what it began. */
const endsAfterAnswerMs = 5000;

/** Answers one question over the channel to whoever started this process, and lets the process end. */
export async function answerQuestion(question: Question): Promise<void> {
  switch (question.type) {
    case 'failures:list':
      await reply(async () => ({ type: 'failures', tars: await listFailures(question.stateFolder) }));
      break;
    case 'progress:list':
      await reply(async () => ({
        type: 'progress:files',
        files: await summarizeProgress(question.stateFolder),
      }));
      break;
    case 'destination:check':
      await answerUnlessLeft(async signal => ({
        type: 'destination:checked',
        message: await checkDestination(question.options, question.secrets, signal),
      }));
      break;
    case 'plan:make':
      await reply(async () => ({ type: 'plan', plan: await makePlan(question.options) }));
      break;
    case 'tar:verify':
      await answerUnlessLeft(signal => verify(question, signal));
      break;
    default:
      question satisfies never;
  }
}

async function verify(
  { options, secrets, tar }: Extract<Question, { type: 'tar:verify' }>,
  signal: AbortSignal,
): Promise<Reply> {
  const thread = new BodyThread(join(import.meta.dirname, 'bodyThread.js'), () => undefined);
  const onProgress = (doneBytes: number, totalBytes: number): void => {
    say({ type: 'progress', doneBytes, totalBytes });
  };
  try {
    return {
      type: 'tar:verified',
      verification: await verifyTar(options, secrets, tar, thread, onProgress, signal),
    };
  } finally {
    await thread.close();
  }
}

/** Answers, or gives the work up when whoever asked leaves. */
async function answerUnlessLeft(find: (signal: AbortSignal) => Promise<Reply>): Promise<void> {
  const abandoned = new AbortController();
  const abandon = (): void => {
    abandoned.abort();
  };
  process.once('disconnect', abandon);
  process.once('SIGTERM', abandon);
  await reply(() => find(abandoned.signal));
  // A connection that obeys no signal is not to keep the process; where there is none, it ends before.
  setTimeout(() => process.exit(), endsAfterAnswerMs).unref();
}

async function reply(find: () => Promise<Reply>): Promise<void> {
  let found: Reply;
  try {
    found = await find();
  } catch (thrown) {
    found = { type: 'request:failed', failure: toFailure(thrown) };
  }
  say(found);
  await closeChannel();
}

function say(word: Reply): void {
  sayToParent(word);
}
