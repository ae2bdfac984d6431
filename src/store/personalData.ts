import { sql } from 'kysely';
import { isUnclaimed } from './leases.js';
import { mailboxOf } from './mailboxes.js';
import { OPEN_STATES, type Db, type NoticeRow, type RequestRow } from './schema.js';

/** The name of an approver's mail address as a recipient of notices. */
const recipientOf = (address: string) => `mail ${address}`;

/** Every request that an address still names, open or not; oldest first. */
export function findRequestsOf(db: Db, address: string): Promise<RequestRow[]> {
  return db
    .selectFrom('request')
    .selectAll()
    .where('address', '=', address)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

/** The challenge of a request, without its code and link. */
export function findChallengeDates(db: Db, requestId: string) {
  return db
    .selectFrom('challenge')
    .select(['asked_at', 'expires_at', 'tries_left'])
    .where('request_id', '=', requestId)
    .executeTakeFirst();
}

/** When a mailbox last got a mail, as long as a limit needs it. */
export function findMailbox(db: Db, address: string) {
  return db
    .selectFrom('mailbox')
    .select(['mailed_at', 'day_began_at', 'mails'])
    .where('address_hash', '=', mailboxOf(address))
    .executeTakeFirst();
}

export async function deleteMailbox(trx: Db, address: string): Promise<void> {
  await trx.deleteFrom('mailbox').where('address_hash', '=', mailboxOf(address)).execute();
}

/** Notices to an approver: by object id, or by an address that the policy names. */
export function findNoticesTo(db: Db, who: { address: string } | { oid: string }): Promise<NoticeRow[]> {
  return db
    .selectFrom('notice')
    .selectAll()
    .where('recipient', '=', 'oid' in who ? who.oid : recipientOf(who.address))
    .orderBy('created_at')
    .execute();
}

/** Deletes the notices that have ended; a waiting mail still goes out. */
export async function deleteNoticesTo(trx: Db, who: { address: string } | { oid: string }): Promise<void> {
  await trx
    .deleteFrom('notice')
    .where('recipient', '=', 'oid' in who ? who.oid : recipientOf(who.address))
    .where('finished_at', 'is not', null)
    .execute();
}

/** Policies that were kept and name an address, by the ids of their versions, newest first. */
export async function findPoliciesNaming(db: Db, address: string): Promise<string[]> {
  // Neither a part of a longer one, nor one of a domain below.
  const named = `(?<![a-z0-9._'+-])${address.replaceAll('.', '\\.')}(?![a-z0-9-]|\\.[a-z0-9])`;
  const { rows } = await sql<{ id: string }>`
    select id::text as id from policy_version
    where lower(text) ~ ${named} or lower(terms) ~ ${named} or lower(comment) ~ ${named}
    order by policy_version.id desc`.execute(db);
  return rows.map(({ id }) => id);
}

/** A session's personal data, without its tokens. */
export type SessionOf = {
  person: unknown;
  tenantIdentity: unknown;
  tenantConfirmations: unknown;
  expires: Date;
};

/** Sessions in which an address, or a member of the staff with this object id, has signed in. */
export async function findSessionsOf(
  db: Db,
  who: { address: string } | { oid: string },
): Promise<SessionOf[]> {
  const { rows } = await sql<SessionOf>`
    select sess -> 'person' as person, sess -> 'tenantIdentity' as "tenantIdentity",
      sess -> 'tenantConfirmations' as "tenantConfirmations", expire as expires
    from session where ${isSessionOf(who)}`.execute(db);
  return rows;
}

export async function deleteSessionsOf(trx: Db, who: { address: string } | { oid: string }): Promise<void> {
  await sql`delete from session where ${isSessionOf(who)}`.execute(trx);
}

/** By any name of the account: a mailbox may have several, and an account another than its mailbox. */
function isSessionOf(who: { address: string } | { oid: string }) {
  if ('oid' in who) return sql`sess -> 'person' ->> 'oid' = ${who.oid}`;
  return sql`exists (
    select from unnest(array['person', 'tenantIdentity', 'tenantConfirmations']) as part,
      jsonb_path_query((sess -> part)::jsonb, '$.**') as told
    where jsonb_typeof(told) = 'string' and lower(told #>> '{}') = ${who.address})`;
}

/** Members of the staff by object id, or by the name with which they signed in. */
export function findStaff(db: Db, who: { address: string } | { oid: string }) {
  return db
    .selectFrom('person')
    .selectAll()
    .where(
      'oid' in who
        ? sql<boolean>`split_part(key, '/', 2) = ${who.oid}`
        : sql<boolean>`lower(username) = ${who.address}`,
    )
    .execute();
}

export async function deleteStaff(trx: Db, oid: string): Promise<void> {
  await trx
    .deleteFrom('person')
    .where(sql<boolean>`split_part(key, '/', 2) = ${oid}`)
    .execute();
}

/** The keys (`tid/oid`) with this object id in the trail, in reviews and in policy versions. */
export async function findKeysOf(db: Db, oid: string): Promise<string[]> {
  const { rows } = await sql<{ key: string }>`
    select actor as key from audit_event where split_part(actor, '/', 2) = ${oid}
    union select review ->> 'by' from request where split_part(review ->> 'by', '/', 2) = ${oid}
    union select author from policy_version where split_part(author, '/', 2) = ${oid}
    union select key from person where split_part(key, '/', 2) = ${oid}`.execute(db);
  return rows.map(({ key }) => key);
}

/** The ids of the requests that a person decided and of the policy versions that they made. */
export async function findDoings(db: Db, key: string): Promise<{ reviewed: string[]; policies: string[] }> {
  const reviewed = await db
    .selectFrom('request')
    .select('id')
    .where(sql<boolean>`review ->> 'by' = ${key}`)
    .execute();
  const policies = await db
    .selectFrom('policy_version')
    .select(sql<string>`id::text`.as('id'))
    .where('author', '=', key)
    .execute();
  return { reviewed: reviewed.map(({ id }) => id), policies: policies.map(({ id }) => id) };
}

/**
 * Locks a request until the transaction ends, and ends it if it is open. Returns it as it was; undefined when a worker has
 * claimed it.
 */
export async function withdrawRequest(trx: Db, id: string): Promise<RequestRow | undefined> {
  const request = await trx
    .selectFrom('request')
    .selectAll()
    .where('id', '=', id)
    .where(isUnclaimed)
    .forUpdate()
    .executeTakeFirst();
  if (!request) return undefined;
  const open = OPEN_STATES.includes(request.state);
  await trx
    .updateTable('request')
    .set({
      ...(open && {
        state: 'lapsed',
        problem: JSON.stringify({ code: 'erased' }),
        updated_at: sql<Date>`now()`,
      }),
      // A requested resend is not sent either.
      due_at: null,
      lease_owner: null,
      lease_until: null,
    })
    .where('id', '=', id)
    .execute();
  return request;
}
