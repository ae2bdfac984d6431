import { createHash } from 'node:crypto';
import { sql, type RawBuilder } from 'kysely';
import type { Db } from './schema.js';

/** How often a stranger can make the portal mail one mailbox: invitations, codes and resends together. */
export type MailLimits = {
  /** The least time between the first two such mails of 24 hours; before each further one it is twice as long. */
  mailWindowSeconds: number;
  /** The longest window: a flood must not keep the owner of the mailbox out for longer. */
  longestMailWindowSeconds: number;
};

/** A hash, so that the table can be searched for a mailbox and does not list any. */
export function mailboxOf(address: string): Buffer {
  return createHash('sha256').update(address).digest();
}

/**
 * Reserves the next mail to a mailbox. Call it in the transaction that queues the mail: other reservations of the same mailbox
 * wait until it ends.
 *
 * @param address canonical, as `policy/address.ts` gives it
 * @returns the moment at which the mail may go, now or later, on the database's clock
 */
export async function reserveMail(trx: Db, address: string, limits: MailLimits): Promise<Date> {
  const { rows } = await sql<{ at: Date }>`${reservation(mailboxOf(address), limits)}`.execute(trx);
  const [reserved] = rows;
  if (!reserved) throw new Error('A mailbox could not be reserved');
  return reserved.at;
}

/**
 * {@link reserveMail} as a part of another statement; it returns one row with the moment, `at`.
 *
 * @param from the part of the other statement that says whether to reserve
 */
export function reservation(
  mailbox: Buffer,
  limits: MailLimits,
  from: RawBuilder<unknown> = sql``,
): RawBuilder<{ at: Date }> {
  const { at, sameDay } = nextMail(limits);
  return sql`
    insert into mailbox as box (address_hash, mailed_at, day_began_at, mails)
    select ${mailbox}::bytea, statement_timestamp(), statement_timestamp(), 1 ${from}
    on conflict (address_hash) do update set
      mailed_at = ${at},
      day_began_at = case when ${sameDay} then box.day_began_at else ${at} end,
      mails = case when ${sameDay} then box.mails + 1 else 1 end
    returning mailed_at as at`;
}

/**
 * Records that a mail has gone to a mailbox. That may be long after its reserved moment, and the next mail keeps its distance
 * from the real one.
 */
export async function noteMailed(trx: Db, address: string): Promise<void> {
  await sql`
    insert into mailbox as box (address_hash, mailed_at, day_began_at, mails)
    select ${mailboxOf(address)}::bytea, moment, moment, 0 from clock_timestamp() as moment
    on conflict (address_hash) do update set mailed_at = greatest(box.mailed_at, excluded.mailed_at)`.execute(
    trx,
  );
}

/** Removes the rows that no longer limit anything: the count of a day never begins after its last mail. */
export async function deleteIdleMailboxes(db: Db): Promise<void> {
  await db
    .deleteFrom('mailbox')
    .where('mailed_at', '<', sql<Date>`now() - interval '24 hours'`)
    .execute();
}

/**
 * The next mail to the row `box`: when it may go (`at`), and whether it is one of those already being counted (`sameDay`).
 * Spelt out several times, because with a sub-query the mailbox's share of a sign-up's statement takes half as long again
 * (measured on the embedded store).
 */
function nextMail({ mailWindowSeconds, longestMailWindowSeconds }: MailLimits) {
  const sameDay = sql`excluded.mailed_at < box.day_began_at + interval '24 hours'`;
  // More doublings make no difference, and overflow.
  const doublings = sql`case when ${sameDay} then least(greatest(box.mails - 1, 0), 20) else 0 end`;
  const window = sql`least(${mailWindowSeconds}::float8 * power(2, ${doublings}), ${longestMailWindowSeconds}::float8)`;
  return { at: sql`greatest(excluded.mailed_at, box.mailed_at + ${window} * interval '1 second')`, sameDay };
}
