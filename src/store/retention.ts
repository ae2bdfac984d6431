import { sql, type RawBuilder } from 'kysely';
import { fromNow, FINISHED_STATES, type Db, type RetentionRunTable } from './schema.js';

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

/** Claims a day's retention for `leaseSeconds`. Returns false when it is over, or another instance has it. */
export async function claimRetentionRun(db: Db, day: string, leaseSeconds: number): Promise<boolean> {
  const { rows } = await sql`
    insert into retention_run as run (day, lease_until) values (${day}, ${fromNow(leaseSeconds)})
    on conflict (day) do update set lease_until = excluded.lease_until
    where run.finished_at is null and (run.lease_until is null or run.lease_until < now())
    returning day`.execute(db);
  return rows.length === 1;
}

/** Gives back a day's retention that is not over. */
export async function releaseRetentionRun(db: Db, day: string): Promise<void> {
  await db.updateTable('retention_run').set({ lease_until: null }).where('day', '=', day).execute();
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
