import { join } from 'node:path';
import type { Failure } from '../../protocol/errors.ts';
import type { ResumePoint } from '../../protocol/resumePoint.ts';
import { sentence } from '../../protocol/sentences.ts';
import { noCounts, type BookCounts, type TarPhase, type TarState } from '../../protocol/snapshot.ts';
import type { DoneBefore } from '../../protocol/totals.ts';
import type { FoundTar } from '../archive/sourceFolder.ts';
import { lastFailure } from '../progress/failureList.ts';
import type { ProgressRecord } from '../progress/progressRecord.ts';

/*
 * How a tar stands on the board when a run begins, by what the progress files say of it.
 */

/** The state of a tar that is to be read, and of one that an earlier run completed: then `earlier` is what that counted. */
export function tarAtStart(
  { name, folder, sizeBytes }: FoundTar,
  earlier: BookCounts | null,
  resume: ResumePoint | null,
): TarState {
  return {
    ...{ name, folder, sizeBytes },
    phase: earlier ? 'completed' : 'waiting',
    doneBytes: earlier ? sizeBytes : (resume?.doneBytes ?? 0),
    worker: null,
    counts: earlier ?? resume?.counts ?? noCounts(),
    earlier: earlier !== null,
    inRun: true,
    failure: null,
  };
}

/** The same of a tar that is not in the run: so it stays. */
export function tarNotInRun(
  tar: FoundTar,
  earlier: BookCounts | null,
  resume: ResumePoint | null,
  progress: ReadonlyMap<number, ProgressRecord>,
): TarState {
  const state: TarState = { ...tarAtStart(tar, earlier, resume), inRun: false };
  const failure = earlier ? null : lastFailure(progress, tar.name);
  if (!failure) return state;
  const { counts, message, entry } = failure;
  return { ...state, phase: phaseOf(entry.status ?? ''), counts, failure: failureOf(message) };
}

/** The state of a tar that nobody can open by its name: it has failed before anybody has tried. */
export function tarNotUtf8({ name, folder, sizeBytes }: FoundTar, inRun: boolean): TarState {
  const path = folder === null ? name : join(folder, name);
  return {
    ...{ name, folder, sizeBytes, inRun },
    ...{ phase: 'failed', doneBytes: 0, worker: null, counts: noCounts(), earlier: false },
    failure: { code: 'TAR_NOT_READABLE', message: sentence('tarNameNotUtf8', path) },
  };
}

/** What of a tar had its outcome before the run: also the books of a batch that was cut short. */
export function doneBefore({ counts, doneBytes, settled }: ResumePoint): DoneBefore {
  const before = structuredClone(counts);
  for (const [, outcome] of settled) {
    before.found++;
    if (outcome === 'uploaded') before.uploaded++;
    else before.duplicates[outcome]++;
  }
  return { bytes: doneBytes, counts: before };
}

/** One that broke off with failed books in what was read is gone on with, and is no failed tar yet. */
function phaseOf(status: string): TarPhase {
  switch (status) {
    case 'failed':
    case 'error':
    case 'extraction_failed':
      return 'failed';
    case 'completed_with_errors':
      return 'completedWithErrors';
    default:
      return 'waiting';
  }
}

/** Which code it had is not recorded. */
function failureOf(message: string | null): Failure | null {
  return message === null ? null : { code: 'TAR_NOT_READABLE', message };
}
