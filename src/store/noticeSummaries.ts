import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { fromNow } from './fromNow.js';
import type { Db } from './schema.js';

/** Makes other transactions that lock the same recipient wait until this one ends. */
export async function lockRecipient(trx: Db, recipient: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`notices to ${recipient}`}, 0))`.execute(trx);
}

/** How many mails about single requests have begun to flow to a person in the last `seconds`. */
export async function countBegun(db: Db, recipient: string, seconds: number): Promise<number> {
  const { count } = await db
    .selectFrom('notice')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('recipient', '=', recipient)
    .where('kind', '=', 'waiting')
    .where('begun_at', '>', fromNow(-seconds))
    .executeTakeFirstOrThrow();
  return count;
}

/** Adds a partner to the summary that waits to go to a person. Returns false when there is none. */
export async function extendSummary(db: Db, recipient: string, partner: string | null): Promise<boolean> {
  const added = sql`${JSON.stringify([partner])}::jsonb`;
  const { numUpdatedRows } = await db
    .updateTable('notice')
    .set({ partners: sql`case when partners @> ${added} then partners else partners || ${added} end` })
    .where('recipient', '=', recipient)
    .where('kind', '=', 'digest')
    .where('period', 'like', 'flood %')
    .where('state', '=', 'waiting')
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Queues a summary for a person, which replaces the mails of the next `seconds`. */
export async function insertSummary(
  db: Db,
  recipient: string,
  partner: string | null,
  seconds: number,
): Promise<void> {
  const id = randomUUID();
  await db
    .insertInto('notice')
    .values({
      id,
      kind: 'digest',
      period: `flood ${id}`,
      recipient,
      partners: JSON.stringify([partner]),
      due_at: fromNow(seconds),
    })
    .execute();
}

/** The partners whose requests wait for a decision; null stands for requests without a partner. */
export async function findWaitingPartners(db: Db): Promise<(string | null)[]> {
  const rows = await db
    .selectFrom('request')
    .select('partner')
    .distinct()
    .where('state', '=', 'pending')
    .execute();
  return rows.map(({ partner }) => partner);
}

export type WaitingRequests = { partner: string | null; count: number; since: Date };

/** How many requests of these partners wait, and since when, without requests of the recipient's own `addresses`. */
export function countWaiting(
  db: Db,
  partners: (string | null)[],
  addresses: string[],
): Promise<WaitingRequests[]> {
  const ids = partners.filter((partner) => partner !== null);
  return db
    .selectFrom('request')
    .select(['partner', sql<number>`count(*)::int`.as('count'), sql<Date>`min(created_at)`.as('since')])
    .where('state', '=', 'pending')
    .where((is) =>
      is.or([
        is('partner', '=', sql<string>`any(${ids}::text[])`),
        ...(ids.length < partners.length ? [is('partner', 'is', null)] : []),
      ]),
    )
    .where('address', '<>', sql<string>`all(${addresses}::text[])`)
    .groupBy('partner')
    .orderBy('since')
    .execute();
}
