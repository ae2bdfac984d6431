import { setTimeout as sleep } from 'node:timers/promises';
import type { Deps } from '../deps.js';
import { anonymiseRequests } from '../store/anonymise.js';
import { insertAuditEvent } from '../store/auditEvents.js';
import { deleteGoneGuests } from '../store/guests.js';
import {
  claimRetentionRun,
  countRetained,
  deleteExpiredNotices,
  deleteExpiredPeople,
  finishRetentionRun,
  lockExpiredRequests,
  releaseRetentionRun,
  type Retained,
} from '../store/retention.js';
import { forgetRows } from '../store/runRows.js';
import type { Db } from '../store/schema.js';

/** Few, so that no page waits noticeably: on the embedded store every query waits while a transaction lasts. */
const BATCH = 50;
/** What is left after this time is done in a new turn. */
const TURN_MS = 5 * 60_000;
/** An instance that falls silent in its turn loses it to another one. */
const LEASE_SECONDS = 15 * 60;
/** UTC: when the fewest people of Europe and America sign up. */
const HOUR = 2;

type Needed = Pick<Deps, 'config' | 'store' | 'log'>;

/**
 * Once a day, after two o'clock (UTC), on one of the instances: removes the personal data from requests that finished more
 * than `retentionDays` ago, and deletes notices and people of staff that are as old. Does nothing where everything is kept.
 *
 * @param now decides which day's retention is due
 */
export async function retain(
  deps: Needed,
  { now = new Date(), stopping }: { now?: Date; stopping?: AbortSignal } = {},
): Promise<void> {
  const { config, store } = deps;
  if (config.retentionDays === null || now.getUTCHours() < HOUR) return;
  const day = now.toISOString().slice(0, 10);
  if (!(await claimRetentionRun(store.db, day, LEASE_SECONDS))) return;
  let done = false;
  try {
    done = await carryOut(deps, day, config.retentionDays, stopping);
  } finally {
    if (!done) await releaseRetentionRun(store.db, day);
  }
}

/** Each handles up to `limit` rows of its kind and returns how many there were. */
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

/** In short transactions, each of which counts what it did, so that it may stop anywhere. Returns whether all is done. */
async function carryOut(
  { store: { db }, log }: Needed,
  day: string,
  days: number,
  stopping?: AbortSignal,
): Promise<boolean> {
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
      // Leaves half of the time to other work.
      await sleep(Date.now() - began, undefined, { signal: stopping }).catch(() => undefined);
    }
  }
  await db.transaction().execute(async (trx) => {
    await deleteGoneGuests(trx, days);
    await forgetRows(trx, { days });
    const counts = await finishRetentionRun(trx, day);
    if (!counts || Object.values(counts).every((count) => count === 0)) return;
    await insertAuditEvent(trx, {
      actor: 'portal',
      action: 'privacy.anonymised',
      detail: { day, days, ...counts },
    });
    log.info({ day, days, ...counts }, 'expired personal data was removed');
  });
  return true;
}
