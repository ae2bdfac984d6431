import { sql, type RawBuilder } from 'kysely';
import type { AuditEvent } from './auditEvents.js';
import { mailboxOf, reservation, type MailLimits } from './mailboxes.js';
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

/** A request that was inserted; `mailInSeconds`: how long its mail has to wait for its turn, 0 or less when it may go now. */
export type Inserted = { mailInSeconds: number };

/**
 * Inserts a request and the event that records it, unless its address has an open request, or one that was
 * provisioned less than `quietSeconds` ago. One that waits for a proof gives way to others of its kind alone. With
 * `mails` a mail to the address is reserved for it within those limits. Returns null when it was not inserted.
 *
 * One statement for all of it, because each round trip is a tenth of what accepting a sign-up costs. It looks at the address
 * as it was when the statement began: a request that is being provisioned at that very moment can escape it, which
 * {@link findStandingRequest} tells afterwards.
 */
export async function insertRequest(
  db: Db,
  request: NewRequest,
  event: Omit<AuditEvent, 'requestId'>,
  quietSeconds: number,
  mails: MailLimits | null = null,
): Promise<Inserted | null> {
  const columns = Object.keys(request) as (keyof NewRequest)[];
  const values = columns.map((column) => sql`${request[column]}`);
  const reserved = mails && reservation(mailboxOf(request.address), mails, sql`from inserted`);
  const { rows } = await sql<Inserted>`
    with inserted as (
      insert into request (${sql.join(columns.map((column) => sql.ref(column)))})
      select ${sql.join(values)}
      where not exists (
        select from request
        where address = ${request.address} and ${hasJustEnded(quietSeconds)}
          and ${request.state} <> 'unproven'
      )
      on conflict do nothing
      returning id
    ), recorded as (
      insert into audit_event (request_id, actor, action, detail)
      select id, ${event.actor}, ${event.action}, ${JSON.stringify(event.detail ?? {})}::jsonb from inserted
    ), reserved as (
      ${reserved ?? sql`select clock_timestamp() as at from inserted`}
    )
    select extract(epoch from reserved.at - clock_timestamp())::float8 as "mailInSeconds"
    from inserted, reserved`.execute(db);
  return rows[0] ?? null;
}

/**
 * What keeps {@link insertRequest} from inserting a request, or would have, had it been looked at later: another open
 * request of the address, or one that was provisioned just now.
 */
export function findStandingRequest(
  db: Db,
  { id, address, state }: Pick<RequestRow, 'id' | 'address' | 'state'>,
  quietSeconds: number,
): Promise<RequestRow | undefined> {
  return db
    .selectFrom('request')
    .selectAll()
    .where('address', '=', address)
    .where('id', '<>', id)
    .where((is) =>
      state === 'unproven'
        ? is('state', '=', 'unproven')
        : is.or([is('state', 'in', PROVEN_OPEN_STATES), hasJustEnded(quietSeconds)]),
    )
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/**
 * Whether a request was provisioned less than `seconds` ago, or refused because of what the directory knows of its address:
 * if these did not stand in the way of another one just the same, asking twice would tell.
 */
function hasJustEnded(seconds: number): RawBuilder<boolean> {
  return sql<boolean>`(
    (state = 'provisioned' or (state = 'denied' and problem ->> 'code' <> 'policyChanged'))
    and updated_at > ${fromNow(-seconds)})`;
}

/** Takes an open request out of the way of a new one of its address. Returns false when it is not in one of `from` any more. */
export async function supersede(trx: Db, id: string, from: RequestState[]): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('request')
    .set({
      state: 'lapsed',
      version: sql<number>`version + 1`,
      problem: JSON.stringify({ code: 'superseded' }),
    })
    .where('id', '=', id)
    .where('state', 'in', from)
    .where('due_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** The request that one of the same address has given way to. */
export function findSuccessor(
  db: Db,
  { id, address }: Pick<RequestRow, 'id' | 'address'>,
): Promise<RequestRow | undefined> {
  return db
    .selectFrom('request')
    .selectAll()
    .where('address', '=', address)
    .where('id', '<>', id)
    .where('state', 'not in', ['unproven', 'lapsed'])
    .orderBy('updated_at', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Puts the work on a request off. */
export async function postpone(trx: Db, id: string, seconds: number): Promise<void> {
  await trx
    .updateTable('request')
    .set({ due_at: fromNow(seconds) })
    .where('id', '=', id)
    .execute();
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

/** Requests that take up no place of a partner's: refused, given up, or of somebody who has yet to show who they are. */
const WITHOUT_PLACE: RequestState[] = ['unproven', 'denied', 'lapsed'];

/**
 * How many people of a partner take up a place, today (UTC) and in all, without `address`: whoever asks twice takes up one.
 *
 * @param span without `total` only today's requests are read, which is far fewer
 */
export async function countPlacesOfPartner(
  db: Db,
  { partner, address }: { partner: string; address: string },
  span: 'today' | 'total',
): Promise<{ today: number; total: number }> {
  const midnight = sql<Date>`date_trunc('day', now(), 'UTC')`;
  return db
    .selectFrom('request')
    .select([
      sql<number>`(count(distinct address) filter (where created_at >= ${midnight}))::int`.as('today'),
      sql<number>`count(distinct address)::int`.as('total'),
    ])
    .where('partner', '=', partner)
    .where('address', '<>', address)
    .where('state', 'not in', WITHOUT_PLACE)
    .$if(span === 'today', (query) => query.where('created_at', '>=', midnight))
    .executeTakeFirstOrThrow();
}
