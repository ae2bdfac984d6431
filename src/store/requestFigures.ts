import { sql } from 'kysely';
import type { Scope } from '../access/access.js';
import { isUnclaimed } from './leases.js';
import { inScope } from './requestList.js';
import { fromNow } from './fromNow.js';
import { OPEN_STATES, type Db, type RequestState } from './schema.js';

/** How many open requests are in a state, and when the oldest of them came. */
export type Standing = { state: RequestState; count: number; oldest: Date };

/** The open requests by state. */
export function countOpenRequests(db: Db, scope: Scope): Promise<Standing[]> {
  return inScope(db, scope)
    .select(['state', sql<number>`count(*)::int`.as('count'), sql<Date>`min(created_at)`.as('oldest')])
    .where('state', 'in', OPEN_STATES)
    .groupBy('state')
    .orderBy('state')
    .execute();
}

/** How many requests wait for an approver. */
export async function countPending(db: Db, scope: Scope): Promise<number> {
  const { count } = await inScope(db, scope)
    .select(sql<number>`count(*)::int`.as('count'))
    .where('state', '=', 'pending')
    .executeTakeFirstOrThrow();
  return count;
}

/**
 * Requests that have been due for `seconds` and that no worker has claimed: how many, and how long the oldest has been due. If
 * there are any, the queue does not keep up, or stands still.
 */
export function findOverdue(
  db: Db,
  scope: Scope,
  seconds: number,
): Promise<{ count: number; oldestSeconds: number }> {
  return inScope(db, scope)
    .select([
      sql<number>`count(*)::int`.as('count'),
      sql<number>`coalesce(extract(epoch from now() - min(due_at)), 0)::float8`.as('oldestSeconds'),
    ])
    .where('due_at', '<=', fromNow(-seconds))
    .where(isUnclaimed)
    .executeTakeFirstOrThrow();
}

/** The problems of open requests, the commonest first; that an approver holds one is a decision and no problem. */
export function countProblems(db: Db, scope: Scope): Promise<{ code: string; count: number }[]> {
  return inScope(db, scope)
    .select([sql<string>`problem ->> 'code'`.as('code'), sql<number>`count(*)::int`.as('count')])
    .where('state', 'in', OPEN_STATES)
    .where(sql`problem ->> 'code'`, '<>', 'heldByReviewer')
    .groupBy(sql`problem ->> 'code'`)
    .orderBy(sql`count(*) desc, 1`)
    .execute();
}

/**
 * Why requests wait for an approver though the policy alone would have invited them: reasons of limits and guards, such as
 * `limit.perDay`, the commonest first.
 */
export function countSetAside(db: Db, scope: Scope): Promise<{ code: string; count: number }[]> {
  const code = sql<string>`beside.code #>> '{}'`;
  return inScope(db, scope)
    .innerJoin(SET_ASIDE, (join) => join.onTrue())
    .select([code.as('code'), sql<number>`count(*)::int`.as('count')])
    .where('state', '=', 'pending')
    .groupBy(code)
    .orderBy(sql`count(*) desc, 1`)
    .execute();
}

const SET_ASIDE = sql<{ code: unknown }>`jsonb_path_query(
  decision, '$.reasons[*].code ? (@ starts with "limit." || @ starts with "guard.")'
)`.as<'beside'>(sql`beside(code)`);

/** The present day by the database's clock, in UTC, as `2026-01-31`. */
export async function currentDay(db: Db): Promise<string> {
  const { rows } = await sql<{ day: string }>`
    select to_char(now() at time zone 'UTC', 'YYYY-MM-DD') as day`.execute(db);
  return rows[0]?.day ?? '';
}

/** How many requests of a partner came on a day (UTC, `2026-01-31`) and are in a state now. */
export type SignUps = { day: string; partner: string | null; state: RequestState; count: number };

/** The requests that came since the beginning of a day (UTC), of every partner or of one. */
export function countSignUps(
  db: Db,
  scope: Scope,
  since: string,
  partner: string | undefined,
): Promise<SignUps[]> {
  const day = sql`(created_at at time zone 'UTC')::date`;
  let query = inScope(db, scope).where('created_at', '>=', sql<Date>`${since}::timestamp at time zone 'UTC'`);
  if (partner !== undefined) query = query.where('partner', '=', partner);
  return query
    .select([sql<string>`to_char(${day}, 'YYYY-MM-DD')`.as('day'), 'partner', 'state'])
    .select(sql<number>`count(*)::int`.as('count'))
    .groupBy([day, 'partner', 'state'])
    .execute();
}
