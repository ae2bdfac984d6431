import { startPeriodic, type Periodic } from '../jobs/periodic.js';
import type { Log } from '../log.js';
import {
  findEventSealedBefore,
  findLastSeal,
  findUnsealed,
  insertSeals,
  lockSeals,
  type Seal,
} from '../store/auditSeals.js';
import type { Db } from '../store/schema.js';
import { digestOf, GENESIS, hashOf, type Head } from './chain.js';

const BATCH = 1_000;
/** A transaction that inserts an event takes milliseconds. Only a look at everything finds an event that took longer. */
const LATE_SECONDS = 60;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * Seals new events every `everyMs` until it is stopped, and then once more, so that a stopped portal leaves nothing unsealed.
 * Once a minute it looks at the whole trail, for events whose transaction was slow. Once an hour it logs the head: the logs
 * then show whether the trail was cut or rebuilt later.
 */
export function startSealer({ db, log }: { db: Db; log: Log }, everyMs = 1_000): Periodic {
  let wholeAt = -Infinity;
  let loggedAt = -Infinity;
  let logged = 0;

  async function seal(closing = false): Promise<void> {
    const now = performance.now();
    const everything = now - wholeAt >= MINUTE_MS;
    const head = await sealNewEvents(db, { everything });
    if (everything) wholeAt = now;
    const hourly = now - loggedAt >= HOUR_MS;
    if (hourly) loggedAt = now;
    if ((hourly || closing) && head && head.seq > logged) {
      log.info({ seq: head.seq, hash: head.hash.toString('hex') }, 'audit head');
      logged = head.seq;
    }
  }

  const periodic = startPeriodic({ name: 'audit seals', everyMs, log }, () => seal());
  return {
    async stop() {
      await periodic.stop();
      await seal(true).catch((error: unknown) => {
        log.warn({ err: error }, 'the last audit events are sealed at the next start');
      });
    },
  };
}

/**
 * Chains the events that are committed and not in the chain yet. Several instances may do so at once: one works, the others
 * wait and find it done. Interrupted anywhere, it leaves whole batches, and the next call continues.
 *
 * The chain's order is the order in which events became visible here, and by id among those that came together. A transaction
 * that commits late leaves an event with a lower id and a later place. That is no gap: the chain shows that every sealed
 * event is still there, unchanged and in its place, and the seal covers its id and its moment.
 *
 * @param everything looks for unsealed events in the whole trail, not only among the new ones
 * @returns the last seal; null when there is none
 */
export async function sealNewEvents(db: Db, { everything = false } = {}): Promise<Head | null> {
  let after = everything ? '0' : await findEventSealedBefore(db, LATE_SECONDS);
  for (;;) {
    const seals = await db.transaction().execute((trx) => sealBatch(trx, after));
    const last = seals.at(-1);
    if (!last || seals.length < BATCH) return last ?? findLastSeal(db);
    after = last.eventId;
  }
}

async function sealBatch(trx: Db, after: string): Promise<Seal[]> {
  await lockSeals(trx);
  const events = await findUnsealed(trx, after, BATCH);
  if (events.length === 0) return [];
  let { seq, hash } = (await findLastSeal(trx)) ?? { seq: 0, hash: GENESIS };
  const seals = events.map((event) => {
    const digest = digestOf(event);
    seq += 1;
    hash = hashOf(hash, seq, digest);
    return { seq, eventId: event.id, digest, hash };
  });
  await insertSeals(trx, seals);
  return seals;
}
