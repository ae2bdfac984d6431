import { SpanKind } from '@opentelemetry/api';
import type { Deps } from './deps.js';
import type { Bell } from './jobs/bell.js';
import { startPeriodic } from './jobs/periodic.js';
import { queueWatch } from './jobs/queueWatch.js';
import { startWorker, WORKER_DEFAULTS, type WorkerSettings } from './jobs/worker.js';
import { retain } from './privacy/retention.js';
import { lapseUnproven } from './requests/prove/lapse.js';
import { sendDueNotices } from './requests/notices/sendDueNotices.js';
import { provision } from './requests/provision/provision.js';
import { deleteIdleMailboxes } from './store/mailboxes.js';
import { deleteSpentLimits } from './store/rateLimit.js';
import { deleteEndedSessions } from './store/sessions.js';
import type { SpanOf } from './telemetry/tracing.js';

/** How often what nobody has announced is looked for. */
export type Pace = {
  worker: WorkerSettings;
  /** How long mails to approvers and partners may lie. */
  noticesMs: number;
  /** How much longer than they may unproven requests wait. */
  lapseMs: number;
  /** How long rows stay that limit nothing any more, and sessions that are over. */
  forgetMs: number;
  /** How often it is looked whether the queue stands still. */
  watchMs: number;
  /** How often an instance asks whether the night's retention is for it to do. */
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
 * How many mails to applicants go out at once: one that hangs keeps nobody waiting for a code, and a server that takes half a
 * second for each still carries a busy launch. No more, because Exchange Online takes three from a mailbox at a time.
 */
const MAILS_ABREAST = 3;

export type Background = {
  /** Begins nothing more, and waits for what is in hand. */
  stop(): Promise<void>;
};

/** Starts all that goes on beside the pages: provisioning, the mails of the process, and what ends by itself. */
export function startBackground(deps: Deps, pace = PACE): Background {
  const { log, queue, pulses, noticeBell, patience, telemetry } = deps;
  const { db } = deps.store;
  type Work = (stopping: AbortSignal) => Promise<void>;
  const every = (everyMs: number, name: string, work: Work, more: { bell?: Bell; abreast?: number } = {}) =>
    startPeriodic({ name, everyMs, log, ...more }, work);
  const parts = [
    startWorker(
      { db, queue, log, pulses },
      (requestId, stopping, { trace }) =>
        telemetry.tracing.tell(provisioningOf(requestId, trace), () => provision(deps, requestId, stopping)),
      pace.worker,
    ),
    every(
      pace.noticesMs,
      'mails to applicants',
      (stopping) => sendDueNotices(deps, { to: ['applicants'], stopping }),
      { bell: noticeBell, abreast: MAILS_ABREAST },
    ),
    every(pace.noticesMs, 'mails to deciders', (stopping) =>
      sendDueNotices(deps, { to: ['deciders'], stopping }),
    ),
    every(pace.watchMs, 'queue watch', queueWatch(deps.queueFigures, log, patience.standstillSeconds)),
    every(pace.lapseMs, 'lapse', (stopping) => lapseUnproven(deps, stopping)),
    every(pace.forgetMs, 'forget mailboxes', () => deleteIdleMailboxes(db)),
    every(pace.forgetMs, 'forget limits', () => deleteSpentLimits(db)),
    every(pace.forgetMs, 'forget sessions', () => deleteEndedSessions(db)),
    every(pace.retentionMs, 'retention', (stopping) => retain(deps, stopping)),
  ];
  return {
    async stop() {
      await Promise.all(parts.map((part) => part.stop()));
    },
  };
}

/** How the trace of work on a request is called; its own, with a link to the one in which the work was asked for. */
function provisioningOf(requestId: string, from: string | null): SpanOf {
  const name = 'provision';
  // Application Insights takes the name of such a span from this attribute alone.
  const attributes = { 'ai.operation.name': name, 'portal.request.id': requestId };
  return { name, kind: SpanKind.CONSUMER, attributes, from };
}
