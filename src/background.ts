import { SpanKind } from '@opentelemetry/api';
import type { Deps } from './deps.js';
import { startPeriodic, type PeriodicOptions, type PeriodicWork } from './jobs/periodic.js';
import { queueWatch } from './jobs/queueWatch.js';
import { startWorker, WORKER_DEFAULTS, type WorkerSettings } from './jobs/worker.js';
import { retain } from './privacy/retention.js';
import { lapseUnproven } from './requests/prove/lapse.js';
import { sendDueNotices } from './requests/notices/sendDueNotices.js';
import { provision } from './requests/provision/provision.js';
import { deleteIdleMailboxes } from './store/mailboxes.js';
import { deleteSpentLimits } from './store/rateLimit.js';
import { deleteEndedSessions } from './store/sessions.js';
import type { RequestRow } from './store/schema.js';
import type { SpanOf } from './telemetry/tracing.js';

/** How often each loop looks for work that no bell has announced. */
type Pace = {
  worker: WorkerSettings;
  noticesMs: number;
  /** For requests that have waited too long for their proof. */
  lapseMs: number;
  /** For rows that limit nothing any more, and sessions that are over. */
  forgetMs: number;
  /** For a queue that stands still. */
  watchMs: number;
  /** For the night's retention. */
  retentionMs: number;
};

const PACE: Pace = {
  worker: WORKER_DEFAULTS,
  noticesMs: 3_000,
  lapseMs: 60_000,
  forgetMs: 900_000,
  watchMs: 30_000,
  retentionMs: 60_000,
};

/**
 * How many notices to applicants go out at once: one that hangs keeps nobody waiting for a code, and a server that takes half a
 * second for each still carries a busy launch. No more, because Exchange Online takes three from a mailbox at a time.
 */
const NOTICES_ABREAST = 3;

export type Background = {
  /** Begins nothing more, and waits for what is under way. */
  stop(): Promise<void>;
};

/**
 * Starts all that goes on beside the pages: provisioning, notices, and what ends by itself.
 *
 * @param clock decides which day's digests and retention are due; everything else goes by the database's clock
 */
export function startBackground(deps: Deps, pace = PACE, clock = () => new Date()): Background {
  const { log, bell, pulses, noticeBell, limits, telemetry } = deps;
  const { db } = deps.store;
  const every = (everyMs: number, name: string, work: PeriodicWork, more: Partial<PeriodicOptions> = {}) =>
    startPeriodic({ name, everyMs, log, ...more }, work);
  const parts = [
    startWorker(
      { db, bell, log, pulses, limits },
      (claim, stop) =>
        telemetry.tracing.span(provisioningOf(claim.request), () => provision(deps, claim, stop)),
      pace.worker,
    ),
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
    every(pace.forgetMs, 'forget mailboxes', () => deleteIdleMailboxes(db)),
    every(pace.forgetMs, 'forget limits', () => deleteSpentLimits(db)),
    every(pace.forgetMs, 'forget sessions', () => deleteEndedSessions(db)),
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

/** The trace of work on a request is its own, with a link to the one in which the work was asked for. */
function provisioningOf({ id, trace }: RequestRow): SpanOf {
  const name = 'provision';
  // Application Insights takes the name of such a span from this attribute alone.
  const attributes = { 'ai.operation.name': name, 'portal.request.id': id };
  return { name, kind: SpanKind.CONSUMER, attributes, from: trace };
}
