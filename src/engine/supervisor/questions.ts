import type { Question, Reply } from '../../protocol/clientMessages.ts';
import { toFailure } from '../../protocol/errors.ts';
import { checkDestination } from '../destinations/checkDestination.ts';
import { listFailures } from '../progress/failureList.ts';
import { summarizeProgress } from '../progress/progressSummaries.ts';

/** Time for a check that was given up to end what it began. */
const endsAfterCheckMs = 5000;

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
      await answerCheck(question);
      break;
    default:
      question satisfies never;
  }
}

async function answerCheck({
  options,
  secrets,
}: Extract<Question, { type: 'destination:check' }>): Promise<void> {
  const abandoned = new AbortController();
  const abandon = (): void => {
    abandoned.abort();
  };
  process.once('disconnect', abandon);
  process.once('SIGTERM', abandon);
  await reply(async () => ({
    type: 'destination:checked',
    message: await checkDestination(options, secrets, abandoned.signal),
  }));
  // A connection that obeys no signal is not to keep the process; where there is none, it ends before.
  setTimeout(() => process.exit(), endsAfterCheckMs).unref();
}

async function reply(find: () => Promise<Reply>): Promise<void> {
  let found: Reply;
  try {
    found = await find();
  } catch (thrown) {
    found = { type: 'request:failed', failure: toFailure(thrown) };
  }
  if (!process.connected) return;
  process.send?.(found, () => undefined);
  // Closing the channel sends what is still under way in it, and leaves nothing that keeps the process alive.
  process.disconnect();
}
