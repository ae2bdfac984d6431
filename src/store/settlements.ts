import { sql } from 'kysely';
import { isUnclaimed, PRIORITY } from './leases.js';
import type { Db, Problem, RequestState, Review } from './schema.js';

/** What a person makes of a request. Members that are left out stay as they are. */
export type Settlement = {
  state: RequestState;
  problem: Problem | null;
  /** Whether there is work now. */
  due: boolean;
  /** The trace in which it was decided. */
  trace: string | null;
  review?: Review;
  partner?: string;
};

/**
 * Settles what a person has decided, if the request still is what the person saw: in this version, in one of `from`, and in
 * no worker's hands. Returns whether it was. A worker that has fallen silent loses it for good.
 */
export async function settleRequest(
  db: Db,
  { id, version, from }: { id: string; version: number; from: readonly RequestState[] },
  { state, problem, due, trace, review, partner }: Settlement,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('request')
    .set({
      state,
      version: version + 1,
      problem: problem && JSON.stringify(problem),
      due_at: due ? sql<Date>`now()` : null,
      priority: PRIORITY.later,
      trace,
      lease_owner: null,
      lease_until: null,
      updated_at: sql<Date>`now()`,
      ...(review && { review: JSON.stringify(review) }),
      ...(partner !== undefined && { partner }),
    })
    .where('id', '=', id)
    .where('version', '=', version)
    .where('state', 'in', from)
    .where(isUnclaimed)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}
