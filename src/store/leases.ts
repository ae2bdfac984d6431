import { randomUUID } from 'node:crypto';
import { sql, type ExpressionBuilder } from 'kysely';
import { fromNow } from './fromNow.js';
import type { Database, Db, Problem, RecordedDecision, RequestRow, RequestState } from './schema.js';

/**
 * Due requests are claimed in the order of priority: first a person who waits in front of a page, then a request that was
 * tried before or decided by staff. The rows of runs are claimed on their own; see `rowClaims.ts`.
 */
export const PRIORITY = { person: 20, later: 10, run: 0 } as const;

/** A request that one worker has claimed, until its lease runs out or its turn ends. */
export type Claim = { request: RequestRow; owner: string };

/**
 * Claims the next due request for `leaseSeconds`. Nothing is claimed while calls to Graph pause.
 *
 * @param exceptPartners partners without a place left in this worker; null stands for requests without a partner
 */
export async function claimRequest(
  db: Db,
  { leaseSeconds, exceptPartners }: { leaseSeconds: number; exceptPartners: (string | null)[] },
): Promise<Claim | null> {
  const owner = randomUUID();
  const excepted = exceptPartners.map((partner) => partner ?? NO_PARTNER);
  const request = await db
    .updateTable('request')
    .set({ lease_owner: owner, lease_until: fromNow(leaseSeconds) })
    .where('id', '=', (of) =>
      of
        .selectFrom('request')
        .select('id')
        .where('due_at', '<=', sql<Date>`now()`)
        .where('priority', '>', PRIORITY.run)
        .where(isUnclaimed)
        .where(sql<boolean>`coalesce(partner, ${NO_PARTNER}) <> all(${excepted}::text[])`)
        .where(sql<boolean>`not exists (select from pause where name = 'graph' and until > now())`)
        .orderBy('priority', 'desc')
        .orderBy('due_at')
        .limit(1)
        .forUpdate()
        .skipLocked(),
    )
    .returningAll()
    .executeTakeFirst();
  return request ? { request, owner } : null;
}

/** No partner has this id. */
const NO_PARTNER = '~';

/** No worker has claimed the request, or its worker has fallen silent. */
export function isUnclaimed(is: ExpressionBuilder<Database, 'request'>) {
  return is.or([is('lease_until', 'is', null), is('lease_until', '<', sql<Date>`now()`)]);
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

/** How a turn ended; with a `dueInSeconds` of null no work is left. */
export type Turn = {
  state: RequestState;
  problem: Problem | null;
  dueInSeconds: number | null;
  guestId: string | null;
  /** Replaces the recorded decision; members that are left out stay. */
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
      // A request that was tried comes after one that was not. A row stays with its run.
      priority: sql<number>`least(priority, ${PRIORITY.later}::int)`,
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

/** Makes a request due that has no work, for a person who waits. Returns false when it is not in one of `from`. */
export async function makeDue(
  db: Db,
  id: string,
  {
    from,
    to,
    inSeconds,
    trace,
  }: { from: readonly RequestState[]; to: RequestState; inSeconds: number; trace: string | null },
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('request')
    .set({
      state: to,
      version: sql<number>`version + 1`,
      problem: null,
      due_at: fromNow(inSeconds),
      priority: PRIORITY.person,
      trace,
      updated_at: sql<Date>`now()`,
    })
    .where('id', '=', id)
    .where('state', 'in', from)
    .where('due_at', 'is', null)
    // An anonymised request has no address to work for.
    .where('anonymised_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Postpones a request whose mailbox got a mail a moment ago. */
export async function awaitMailWindow(trx: Db, id: string, seconds: number): Promise<void> {
  const problem: Problem = { code: 'mailWindow' };
  await trx
    .updateTable('request')
    .set({ due_at: fromNow(seconds), problem: JSON.stringify(problem) })
    .where('id', '=', id)
    .execute();
}

/** Ends every lease. Only for a store that no other process uses: the worker that held one is dead. */
export async function endAllLeases(db: Db): Promise<void> {
  await db
    .updateTable('request')
    .set({ lease_owner: null, lease_until: null })
    .where('lease_owner', 'is not', null)
    .execute();
}
