import type { Deps } from './deps.js';
import { startPeriodic } from './jobs/periodic.js';
import { startWorker, WORKER_DEFAULTS, type WorkerSettings } from './jobs/worker.js';
import { lapseUnproven } from './requests/lapse.js';
import { sendDueNotices } from './requests/notices.js';
import { provision } from './requests/provision.js';
import { deleteIdleMailboxes } from './store/mailboxes.js';

/** How often what nobody has announced is looked for. */
export type Pace = {
  worker: WorkerSettings;
  /** How long mails to approvers and partners may lie. */
  noticesMs: number;
  /** How much longer than they may unproven requests wait. */
  lapseMs: number;
  /** How long rows stay that limit nothing any more. */
  forgetMs: number;
};

const PACE: Pace = { worker: WORKER_DEFAULTS, noticesMs: 3_000, lapseMs: 60_000, forgetMs: 3_600_000 };

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
  const { log, queue, noticeBell } = deps;
  const { db } = deps.store;
  const parts = [
    startWorker(
      { db, queue, log },
      (requestId, stopping) => provision(deps, requestId, stopping),
      pace.worker,
    ),
    startPeriodic(
      {
        name: 'mails to applicants',
        everyMs: pace.noticesMs,
        log,
        bell: noticeBell,
        abreast: MAILS_ABREAST,
      },
      (stopping) => sendDueNotices(deps, { to: ['applicants'], stopping }),
    ),
    startPeriodic({ name: 'mails to deciders', everyMs: pace.noticesMs, log }, (stopping) =>
      sendDueNotices(deps, { to: ['deciders'], stopping }),
    ),
    startPeriodic({ name: 'lapse', everyMs: pace.lapseMs, log }, (stopping) => lapseUnproven(deps, stopping)),
    startPeriodic({ name: 'forget mailboxes', everyMs: pace.forgetMs, log }, () => deleteIdleMailboxes(db)),
  ];
  return {
    async stop() {
      await Promise.all(parts.map((part) => part.stop()));
    },
  };
}
