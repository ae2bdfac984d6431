import { sql } from 'kysely';
import type { Db } from './schema.js';

export type AuditEvent = {
  requestId?: string;
  /** `partner`, `portal`, or `tid/oid` of a signed-in person. */
  actor: string;
  action: AuditAction;
  /** Ids and codes, never addresses, names or typed texts: the trail is kept for ever. */
  detail?: Record<string, unknown>;
};

/**
 * Every action of the audit trail; each has a sentence in `locales/` (`audit.action.<action>`). An action is never renamed,
 * because older events keep its name.
 */
export const AUDIT_ACTIONS = [
  'request.submitted',
  'request.approved',
  'request.retried',
  'request.released',
  'request.dropped',
  'request.guestRestored',
  'request.resend',
  // Proofs, given or refused.
  'request.proven',
  'proof.failed',
  // The new state of a request.
  'request.unproven',
  'request.pending',
  'request.queued',
  'request.provisioned',
  'request.denied',
  'request.failed',
  'request.held',
  'request.lapsed',
  'request.revoked',
  'requests.exported',
  // Of many people at once.
  'run.started',
  'run.paused',
  'run.resumed',
  'run.retried',
  'run.mailed',
  'run.halted',
  'run.stopped',
  'run.finished',
  'run.undone',
  'runs.exported',
  'licences.typed',
  'licences.exported',
  'step.done',
  'step.unconfirmed',
  'step.failed',
  'policy.saved',
  'policy.rolledBack',
  'policy.loaded',
  'policy.refused',
  'notice.sent',
  'notice.failed',
  'signIn.succeeded',
  'signIn.refused',
  'signOut',
  'access.refused',
  'audit.exported',
  'audit.verified',
  'privacy.anonymised',
  'privacy.exported',
  'privacy.erased',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** One cheap insert, in the transaction that it records. The event is sealed later (`audit/seal.ts`). */
export async function insertAuditEvent(db: Db, event: AuditEvent): Promise<void> {
  await db
    .insertInto('audit_event')
    .values({
      request_id: event.requestId ?? null,
      actor: event.actor,
      action: event.action,
      detail: JSON.stringify(event.detail ?? {}),
    })
    .execute();
}

/** An event as its seal covers it: exactly as stored, since JavaScript would change numbers and moments. */
export type AuditRecord = {
  id: string;
  /** ISO 8601 in UTC, to the microsecond. */
  at: string;
  requestId: string | null;
  actor: string;
  action: string;
  /** JSON as PostgreSQL writes a jsonb: keys sorted, numbers digit by digit. */
  detail: string;
};

/** The columns of an {@link AuditRecord}, from `audit_event as e`. Independent of the session's time zone and date style. */
export const recordColumns = sql`
  e.id::text as id, (to_jsonb(e.at at time zone 'UTC') #>> '{}') || 'Z' as at, e.request_id as "requestId",
  e.actor, e.action, e.detail::text as detail`;

/** Narrows a list of events. Moments are ISO 8601; `before` is excluded. */
export type AuditFilter = {
  /** The first part of an action (`request`), or a whole one (`request.approved`). */
  action?: string;
  actor?: string;
  requestId?: string;
  from?: string;
  before?: string;
};

/** An event with its seal, which is made a second later. */
export type SealedRecord = AuditRecord & { seq: number | null; hash: string | null };

/**
 * Up to `limit` events, newest or oldest first, beginning after the event with the id `after`.
 */
export async function findAuditEvents(
  db: Db,
  filter: AuditFilter,
  page: { order: 'newest' | 'oldest'; after: string | null; limit: number },
): Promise<SealedRecord[]> {
  const conditions = conditionsOf(filter);
  const newest = page.order === 'newest';
  if (page.after !== null) {
    const compared = newest ? sql`<` : sql`>`;
    conditions.push(
      sql`(e.at, e.id) ${compared} (select at, id from audit_event where id = ${page.after}::bigint)`,
    );
  }
  const direction = newest ? sql`desc` : sql`asc`;
  const { rows } = await sql<AuditRecord & { seq: string | null; hash: string | null }>`
    select ${recordColumns}, s.seq::text as seq, encode(s.hash, 'hex') as hash
    from audit_event e left join audit_seal s on s.event_id = e.id
    ${conditions.length > 0 ? sql`where ${sql.join(conditions, sql` and `)}` : sql``}
    order by e.at ${direction}, e.id ${direction} limit ${page.limit}`.execute(db);
  return rows.map((row) => ({ ...row, seq: row.seq === null ? null : Number(row.seq) }));
}

function conditionsOf({ action, actor, requestId, from, before }: AuditFilter) {
  const conditions = [];
  if (action !== undefined) {
    // The index has only this first part.
    conditions.push(sql`split_part(e.action, '.', 1) = ${action.split('.')[0]}`);
    if (action.includes('.')) conditions.push(sql`e.action = ${action}`);
  }
  if (actor !== undefined) conditions.push(sql`e.actor = ${actor}`);
  if (requestId !== undefined) conditions.push(sql`e.request_id = ${requestId}::uuid`);
  if (from !== undefined) conditions.push(sql`e.at >= ${from}::timestamptz`);
  if (before !== undefined) conditions.push(sql`e.at < ${before}::timestamptz`);
  return conditions;
}

/** The actors of the trail, each once. It skips through the index, so a long trail costs no more. */
export async function findActors(db: Db, limit: number): Promise<string[]> {
  const { rows } = await sql<{ actor: string }>`
    with recursive found as (
      (select actor from audit_event order by actor limit 1)
      union all
      select (select actor from audit_event where actor > found.actor order by actor limit 1)
      from found where found.actor is not null
    )
    select actor from found where actor is not null limit ${limit}`.execute(db);
  return rows.map(({ actor }) => actor);
}
