import { sql } from 'kysely';
import type { Db, RequestState } from './schema.js';

/** Makes other transactions that lock the same partner wait until this one ends. */
export async function lockPartner(trx: Db, partner: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`partner ${partner}`}, 0))`.execute(trx);
}

/** States in which a request takes up no place of its partner. */
export const WITHOUT_PLACE: readonly RequestState[] = ['unproven', 'denied', 'lapsed'];

/**
 * Counts the people who take up a place of a partner, today (UTC) and in all, without `address`. A person takes up one place,
 * however many requests they have.
 *
 * @param span `today` reads only today's requests, which are far fewer
 */
export async function countPlacesOfPartner(
  db: Db,
  { partner, address }: { partner: string; address: string },
  span: 'today' | 'total',
): Promise<{ today: number; total: number }> {
  const midnight = sql<Date>`date_trunc('day', now(), 'UTC')`;
  // A place is taken with the proof, which may come the day after the form.
  const taken = sql<Date>`greatest(created_at, (proof ->> 'at')::timestamptz)`;
  return db
    .selectFrom('request')
    .select([
      sql<number>`(count(distinct address) filter (where ${taken} >= ${midnight}))::int`.as('today'),
      sql<number>`count(distinct address)::int`.as('total'),
    ])
    .where('partner', '=', partner)
    .where('address', '<>', address)
    .where('state', 'not in', WITHOUT_PLACE)
    .where('keeps_place', '=', true)
    .$if(span === 'today', (query) =>
      // Unproven requests lapse after a day, so that none of today's places is older.
      query
        .where('created_at', '>=', sql<Date>`${midnight} - interval '2 days'`)
        .where(taken, '>=', midnight),
    )
    .executeTakeFirstOrThrow();
}
