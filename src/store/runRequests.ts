import { sql } from 'kysely';
import type { AuditAction } from './auditEvents.js';
import { fromNow } from './fromNow.js';
import { PRIORITY } from './leases.js';
import type { BulkOrder, Db, Problem, RecordedDecision, RequestState, Review } from './schema.js';

/** A request as a run makes it. */
export type RunRequest = {
  id: string;
  position: number;
  /** Hex. */
  tokenHash: string;
  address: string;
  firstName: string;
  lastName: string;
  company: string;
  language: string;
  partner: string | null;
  decision: RecordedDecision;
  review: Review;
  bulk: BulkOrder;
};

/**
 * Makes requests of the rows of a run, due now and behind everybody else, each with its audit event. An address that has an open
 * request gets no other.
 *
 * @returns the ids of the requests that were made
 */
export async function insertRunRequests(
  trx: Db,
  { id, by, policyHash }: { id: string; by: string; policyHash: string },
  requests: readonly RunRequest[],
): Promise<Set<string>> {
  const action: AuditAction = 'request.submitted';
  const { rows } = await sql<{ id: string }>`
    with given as (
      select * from jsonb_to_recordset(${JSON.stringify(requests)}::jsonb) as one (
        id uuid, position int, "tokenHash" text, address text, "firstName" text, "lastName" text, company text,
        language text, partner text, decision jsonb, review jsonb, bulk jsonb)
    ), made as (
      insert into request (id, token_hash, address, first_name, last_name, company, reason, language, partner, decision,
        policy_hash, state, review, run_id, bulk, due_at, priority)
      select id, decode("tokenHash", 'hex'), address, "firstName", "lastName", company, '', language, partner, decision,
        ${policyHash}, 'queued', review, ${id}::uuid, bulk, now() + position * interval '1 microsecond', ${PRIORITY.run}::int
      from given
      -- In one order, so that two runs with the same people do not wait for each other.
      order by address
      on conflict do nothing
      returning id, token_hash
    ), submitted as (
      insert into submission (token_hash, request_id) select token_hash, id from made
    ), recorded as (
      insert into audit_event (request_id, actor, action, detail)
      select id, ${by}, ${action},
        jsonb_build_object('state', 'queued', 'partner', partner, 'policy', ${policyHash}::text, 'run', ${id}::text)
      from given join made using (id)
    ), linked as (
      update run_row set request_id = given.id from given join made using (id)
      where run_id = ${id}::uuid and run_row.position = given.position
    )
    select id from made`.execute(trx);
  return new Set(rows.map((row) => row.id));
}

/** Marks rows whose address has got an open request since the run was previewed. */
export async function markOpen(trx: Db, id: string, positions: readonly number[]): Promise<void> {
  if (positions.length === 0) return;
  await trx
    .updateTable('run_row')
    .set({ outcome: 'open' })
    .where('run_id', '=', id)
    .where('position', 'in', positions)
    .execute();
}

/** The rows of a run that are due, or will be. */
export const isWork = (id: string) =>
  sql<boolean>`run_id = ${id}::uuid and priority = ${sql.lit(PRIORITY.run)} and due_at is not null`;

/** Gives up the rows of a run that were not begun. Those that were go on to their end. */
export async function lapseUnbegun(trx: Db, id: string, problem: Problem): Promise<void> {
  const action: AuditAction = 'request.lapsed';
  await sql`
    with given_up as (
      update request
      set state = 'lapsed', problem = ${JSON.stringify(problem)}::jsonb, due_at = null, version = version + 1, updated_at = now()
      where ${isWork(id)} and state = 'queued' and (lease_until is null or lease_until < now())
        and not exists (select from step where request_id = request.id and attempts > 0)
      returning id
    )
    insert into audit_event (request_id, actor, action, detail)
    select id, 'portal', ${action}, ${JSON.stringify({ problem: problem.code })}::jsonb from given_up`.execute(
    trx,
  );
}

/** Queues the rows of a run again that have failed or are held. Returns how many. */
export async function requeueFailed(trx: Db, id: string, by: string): Promise<number> {
  const action: AuditAction = 'request.retried';
  const { rows } = await sql`
    with again as (
      update request set state = 'queued', problem = null, due_at = now(), priority = ${PRIORITY.run}::int,
        version = version + 1, updated_at = now()
      where run_id = ${id}::uuid and state in ('failed', 'held') and anonymised_at is null
        and (lease_until is null or lease_until < now())
      returning id
    ), reopened as (
      update step set state = 'waiting', attempts = 0, started_at = null, finished_at = null, problem = null
      from again where request_id = again.id and (
        step.state not in ('done', 'unconfirmed')
        -- Days may have gone by: the directory is asked again, unless an invitation may be on its way.
        or step.key = 'lookup' and exists (
          select from step as invitation where invitation.request_id = step.request_id and invitation.key = 'invitation'
            and invitation.state not in ('done', 'unconfirmed') and invitation.detail ->> 'begunAt' is null
            and coalesce(invitation.problem ->> 'code', '') not in ('gaveUp', 'graphUnavailable', 'internal'))
      )
    )
    insert into audit_event (request_id, actor, action, detail)
    select id, ${by}, ${action}, jsonb_build_object('run', ${id}::text) from again returning 1`.execute(trx);
  return rows.length;
}

/** How many rows a run has worked on within the last minute. */
export async function recentPace(db: Db, id: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from request
    where run_id = ${id}::uuid and state not in ('queued', 'lapsed') and updated_at > ${fromNow(-60)}`.execute(
    db,
  );
  return rows[0]?.count ?? 0;
}

/** The requests that an address has open, by address. */
export async function findOpenOf(db: Db, addresses: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await sql<{ address: string; id: string }>`
    select address, id from request
    where address = any(${[...addresses]}::text[]) and state in ('pending', 'queued', 'failed', 'held')`.execute(
    db,
  );
  return new Map(rows.map(({ address, id }) => [address, id]));
}

/**
 * Gives a row's request to the person who has signed up with its address as well: from now on nobody is before it, and it is
 * mailed.
 *
 * @returns its state. A worker that ends it at that moment comes before, and this is the state that it left, or sees afterwards
 *   that somebody has joined.
 */
export async function joinRow(trx: Db, id: string): Promise<RequestState | null> {
  const { rows } = await sql<{ state: RequestState }>`
    update request set bulk = bulk || '{"joined": true, "mail": true}'::jsonb,
      priority = case when due_at is null then priority else ${PRIORITY.person}::int end,
      due_at = case when due_at is null then null else least(due_at, now()) end
    where id = ${id}::uuid and run_id is not null returning state`.execute(trx);
  return rows[0]?.state ?? null;
}
