import { sql, type RawBuilder } from 'kysely';
import type { AuditEvent } from './auditEvents.js';
import { mailboxOf, reservation, type MailLimits } from './mailboxes.js';
import { fromNow } from './fromNow.js';
import {
  PROVEN_OPEN_STATES,
  type Db,
  type NewRequest,
  type RequestRow,
  type SubmissionRow,
} from './schema.js';

/** A request as it is inserted; `due_at` may be a moment on the database's clock. */
export type RequestToInsert = Omit<NewRequest, 'due_at'> & {
  due_at?: Date | RawBuilder<Date> | null | undefined;
};

/** `mailInSeconds`: how long the mail of an inserted request has to wait; 0 or less when it may go now. */
export type Inserted = { mailInSeconds: number };

/**
 * Inserts a request with its submission and audit event, unless its address has an open request, or one that ended less than
 * `quietSeconds` ago. A request that waits for a proof may stand beside another request. With `mails` it also reserves a mail
 * to the address within those limits. Returns null when it inserted nothing.
 *
 * It is one statement, because each round trip is a tenth of the cost of a sign-up. The statement sees the address as it was
 * when it began, so it can miss a request that is provisioned at that moment; {@link findStandingRequest} finds it afterwards.
 */
export async function insertRequest(
  db: Db,
  request: RequestToInsert,
  {
    event,
    quietSeconds,
    mails = null,
  }: { event: Omit<AuditEvent, 'requestId'>; quietSeconds: number; mails?: MailLimits | null },
): Promise<Inserted | null> {
  const columns = Object.keys(request) as (keyof RequestToInsert)[];
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
      returning id, token_hash
    ), submitted as (
      insert into submission (token_hash, request_id) select token_hash, id from inserted
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
 * The request that keeps {@link insertRequest} from inserting another one: an open request of the address, or one that ended
 * a moment ago.
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

/** Whether a request was provisioned, or denied because of its address, less than `seconds` ago. */
function hasJustEnded(seconds: number): RawBuilder<boolean> {
  return sql<boolean>`(
    (state = 'provisioned' or (state = 'denied' and problem ->> 'code' <> 'policyChanged'))
    and updated_at > ${fromNow(-seconds)})`;
}

/**
 * Adds a submission to an existing request, and locks the request until the transaction ends. A mailed page has the same token
 * each time. Returns false for a request that was anonymised meanwhile.
 */
export async function insertSubmission(
  trx: Db,
  { tokenHash, requestId, byMail = false }: { tokenHash: Buffer; requestId: string; byMail?: boolean },
): Promise<boolean> {
  const { rows } = await sql`
    with held as (
      select id from request where id = ${requestId}::uuid and anonymised_at is null for update
    ), submitted as (
      insert into submission (token_hash, request_id, by_mail, created_at)
      select ${tokenHash}::bytea, id, ${byMail}::boolean, clock_timestamp() from held
      on conflict do nothing
    )
    select id from held`.execute(trx);
  return rows.length === 1;
}

/** A submission with its request, by the hash of its token. */
export async function findSubmission(
  db: Db,
  tokenHash: Buffer,
): Promise<{ submission: SubmissionRow; request: RequestRow } | undefined> {
  const submission = await db
    .selectFrom('submission')
    .selectAll()
    .where('token_hash', '=', tokenHash)
    .executeTakeFirst();
  const request = await db
    .selectFrom('request')
    .selectAll()
    // An instance of the previous version stores no submissions.
    .where(submission ? 'id' : 'token_hash', '=', submission ? submission.request_id : tokenHash)
    .executeTakeFirst();
  if (!request) return undefined;
  const { created_at } = request;
  const own = {
    token_hash: tokenHash,
    request_id: request.id,
    by_mail: false,
    resends: 0,
    resent_at: null,
    created_at,
  };
  return { submission: submission ?? own, request };
}

/** Moves the pages of a request to another request of the same address. */
export async function moveSubmissions(trx: Db, from: string, to: string): Promise<void> {
  await trx.updateTable('submission').set({ request_id: to }).where('request_id', '=', from).execute();
}

/** Counts a resend. Returns false after `most` resends, or when the last was less than `windowSeconds` ago. */
export async function countResend(
  trx: Db,
  { token_hash, request_id, created_at }: SubmissionRow,
  { most, windowSeconds }: { most: number; windowSeconds: number },
): Promise<boolean> {
  const { rows } = await sql`
    insert into submission as own (token_hash, request_id, created_at, resends, resent_at)
    values (${token_hash}::bytea, ${request_id}::uuid, ${created_at}::timestamptz, 1, clock_timestamp())
    on conflict (token_hash) do update set resends = own.resends + 1, resent_at = clock_timestamp()
    where own.resends < ${most}::int
      and (own.resent_at is null or own.resent_at < clock_timestamp() - ${windowSeconds}::float8 * interval '1 second')
    returning 1`.execute(trx);
  return rows.length === 1;
}
