import { sql } from 'kysely';
import type { Scope } from '../access/access.js';
import { inScope } from './requestList.js';
import type { Db } from './schema.js';

/**
 * The request that has waited longest for an approver after one, and from the beginning again after the latest; and how many
 * wait in all. Undefined when none does.
 *
 * @param besides addresses whose requests do not count
 */
export function findNextPending(
  db: Db,
  scope: Scope,
  besides: readonly string[],
  after: string | null,
): Promise<{ id: string; waiting: number } | undefined> {
  let query = inScope(db, scope)
    .select(['id', sql<number>`count(*) over ()::int`.as('waiting')])
    .where('state', '=', 'pending')
    .where(sql<boolean>`address <> all(${besides}::text[])`);
  if (after !== null) {
    query = query.orderBy(
      sql`(created_at, id) <= (select before.created_at, before.id from request as before where before.id = ${after}::uuid)`,
    );
  }
  return query.orderBy('created_at').orderBy('id').limit(1).executeTakeFirst();
}
