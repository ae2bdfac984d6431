import { sql } from 'kysely';
import type { Db } from './schema.js';

/**
 * Gives a new request its turn: now, or an hour after the request that is `perHour` before it among those of the domain. So no
 * hour, wherever it begins, has more of them. Other requests of the domain wait until the transaction ends.
 *
 * @returns when its turn is, and how many seconds that is away; 0 for now
 */
export async function takeSlot(
  trx: Db,
  { id, domain, perHour }: { id: string; domain: string; perHour: number },
): Promise<{ at: Date; waitSeconds: number }> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`pace ${domain}`}, 0))`.execute(trx);
  const { rows } = await sql<{ at: Date; waitSeconds: number }>`
    update request set paced_domain = ${domain}, slot_at = greatest(clock_timestamp(), (
      select before.slot_at + interval '1 hour' from request as before
      where before.paced_domain = ${domain} and before.slot_at > (select clock_timestamp() - interval '1 hour')
        -- A turn that is given up is free again. By the clock: this transaction may have begun before turns that others took.
        and (before.slot_at <= clock_timestamp() or before.problem ->> 'code' = 'paced')
      order by before.slot_at desc offset ${perHour - 1}::int limit 1
    ))
    where id = ${id}::uuid
    returning slot_at as at, greatest(0, extract(epoch from slot_at - clock_timestamp()))::float8 as "waitSeconds"`.execute(
    trx,
  );
  const [slot] = rows;
  if (!slot) throw new Error('A request has no turn');
  return slot;
}

/** The requests of a domain that wait for their turn. */
export type Paced = { domain: string; count: number; until: Date };

const WAITS = sql<boolean>`slot_at > now() and state in ('queued', 'unproven') and problem ->> 'code' = 'paced'`;

/** What waits for its turn, by domain, the most first. */
export async function listPaced(db: Db): Promise<Paced[]> {
  const { rows } = await sql<Paced>`
    select paced_domain as domain, count(*)::int as count, max(slot_at) as until
    from request where paced_domain is not null and ${WAITS}
    group by paced_domain order by count desc, domain`.execute(db);
  return rows;
}

/** Marks a request as one that waits for its turn, and makes it due then; an unproven one has no work to be due. */
export async function awaitSlot(trx: Db, id: string, waitSeconds: number): Promise<void> {
  await sql`
    update request set problem = '{"code": "paced"}',
      due_at = case when state = 'queued' then clock_timestamp() + ${waitSeconds}::float8 * interval '1 second' end
    where id = ${id}::uuid`.execute(trx);
}

/** When the mailbox of a request may get the mail that was reserved for it; see `store/mailboxes.ts`. */
const MAIL_AT = sql<Date>`greatest(now(), (
  select mailed_at from mailbox where address_hash = sha256(convert_to(request.address, 'UTF8'))
))`;

/** Gives one request its turn now, if it waits for one. */
export async function releaseRequest(trx: Db, id: string): Promise<void> {
  await sql`
    update request set slot_at = now(), problem = null, due_at = ${MAIL_AT}, updated_at = now()
    where id = ${id}::uuid and state = 'queued' and ${WAITS}`.execute(trx);
}

/** Gives all that wait of a domain their turn now, with an audit event each. Returns how many there were. */
export async function releasePaced(trx: Db, domain: string, actor: string): Promise<number> {
  const { rows } = await sql`
    with released as (
      update request set slot_at = now(), problem = null, updated_at = now(),
        due_at = case when state = 'queued' then ${MAIL_AT} end
      where paced_domain = ${domain} and ${WAITS}
      returning id, ${MAIL_AT} as mail_at
    ), mailed as (
      update notice set due_at = released.mail_at from released
      where notice.request_id = released.id and notice.kind = 'proof' and notice.state = 'waiting'
    )
    insert into audit_event (request_id, actor, action, detail)
    select id, ${actor}, 'request.released', jsonb_build_object('domain', ${domain}::text) from released
    returning id`.execute(trx);
  return rows.length;
}

/** Ends all that wait of a domain, with an audit event each. Returns how many there were. */
export async function dropPaced(trx: Db, domain: string, actor: string): Promise<number> {
  const { rows } = await sql`
    with dropped as (
      update request set state = 'lapsed', problem = '{"code": "dropped"}', due_at = null, paced_domain = null,
        version = version + 1, updated_at = now()
      where paced_domain = ${domain} and ${WAITS} and (lease_until is null or lease_until < now())
      returning id
    )
    insert into audit_event (request_id, actor, action, detail)
    select id, ${actor}, 'request.dropped', jsonb_build_object('domain', ${domain}::text) from dropped
    returning id`.execute(trx);
  return rows.length;
}
