import { sql } from 'kysely';
import { NOBODYS_DOMAIN } from './anonymise.js';
import type { AuditAction } from './auditEvents.js';
import { isUnclaimed, PRIORITY } from './leases.js';
import { fromNow } from './fromNow.js';
import {
  PROVEN_OPEN_STATES,
  type Db,
  type Problem,
  type Proof,
  type RecordedDecision,
  type RequestRow,
  type RequestState,
  type Review,
} from './schema.js';

export function findRequest(db: Db, id: string): Promise<RequestRow | undefined> {
  return db.selectFrom('request').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The requests with these ids that exist. */
export async function findRequests(db: Db, ids: string[]): Promise<RequestRow[]> {
  if (ids.length === 0) return [];
  return db.selectFrom('request').selectAll().where('id', 'in', ids).execute();
}

/** The latest other requests of the same address, or of the same partner. */
export function findRelatedRequests(
  db: Db,
  request: Pick<RequestRow, 'id' | 'address' | 'partner'>,
  by: 'address' | 'partner',
  limit: number,
): Promise<RequestRow[]> {
  return db
    .selectFrom('request')
    .selectAll()
    .where(by, '=', request[by])
    .where('id', '!=', request.id)
    .orderBy('created_at', 'desc')
    .limit(limit)
    .execute();
}

/** Locks a request until the transaction ends, if it waits for a proof. */
export function lockUnproven(trx: Db, id: string): Promise<RequestRow | undefined> {
  return trx
    .selectFrom('request')
    .selectAll()
    .where('id', '=', id)
    .where('state', '=', 'unproven')
    .forUpdate()
    .executeTakeFirst();
}

/** What a proof makes of a request. */
export type ProofOutcome = {
  state: RequestState;
  problem: Problem | null;
  proof: Proof;
  decision: RecordedDecision;
  partner: string | null;
  policyHash: string;
  /** The trace in which the proof was given. */
  trace: string | null;
};

/** Records the proof of a request that {@link lockUnproven} has locked. */
export async function recordProof(trx: Db, id: string, outcome: ProofOutcome): Promise<void> {
  const { state, problem, proof, decision, partner, policyHash, trace } = outcome;
  await trx
    .updateTable('request')
    .set({
      state,
      problem: problem && JSON.stringify(problem),
      proof: JSON.stringify(proof),
      decision: JSON.stringify(decision),
      partner,
      policy_hash: policyHash,
      trace,
      version: sql<number>`version + 1`,
      due_at: state === 'queued' ? sql<Date>`now()` : null,
      updated_at: sql<Date>`now()`,
    })
    .where('id', '=', id)
    .execute();
}

/**
 * Stores a proof for a request that did not wait for one. Returns false when the request was anonymised meanwhile and has no
 * address any more.
 */
export async function noteProof(trx: Db, id: string, proof: Proof): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('request')
    .set({ proof: JSON.stringify(proof) })
    .where('id', '=', id)
    .where('anonymised_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Locks a request until the transaction ends, so that simultaneous resends are counted one after the other. */
export function lockRequest(trx: Db, id: string): Promise<RequestRow> {
  return trx.selectFrom('request').selectAll().where('id', '=', id).forUpdate().executeTakeFirstOrThrow();
}

/** Marks a request as changed, as work on it does. */
export async function touchRequest(trx: Db, id: string): Promise<void> {
  await trx
    .updateTable('request')
    .set({ updated_at: sql<Date>`now()` })
    .where('id', '=', id)
    .execute();
}

const LAPSED: AuditAction = 'request.lapsed';

/**
 * Lapses up to `limit` requests that have been unproven for `seconds`, oldest first, with their audit events. It skips locked
 * requests, so a proof that arrives at the last moment counts. Returns how many lapsed.
 */
export async function lapseOverdue(db: Db, seconds: number, limit: number): Promise<number> {
  const { rows } = await sql`
    with overdue as (
      select id from request
      where state = 'unproven' and created_at < ${fromNow(-seconds)}
        -- The mail may have waited for its turn.
        and (slot_at is null or slot_at < ${fromNow(-seconds)})
      order by created_at limit ${limit}
      for update skip locked
    ), lapsed as (
      update request
      set state = 'lapsed', problem = null, version = version + 1, due_at = null, updated_at = now()
      from overdue where request.id = overdue.id
      returning request.id
    )
    insert into audit_event (request_id, actor, action, detail)
    select id, 'portal', ${LAPSED}, '{}'::jsonb from lapsed
    returning id`.execute(db);
  return rows.length;
}

/** What a review makes of a request. Members that are left out stay as they are. */
export type ReviewOutcome = {
  state: RequestState;
  problem: Problem | null;
  /** Whether the request is due now. */
  due: boolean;
  /** The trace in which the approver decided. */
  trace: string | null;
  review?: Review;
  partner?: string;
};

/**
 * Records a review, if the request is still as the approver saw it: in this version, in one of the states `from`, and claimed
 * by no worker. A worker that has fallen silent loses its claim. Returns whether it was recorded.
 */
export async function recordReview(
  db: Db,
  { id, version, from }: { id: string; version: number; from: readonly RequestState[] },
  { state, problem, due, trace, review, partner }: ReviewOutcome,
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

export type LastRequest = {
  id: string;
  address: string;
  partner: string | null;
  state: RequestState;
  proof: Proof | null;
  created_at: Date;
  anonymised_at: Date | null;
};

/** The newest requests whose domain is still stored, newest first. */
export function findLastRequests(db: Db, limit: number): Promise<LastRequest[]> {
  return db
    .selectFrom('request')
    .select(['id', 'address', 'partner', 'state', 'proof', 'created_at', 'anonymised_at'])
    .where((is) => is.or([is('anonymised_at', 'is', null), is('address', 'not like', `%@${NOBODYS_DOMAIN}`)]))
    .orderBy('created_at', 'desc')
    .limit(limit)
    .execute();
}

/** The request of an address in which work is left, if there is one. */
export function findProvenOpen(db: Db, address: string): Promise<Pick<RequestRow, 'id'> | undefined> {
  return db
    .selectFrom('request')
    .select('id')
    .where('address', '=', address)
    .where('state', 'in', PROVEN_OPEN_STATES)
    .executeTakeFirst();
}
