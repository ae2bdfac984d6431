import type { Db, RequestState } from './schema.js';

const OPEN: RequestState[] = ['unproven', 'pending', 'queued', 'failed', 'held'];

/** How many requests of a partner are open, by state; states without any are left out. */
export async function countOpenRequests(
  db: Db,
  partner: string,
): Promise<{ state: RequestState; count: number }[]> {
  const rows = await db
    .selectFrom('request')
    .select(['state', (count) => count.fn.countAll<string>().as('count')])
    .where('partner', '=', partner)
    .where('state', 'in', OPEN)
    .groupBy('state')
    .orderBy('state')
    .execute();
  return rows.map(({ state, count }) => ({ state, count: Number(count) }));
}
