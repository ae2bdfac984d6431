import { setTimeout as sleep } from 'node:timers/promises';
import type { Deps } from '../deps.js';
import { anonymiseRequests } from '../store/anonymise.js';
import { insertAuditEvent } from '../store/auditEvents.js';
import {
  beginRetentionRun,
  countRetained,
  deleteExpiredNotices,
  deleteExpiredPeople,
  finishRetentionRun,
  lockExpiredRequests,
  type Retained,
} from '../store/retention.js';
import type { Db } from '../store/schema.js';

/** So few that no page waits for it to be noticed; on the embedded store everybody waits while a transaction lasts. */
const BATCH = 50;
/** Well before the queue takes a silent instance for dead (`jobs/nightly.ts`): what is left is gone on with as a new turn. */
const TURN_MS = 5 * 60_000;

type Needed = Pick<Deps, 'config' | 'queue' | 'store' | 'log'>;

/**
 * Once a night, on one of the instances: takes the personal data from requests that finished more than `retentionDays` ago,
 * and forgets the staff and the notices of that time. Does nothing when it is not the time, or where everything is kept.
 */
export async function retain(deps: Needed, stopping?: AbortSignal): Promise<void> {
  const { config, queue } = deps;
  if (config.retentionDays === null) return;
  await queue.nightly.plan();
  const job = await queue.nightly.take();
  if (!job) return;
  let done = false;
  try {
    done = await carryOut(deps, job.day, config.retentionDays, stopping);
  } finally {
    await (done ? queue.nightly.finish(job) : queue.nightly.giveBack(job));
  }
}

/** Each does up to `limit` of its kind, and returns how many there were. */
const WORK: Record<Retained, (trx: Db, days: number, limit: number) => Promise<number>> = {
  requests: anonymiseExpired,
  notices: deleteExpiredNotices,
  people: deleteExpiredPeople,
};

async function anonymiseExpired(trx: Db, days: number, limit: number): Promise<number> {
  const ids = await lockExpiredRequests(trx, days, limit);
  await anonymiseRequests(trx, ids);
  return ids.length;
}

/** In short transactions, each counted with what it did, so that it may be cut off anywhere. Returns whether all is done. */
async function carryOut(
  { store: { db }, log }: Needed,
  day: string,
  days: number,
  stopping?: AbortSignal,
): Promise<boolean> {
  if (!(await beginRetentionRun(db, day))) return true;
  const until = Date.now() + TURN_MS;
  for (const what of Object.keys(WORK) as Retained[]) {
    for (let count = BATCH; count === BATCH;) {
      if (stopping?.aborted || Date.now() > until) return false;
      const began = Date.now();
      count = await db.transaction().execute(async (trx) => {
        const done = await WORK[what](trx, days, BATCH);
        if (done > 0) await countRetained(trx, day, what, done);
        return done;
      });
      // Half of the time is for everybody else.
      await sleep(Date.now() - began, undefined, { signal: stopping }).catch(() => undefined);
    }
  }
  await db.transaction().execute(async (trx) => {
    const counts = await finishRetentionRun(trx, day);
    if (!counts || Object.values(counts).every((count) => count === 0)) return;
    await insertAuditEvent(trx, {
      actor: 'portal',
      action: 'privacy.anonymised',
      detail: { day, days, ...counts },
    });
    log.info({ day, days, ...counts }, 'personal data that is older than it may be was removed');
  });
  return true;
}
