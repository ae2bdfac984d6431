import { sql } from 'kysely';
import type { Db, RequestState } from './schema.js';

/** Holds other transactions that lock the same partner until this one ends. */
export async function lockPartner(trx: Db, partner: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`partner ${partner}`}, 0))`.execute(trx);
}

/** Requests that take up no place of a partner's: refused, given up, or of somebody who has yet to show who they are. */
export const WITHOUT_PLACE: readonly RequestState[] = ['unproven', 'denied', 'lapsed'];

/**
 * How many people of a partner take up a place, today (UTC) and in all, without `address`: whoever asks twice takes up one.
 *
 * @param span without `total` only today's requests are read, which is far fewer
 */
export async function countPlacesOfPartner(
  db: Db,
  { partner, address }: { partner: string; address: string },
  span: 'today' | 'total',
): Promise<{ today: number; total: number }> {
  const midnight = sql<Date>`date_trunc('day', now(), 'UTC')`;
  return db
    .selectFrom('request')
    .select([
      sql<number>`(count(distinct address) filter (where created_at >= ${midnight}))::int`.as('today'),
      sql<number>`count(distinct address)::int`.as('total'),
    ])
    .where('partner', '=', partner)
    .where('address', '<>', address)
    .where('state', 'not in', WITHOUT_PLACE)
    .where('keeps_place', '=', true)
    .$if(span === 'today', (query) => query.where('created_at', '>=', midnight))
    .executeTakeFirstOrThrow();
}
