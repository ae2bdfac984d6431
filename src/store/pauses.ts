import { sql } from 'kysely';
import { fromNow } from './fromNow.js';
import type { Db } from './schema.js';

/** Stops every worker's calls to `name` for `seconds`. A longer pause that has begun stays. */
export async function insertPause(db: Db, name: string, seconds: number): Promise<void> {
  const until = fromNow(seconds);
  await db
    .insertInto('pause')
    .values({ name, until })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet({ until: sql<Date>`greatest(pause.until, excluded.until)` }),
    )
    .execute();
}

/** The seconds left of the longest of these pauses; 0 without one. */
export async function pauseSecondsLeft(db: Db, names: string[]): Promise<number> {
  const row = await db
    .selectFrom('pause')
    .select(sql<number>`coalesce(extract(epoch from max(until) - now()), 0)::float8`.as('left'))
    .where('name', 'in', names)
    .executeTakeFirst();
  return Math.max(0, row?.left ?? 0);
}
