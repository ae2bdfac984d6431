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
/** A transaction that inserts an event takes milliseconds; should one take longer than this, a look at everything finds it. */
const LATE_SECONDS = 60;

/**
 * Chains the events that have been committed and are not in the chain yet. Several instances may do so at once: one works,
 * the others wait and find it done. Cut off anywhere, it leaves whole batches, and the next call goes on.
 *
 * The chain's order is the order in which events became visible here, by id among those that came together. A transaction
 * that commits late leaves an event with a lower id and a later place. That is no gap: the chain vouches that what was once
 * sealed is still there, unchanged and in its place, and id and moment of every event are part of what is sealed.
 *
 * @param everything looks at the whole trail, and not only at what is new, for events that were left out
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
