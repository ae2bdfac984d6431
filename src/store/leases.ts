import { sql } from 'kysely';
import { fromNow } from './fromNow.js';
import type { Db, Problem, RecordedDecision, RequestRow, RequestState } from './schema.js';

/**
 * Lends a request that has work due to one worker for `leaseSeconds`. Returns it, or nothing when there
 * is no work, it is not due yet, or another worker has it.
 */
export function leaseRequest(
  db: Db,
  id: string,
  owner: string,
  leaseSeconds: number,
): Promise<RequestRow | undefined> {
  return db
    .updateTable('request')
    .set({ lease_owner: owner, lease_until: fromNow(leaseSeconds) })
    .where('id', '=', id)
    .where('due_at', '<=', sql<Date>`now()`)
    .where((or) => or.or([or('lease_until', 'is', null), or('lease_until', '<', sql<Date>`now()`)]))
    .returningAll()
    .executeTakeFirst();
}

/** Prolongs a lease. Returns false when it has passed to another worker. */
export async function renewLease(db: Db, id: string, owner: string, leaseSeconds: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('request')
    .set({ lease_until: fromNow(leaseSeconds) })
    .where('id', '=', id)
    .where('lease_owner', '=', owner)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** What ends a worker's turn with a request; a `dueInSeconds` of null means that no work is left. */
export type Turn = {
  state: RequestState;
  problem: Problem | null;
  dueInSeconds: number | null;
  guestId: string | null;
  /** Replaces what is recorded of the decision; what is left out stays. */
  decided?: { decision: RecordedDecision; partner?: string | null; policy_hash?: string };
};

/** Ends a worker's turn. Returns false when the lease has passed to another worker; nothing changed then. */
export async function endTurn(db: Db, id: string, owner: string, turn: Turn): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('request')
    .set({
      state: turn.state,
      version: sql<number>`version + case when state = ${turn.state} then 0 else 1 end`,
      problem: turn.problem && JSON.stringify(turn.problem),
      due_at: turn.dueInSeconds === null ? null : fromNow(turn.dueInSeconds),
      guest_id: turn.guestId,
      ...(turn.decided && {
        ...turn.decided,
        decision: JSON.stringify(turn.decided.decision),
      }),
      lease_owner: null,
      lease_until: null,
      updated_at: sql<Date>`now()`,
    })
    .where('id', '=', id)
    .where('lease_owner', '=', owner)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Marks a request as having work to do now, if it is in one of `from`. Returns whether it was. */
export async function makeDue(db: Db, id: string, from: RequestState[], to: RequestState): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('request')
    .set({
      state: to,
      version: sql<number>`version + 1`,
      problem: null,
      due_at: sql<Date>`now()`,
      updated_at: sql<Date>`now()`,
    })
    .where('id', '=', id)
    .where('state', 'in', from)
    .where('due_at', 'is', null)
    // Whoever it was for is no longer known.
    .where('anonymised_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Puts the work on a request off. */
export async function postpone(trx: Db, id: string, seconds: number): Promise<void> {
  await trx
    .updateTable('request')
    .set({ due_at: fromNow(seconds) })
    .where('id', '=', id)
    .execute();
}

/** Requests whose work has been due for `seconds` and that no worker holds: their job was lost or cut off. */
export async function findAbandoned(db: Db, seconds: number, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('request')
    .select('id')
    .where('due_at', '<', fromNow(-seconds))
    .where((or) => or.or([or('lease_until', 'is', null), or('lease_until', '<', sql<Date>`now()`)]))
    .orderBy('due_at')
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

/** Ends every lease. Only for a store that no other process works on: whoever held one is dead. */
export async function endAllLeases(db: Db): Promise<void> {
  await db
    .updateTable('request')
    .set({ lease_owner: null, lease_until: null })
    .where('lease_owner', 'is not', null)
    .execute();
}
