import { sql } from 'kysely';
import type { AuditEvent } from './auditEvents.js';
import {
  PROVEN_OPEN_STATES,
  type Db,
  type NewRequest,
  type Problem,
  type Proof,
  type RecordedDecision,
  type RequestRow,
  type RequestState,
} from './schema.js';

/**
 * Inserts a request and the event that records it, unless its address has an open request, or one that was
 * provisioned less than `quietSeconds` ago. One that waits for a proof gives way to others of its kind alone.
 * Returns whether it did. One statement for both, because each round trip is
 * a tenth of what accepting a sign-up costs.
 */
export async function insertRequest(
  db: Db,
  request: NewRequest,
  event: Omit<AuditEvent, 'requestId'>,
  quietSeconds: number,
): Promise<boolean> {
  const columns = Object.keys(request) as (keyof NewRequest)[];
  const values = columns.map((column) => sql`${request[column]}`);
  const { rows } = await sql`
    with inserted as (
      insert into request (${sql.join(columns.map((column) => sql.ref(column)))})
      select ${sql.join(values)}
      where not exists (
        select from request
        where address = ${request.address} and state = 'provisioned' and updated_at > ${fromNow(-quietSeconds)}
          and ${request.state} <> 'unproven'
      )
      on conflict do nothing
      returning id
    )
    insert into audit_event (request_id, actor, action, detail)
    select id, ${event.actor}, ${event.action}, ${JSON.stringify(event.detail ?? {})}::jsonb from inserted
    returning id`.execute(db);
  return rows.length === 1;
}

/** What keeps {@link insertRequest} from inserting. */
export function findStandingRequest(
  db: Db,
  { address, state }: Pick<RequestRow, 'address' | 'state'>,
  quietSeconds: number,
): Promise<RequestRow | undefined> {
  return db
    .selectFrom('request')
    .selectAll()
    .where('address', '=', address)
    .where((is) =>
      state === 'unproven'
        ? is('state', '=', 'unproven')
        : is.or([
            is('state', 'in', PROVEN_OPEN_STATES),
            is.and([is('state', '=', 'provisioned'), is('updated_at', '>', fromNow(-quietSeconds))]),
          ]),
    )
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst();
}

export function findRequest(db: Db, id: string): Promise<RequestRow | undefined> {
  return db.selectFrom('request').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Those of the requests with these ids that there are. */
export async function findRequests(db: Db, ids: string[]): Promise<RequestRow[]> {
  if (ids.length === 0) return [];
  return db.selectFrom('request').selectAll().where('id', 'in', ids).execute();
}

/** The latest requests beside one of the same address, or of the same partner. */
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

export function findRequestByToken(db: Db, tokenHash: Buffer): Promise<RequestRow | undefined> {
  return db.selectFrom('request').selectAll().where('token_hash', '=', tokenHash).executeTakeFirst();
}

/** Holds a request that waits for a proof until the transaction ends; nothing when it does not (any more). */
export function lockUnproven(trx: Db, id: string): Promise<RequestRow | undefined> {
  return trx
    .selectFrom('request')
    .selectAll()
    .where('id', '=', id)
    .where('state', '=', 'unproven')
    .forUpdate()
    .executeTakeFirst();
}

/** What a request becomes by its proof. */
export type ProofSettlement = {
  state: RequestState;
  problem: Problem | null;
  proof: Proof;
  decision: RecordedDecision;
  partner: string | null;
  policyHash: string;
};

/** Settles a request that {@link lockUnproven} holds. */
export async function settleProof(trx: Db, id: string, settlement: ProofSettlement): Promise<void> {
  const { state, problem, proof, decision, partner, policyHash } = settlement;
  await trx
    .updateTable('request')
    .set({
      state,
      problem: problem && JSON.stringify(problem),
      proof: JSON.stringify(proof),
      decision: JSON.stringify(decision),
      partner,
      policy_hash: policyHash,
      version: sql<number>`version + 1`,
      due_at: state === 'queued' ? sql<Date>`now()` : null,
      updated_at: sql<Date>`now()`,
    })
    .where('id', '=', id)
    .execute();
}

/** Notes what somebody has shown about the address of a request that had been on its way before. */
export async function noteProof(trx: Db, id: string, proof: Proof): Promise<void> {
  await trx
    .updateTable('request')
    .set({ proof: JSON.stringify(proof) })
    .where('id', '=', id)
    .execute();
}

export async function replaceToken(db: Db, id: string, tokenHash: Buffer): Promise<void> {
  await db.updateTable('request').set({ token_hash: tokenHash }).where('id', '=', id).execute();
}

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
    .executeTakeFirst();
  return numUpdatedRows === 1n;
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

/** A moment on the database's clock. */
function fromNow(seconds: number) {
  return sql<Date>`now() + ${seconds} * interval '1 second'`;
}

/** Holds other transactions that lock the same partner until this one ends. */
export async function lockPartner(trx: Db, partner: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`partner ${partner}`}, 0))`.execute(trx);
}

/** How many requests of a partner count towards its limits, today (UTC) and in all. */
export function countRequestsOfPartner(db: Db, partner: string): Promise<{ today: number; total: number }> {
  return db
    .selectFrom('request')
    .select([
      sql<number>`count(*) filter (where created_at >= date_trunc('day', now(), 'UTC'))::int`.as('today'),
      sql<number>`count(*)::int`.as('total'),
    ])
    .where('partner', '=', partner)
    .where('state', 'not in', ['denied', 'lapsed'])
    .executeTakeFirstOrThrow();
}
