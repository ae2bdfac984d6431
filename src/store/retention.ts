import { sql, type RawBuilder } from 'kysely';
import { FINISHED_STATES, type Db, type RetentionRunTable } from './schema.js';

/** What retention works on, and counts. */
export type Retained = 'requests' | 'notices' | 'people';
export type RetentionCounts = Record<Retained, number>;

const longAgo = (days: number): RawBuilder<Date> => sql<Date>`now() - ${days}::int * interval '1 day'`;

/**
 * Holds up to `limit` requests, until the transaction ends, that finished and have not changed for `days`. One that somebody
 * holds is left to the next look.
 */
export async function lockExpiredRequests(trx: Db, days: number, limit: number): Promise<string[]> {
  const rows = await expiredRequests(trx, days, limit).execute();
  return rows.map(({ id }) => id);
}

/** The statement of {@link lockExpiredRequests}, for whoever wants its plan. */
export function expiredRequests(trx: Db, days: number, limit: number) {
  return (
    trx
      .selectFrom('request')
      .select('id')
      .where('anonymised_at', 'is', null)
      // As literals: a plan that does not know them could not use the index that is for them alone.
      .where(sql<boolean>`state in (${sql.join(FINISHED_STATES.map((state) => sql.lit(state)))})`)
      .where('updated_at', '<', longAgo(days))
      // A mail that was asked for again is yet to go out.
      .where('due_at', 'is', null)
      .orderBy('updated_at')
      .limit(limit)
      .forUpdate()
      .skipLocked()
  );
}

/**
 * Deletes up to `limit` notices that ended longer than `days` ago: those of no request name the people who were written to.
 * A digest of a day goes on standing for it until nobody could plan that day's again. Returns how many there were.
 */
export async function deleteExpiredNotices(db: Db, days: number, limit: number): Promise<number> {
  const { rows } = await sql`
    delete from notice where id in (
      select id from notice
      where finished_at < ${longAgo(Math.max(days, 2))} and request_id is null
      limit ${limit} for update skip locked
    ) returning id`.execute(db);
  return rows.length;
}

/** Deletes up to `limit` of the people who have not signed in for `days`; their object ids stay where they acted. */
export async function deleteExpiredPeople(db: Db, days: number, limit: number): Promise<number> {
  const { rows } = await sql`
    delete from person where key in (
      select key from person where signed_in_at < ${longAgo(days)} limit ${limit} for update skip locked
    ) returning key`.execute(db);
  return rows.length;
}

/** Begins a day's retention, or goes on with it. Returns false when it is over. */
export async function beginRetentionRun(db: Db, day: string): Promise<boolean> {
  await db
    .insertInto('retention_run')
    .values({ day })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const { finished_at } = await db
    .selectFrom('retention_run')
    .select('finished_at')
    .where('day', '=', day)
    .executeTakeFirstOrThrow();
  return finished_at === null;
}

/** Adds to what a day's retention has come to; in the transaction of what it counts, so that no crash loses any of it. */
export async function countRetained(trx: Db, day: string, what: Retained, count: number): Promise<void> {
  await trx
    .updateTable('retention_run')
    .set({ [what]: sql<number>`${sql.ref(what)} + ${count}` } as Partial<
      Record<keyof RetentionRunTable, never>
    >)
    .where('day', '=', day)
    .execute();
}

/** Ends a day's retention. Returns what it came to; nothing when another instance has ended it. */
export function finishRetentionRun(trx: Db, day: string): Promise<RetentionCounts | undefined> {
  return trx
    .updateTable('retention_run')
    .set({ finished_at: sql<Date>`now()` })
    .where('day', '=', day)
    .where('finished_at', 'is', null)
    .returning(['requests', 'notices', 'people'])
    .executeTakeFirst();
}
