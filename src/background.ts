import { SpanKind } from '@opentelemetry/api';
import type { Deps } from './deps.js';
import { takeBack } from './bulk/takeBack.js';
import { startPeriodic, type PeriodicOptions, type PeriodicWork } from './jobs/periodic.js';
import { queueWatch } from './jobs/queueWatch.js';
import { startWorker, WORKER_DEFAULTS, type Worker, type WorkerSettings } from './jobs/worker.js';
import { watchLicences } from './licences/watch.js';
import { retain } from './privacy/retention.js';
import { lapseUnproven } from './requests/prove/lapse.js';
import { sendDueNotices } from './requests/notices/sendDueNotices.js';
import { provision } from './requests/provision/provision.js';
import { recordEarlierGuests } from './store/guests.js';
import { claimRow } from './store/rowClaims.js';
import { deleteOldPreviews } from './store/runs.js';
import { deleteIdleMailboxes } from './store/mailboxes.js';
import { deleteSpentLimits } from './store/rateLimit.js';
import { deleteEndedSessions } from './store/sessions.js';
import type { RequestRow } from './store/schema.js';
import type { SpanOf } from './telemetry/tracing.js';

/** How often each loop looks for work that no bell announces. */
type Pace = {
  worker: WorkerSettings;
  noticesMs: number;
  /** For requests that have waited too long for their proof. */
  lapseMs: number;
  /** For limits and sessions that have ended. */
  forgetMs: number;
  /** For a queue that stands still. */
  watchMs: number;
  /** For what is read of licences, and warnings of them. */
  licencesMs: number;
  /** For the night's retention. */
  retentionMs: number;
};

const PACE: Pace = {
  worker: WORKER_DEFAULTS,
  noticesMs: 3_000,
  lapseMs: 60_000,
  forgetMs: 900_000,
  watchMs: 30_000,
  licencesMs: 60_000,
  retentionMs: 60_000,
};

/**
 * How many notices to applicants go out at once: one that hangs does not delay other codes, and a server that takes half a second
 * for each is fast enough for a busy launch. No more, because Exchange Online accepts three connections of a mailbox.
 */
const NOTICES_ABREAST = 3;

/** A preview that nobody has started within this time is deleted, with the people in it. */
const PREVIEW_DAYS = 7;

export type Background = {
  /** Begins nothing more, and waits for running work. */
  stop(): Promise<void>;
};

/**
 * Starts all background work: provisioning, notices, and everything that expires.
 *
 * @param clock decides which day's digests and retention are due; everything else uses the database's clock
 */
export function startBackground(deps: Deps, pace = PACE, clock = () => new Date()): Background {
  const { log, pulses, noticeBell, limits } = deps;
  const { db } = deps.store;
  const every = (everyMs: number, name: string, work: PeriodicWork, more: Partial<PeriodicOptions> = {}) =>
    startPeriodic({ name, everyMs, log, ...more }, work);
  const parts = [
    startProvisioning(deps, pace.worker),
    every(
      pace.noticesMs,
      'notices to applicants',
      (stop, beat) => sendDueNotices(deps, { to: ['applicants'], stop, beat }),
      { bell: noticeBell, abreast: NOTICES_ABREAST, pulses },
    ),
    every(
      pace.noticesMs,
      'notices to approvers',
      (stop, beat) => sendDueNotices(deps, { to: ['approvers'], now: clock(), stop, beat }),
      { pulses },
    ),
    every(pace.watchMs, 'queue watch', queueWatch(deps.queueFigures, log, limits.standstillSeconds)),
    every(pace.lapseMs, 'lapse', ({ requested }) => lapseUnproven(deps, requested)),
    every(pace.forgetMs, 'guests of earlier versions', () => recordEarlierGuests(db)),
    every(pace.forgetMs, 'forget mailboxes', () => deleteIdleMailboxes(db)),
    every(pace.forgetMs, 'forget limits', () => deleteSpentLimits(db)),
    every(pace.forgetMs, 'forget previews', () => deleteOldPreviews(db, PREVIEW_DAYS)),
    every(pace.forgetMs, 'forget sessions', () => deleteEndedSessions(db)),
    every(pace.licencesMs, 'licences', ({ requested }) =>
      watchLicences(deps, { now: clock(), stopping: requested }),
    ),
    every(pace.retentionMs, 'retention', ({ requested }) =>
      retain(deps, { now: clock(), stopping: requested }),
    ),
  ];
  return {
    async stop() {
      await Promise.all(parts.map((part) => part.stop()));
    },
  };
}

/** Works on requests that are due, and on the rows of runs; with no places, on rows alone. */
export function startProvisioning(deps: Deps, settings: WorkerSettings): Worker {
  const { db } = deps.store;
  const { limits, graph, telemetry } = deps;
  return startWorker(
    { ...deps, db },
    (claim, stop) =>
      telemetry.tracing.span(provisioningOf(claim.request), () =>
        claim.undo ? takeBack(deps, claim, stop) : provision(deps, claim, stop),
      ),
    settings,
    async (underWay) =>
      // With all places taken here there is nothing to ask the store: the end of a row rings the bell.
      underWay >= limits.bulk.width
        ? { waitMs: Infinity }
        : claimRow(db, { ...limits, takeWrites: graph.takeWrites }),
  );
}

/** The work on a request has its own trace, with a link to the trace that made the request due. */
function provisioningOf({ id, trace }: RequestRow): SpanOf {
  const name = 'provision';
  // Application Insights reads the name of such a span only from this attribute.
  const attributes = { 'ai.operation.name': name, 'portal.request.id': id };
  return { name, kind: SpanKind.CONSUMER, attributes, from: trace };
}
