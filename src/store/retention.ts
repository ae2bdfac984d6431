import { sql, type RawBuilder } from 'kysely';
import { fromNow } from './fromNow.js';
import { FINISHED_STATES, type Db, type RetentionRunTable } from './schema.js';

/** The kinds of rows that retention removes or anonymises, and counts. */
export type Retained = 'requests' | 'notices' | 'people';
export type RetentionCounts = Record<Retained, number>;

const longAgo = (days: number): RawBuilder<Date> => sql<Date>`now() - ${days}::int * interval '1 day'`;

/**
 * Locks up to `limit` finished requests that have not changed for `days`, until the transaction ends. It skips requests that
 * another transaction has locked; the next run finds them.
 */
export async function lockExpiredRequests(trx: Db, days: number, limit: number): Promise<string[]> {
  const rows = await expiredRequests(trx, days, limit).execute();
  return rows.map(({ id }) => id);
}

/** The statement of {@link lockExpiredRequests}; a test looks at its plan. */
export function expiredRequests(trx: Db, days: number, limit: number) {
  return (
    trx
      .selectFrom('request')
      .select('id')
      .where('anonymised_at', 'is', null)
      // As literals, because the partial index is used only when the planner sees the states.
      .where(sql<boolean>`state in (${sql.join(FINISHED_STATES.map((state) => sql.lit(state)))})`)
      .where('updated_at', '<', longAgo(days))
      // A requested resend has not gone out yet.
      .where('due_at', 'is', null)
      .orderBy('updated_at')
      .limit(limit)
      .forUpdate()
      .skipLocked()
  );
}

/**
 * Deletes up to `limit` notices without a request that ended more than `days` ago, because they name their recipients. The
 * digest of a day stays until that day cannot be planned a second time. Returns how many were deleted.
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

/** Deletes up to `limit` people who have not signed in for `days`. Their object ids stay in what they did. */
export async function deleteExpiredPeople(db: Db, days: number, limit: number): Promise<number> {
  const { rows } = await sql`
    delete from person where key in (
      select key from person where signed_in_at < ${longAgo(days)} limit ${limit} for update skip locked
    ) returning key`.execute(db);
  return rows.length;
}

/** Claims a day's run for `leaseSeconds`. Returns false when it is finished, or another instance has it. */
export async function claimRetentionRun(db: Db, day: string, leaseSeconds: number): Promise<boolean> {
  const { rows } = await sql`
    insert into retention_run as run (day, lease_until) values (${day}, ${fromNow(leaseSeconds)})
    on conflict (day) do update set lease_until = excluded.lease_until
    where run.finished_at is null and (run.lease_until is null or run.lease_until < now())
    returning day`.execute(db);
  return rows.length === 1;
}

/** Releases a day's run that is not finished. */
export async function releaseRetentionRun(db: Db, day: string): Promise<void> {
  await db.updateTable('retention_run').set({ lease_until: null }).where('day', '=', day).execute();
}

/** Adds to the counts of a day's run. Call it in the transaction that it counts, so that a crash loses neither. */
export async function countRetained(trx: Db, day: string, what: Retained, count: number): Promise<void> {
  await trx
    .updateTable('retention_run')
    .set({ [what]: sql<number>`${sql.ref(what)} + ${count}` } as Partial<
      Record<keyof RetentionRunTable, never>
    >)
    .where('day', '=', day)
    .execute();
}

/** Finishes a day's run and returns its counts; undefined when another instance has finished it. */
export function finishRetentionRun(trx: Db, day: string): Promise<RetentionCounts | undefined> {
  return trx
    .updateTable('retention_run')
    .set({ finished_at: sql<Date>`now()` })
    .where('day', '=', day)
    .where('finished_at', 'is', null)
    .returning(['requests', 'notices', 'people'])
    .executeTakeFirst();
}
