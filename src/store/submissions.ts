import { sql, type RawBuilder } from 'kysely';
import type { AuditEvent } from './auditEvents.js';
import { fromNow } from './fromNow.js';
import { mailboxOf, reservation, type MailLimits } from './mailboxes.js';
import {
  PROVEN_OPEN_STATES,
  type Db,
  type NewRequest,
  type RequestRow,
  type RequestState,
} from './schema.js';

/** A request as it is inserted; `due_at` may be a moment on the database's clock. */
export type RequestToInsert = Omit<NewRequest, 'due_at'> & {
  due_at?: Date | RawBuilder<Date> | null | undefined;
};

/** A request that was inserted; `mailInSeconds`: how long its mail has to wait for its turn, 0 or less when it may go now. */
export type Inserted = { mailInSeconds: number };

/**
 * Inserts a request and the event that records it, unless its address has an open request, or one that ended less than
 * `quietSeconds` ago. One that waits for a proof gives way to others of its kind alone. With `mails` a mail to the address is
 * reserved for it within those limits. Returns null when it was not inserted.
 *
 * One statement for all of it, because each round trip is a tenth of what accepting a sign-up costs. It looks at the address
 * as it was when the statement began: a request that is being provisioned at that very moment can escape it, which
 * {@link findStandingRequest} tells afterwards.
 */
export async function insertRequest(
  db: Db,
  request: RequestToInsert,
  event: Omit<AuditEvent, 'requestId'>,
  quietSeconds: number,
  mails: MailLimits | null = null,
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
 * request of the address, or one that ended just now.
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
