import type { LimitFunction } from 'p-limit';
import type { IngestOptions } from '../../protocol/ingestOptions.ts';
import type { openArchive } from '../archive/openArchive.ts';
import type { EventLog } from '../system/eventLog.ts';
import type { HandFile } from '../progress/handFile.ts';
import type { WorkerProgress } from '../progress/workerProgress.ts';
import type { Activity } from './activity.ts';
import type { BodyThread } from '../bodies/bodyThread.ts';
import type { DigestThreads } from '../bodies/digestThreads.ts';
import type { EngineLink } from './engineLink.ts';
import type { MetadataSource } from './metadataSource.ts';
import type { Patience } from './patience.ts';
import type { PatientDestination } from './patientDestination.ts';

/** What a worker needs for any tar. */
export interface WorkerContext {
  readonly options: IngestOptions;
  readonly destination: PatientDestination;
  readonly progress: WorkerProgress;
  readonly link: EngineLink;
  readonly patience: Patience;
  readonly metadata: MetadataSource;
  /** Aborted when the worker is to finish the book in hand, save and end. */
  readonly stop: AbortSignal;
  /** Aborted when there is no time left even for the book in hand: what has no outcome then gets none. */
  readonly abandon: AbortSignal;
  readonly activity: Activity;
  readonly hand: Pick<HandFile, 'begin' | 'take' | 'takeAll' | 'drop' | 'dropAll' | 'end'>;
  readonly digestThreads: DigestThreads;
  /** Another one: to digest never waits for the disk of a destination. */
  readonly copyThread: BodyThread;
  /** Lets through as many uploads as may be under way at the same time. */
  readonly uploads: LimitFunction;
  /** What becomes of single members goes here, for people. */
  readonly log?: Pick<EventLog, 'info' | 'warn'>;
  /** How tars are opened, where that is not from the disk as usual. */
  readonly openArchive?: typeof openArchive;
}
