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
export async function pauseSecondsLeft(db: Db, names: readonly string[]): Promise<number> {
  const { seconds } = await pausesOf(db, names).executeTakeFirstOrThrow();
  return seconds;
}

/** The query of {@link pauseSecondsLeft}: one row. */
export function pausesOf(db: Pick<Db, 'selectFrom'>, names: readonly string[]) {
  return db
    .selectFrom('pause')
    .select(sql<number>`greatest(0, extract(epoch from max(until) - now()))::float8`.as('seconds'))
    .where('name', '=', sql<string>`any(${[...names]}::text[])`);
}
