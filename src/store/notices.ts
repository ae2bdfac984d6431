import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { fromNow } from './fromNow.js';
import type { Db, NoticeKind, NoticeRow, NoticeState, Problem } from './schema.js';

/** Recipients that are no person yet: those who decide, to be looked up when it is sent, and whoever asked for access. */
export const APPROVERS = 'approvers';
export const APPLICANT = 'partner';

/**
 * Notes that somebody is to be told of a request: `waiting` those who decide on it, `denied` the one who made it.
 * Belongs into the transaction that makes it so, behind the statement that does. What has been noted of a version of the
 * request is not noted again.
 */
export async function queueNotice(
  trx: Db,
  kind: Exclude<NoticeKind, 'digest' | 'proof'>,
  requestId: string,
): Promise<void> {
  await trx
    .insertInto('notice')
    .columns(['id', 'kind', 'request_id', 'round', 'recipient'])
    .expression((from) =>
      from
        .selectFrom('request')
        .select([
          sql<string>`${randomUUID()}::uuid`.as('id'),
          sql<NoticeKind>`${kind}::text`.as('kind'),
          'request.id as request_id',
          'version as round',
          sql<string>`${kind === 'waiting' ? APPROVERS : APPLICANT}::text`.as('recipient'),
        ])
        .where('request.id', '=', requestId),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/**
 * Notes that the person is to be mailed what proves that the mailbox is theirs, not before `dueAt`. Each mail of a request
 * is a round of its own; of two that are noted at the same time one remains.
 */
export async function queueProofNotice(trx: Db, requestId: string, dueAt: Date): Promise<void> {
  await trx
    .insertInto('notice')
    .columns(['id', 'kind', 'request_id', 'round', 'recipient', 'due_at'])
    .expression((from) =>
      from
        .selectFrom('notice')
        .select([
          sql<string>`${randomUUID()}::uuid`.as('id'),
          sql<NoticeKind>`'proof'`.as('kind'),
          sql<string>`${requestId}::uuid`.as('request_id'),
          sql<number>`coalesce(max(round), 0) + 1`.as('round'),
          sql<string>`${APPLICANT}::text`.as('recipient'),
          sql<Date>`${dueAt}::timestamptz`.as('due_at'),
        ])
        .where('request_id', '=', requestId)
        .where('kind', '=', 'proof'),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Sends a mail to the person once more, not before `dueAt`; one that is yet to go out is enough. */
export async function repeatNotice(trx: Db, kind: NoticeKind, requestId: string, dueAt: Date): Promise<void> {
  await trx
    .updateTable('notice')
    .set({ state: 'waiting', due_at: dueAt, begun_at: null, finished_at: null, problem: null })
    .where('request_id', '=', requestId)
    .where('kind', '=', kind)
    .where('recipient', '=', APPLICANT)
    .where('state', 'in', ['sent', 'unconfirmed', 'failed'])
    .execute();
}

/** Notes that the digests of a day (`2026-05-01`) are due; once a day, however often it is called. */
export async function planDigests(db: Db, day: string): Promise<void> {
  await db
    .insertInto('notice')
    .values({ id: randomUUID(), kind: 'digest', period: day, recipient: APPROVERS })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export type Addressed = { recipient: string; partners?: (string | null)[] };

/** Turns a notice to those who decide into one a person; whoever has one of the same round or day already gets no other. */
export async function insertAddressed(db: Db, notice: NoticeRow, people: Addressed[]): Promise<void> {
  if (people.length === 0) return;
  await db
    .insertInto('notice')
    .values(
      people.map(({ recipient, partners }) => ({
        id: randomUUID(),
        kind: notice.kind,
        request_id: notice.request_id,
        round: notice.round,
        period: notice.period,
        recipient,
        partners: partners ? JSON.stringify(partners) : null,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/**
 * Takes the notice that is due longest, for `leaseSeconds`, also one whose sender has not been heard of since its lease ran
 * out; of such a one `begun_at` tells whether its mail had begun to flow.
 *
 * @param kinds which ones may be taken
 */
export function claimNotice(
  db: Db,
  leaseSeconds: number,
  kinds: readonly NoticeKind[],
): Promise<NoticeRow | undefined> {
  return db
    .updateTable('notice')
    .set({
      state: 'sending',
      attempts: sql<number>`attempts + 1`,
      lease_until: fromNow(leaseSeconds),
    })
    .where('id', '=', (of) =>
      of
        .selectFrom('notice')
        .select('id')
        .where('kind', 'in', kinds)
        .where((is) =>
          is.or([
            is.and([is('state', '=', 'waiting'), is('due_at', '<=', sql<Date>`now()`)]),
            is.and([is('state', '=', 'sending'), is('lease_until', '<', sql<Date>`now()`)]),
          ]),
        )
        .orderBy('due_at')
        .limit(1)
        .forUpdate()
        .skipLocked(),
    )
    .returningAll()
    .executeTakeFirst();
}

/** Ends every lease. Only for a store that no other process works on: whoever held one is dead. */
export async function endAllNoticeLeases(db: Db): Promise<void> {
  await db
    .updateTable('notice')
    .set({ lease_until: fromNow(-1) })
    .where('state', '=', 'sending')
    .execute();
}

/** Notes that the mail is about to go out. Returns false when another sender has taken the notice over. */
export function beginNotice(db: Db, notice: NoticeRow): Promise<boolean> {
  return change(held(db, notice).set({ begun_at: sql<Date>`now()` }));
}

/**
 * Puts a notice back. One whose mail had begun to flow only if it was `refused`: then it surely did not arrive. Any other
 * stays as it is, and is found when its lease has run out.
 */
export async function postponeNotice(
  db: Db,
  notice: NoticeRow,
  { seconds, problem, refused }: { seconds: number; problem: Problem; refused: boolean },
): Promise<void> {
  await held(db, notice)
    .$if(!refused, (query) => query.where('begun_at', 'is', null))
    .set({
      state: 'waiting',
      begun_at: null,
      lease_until: null,
      due_at: fromNow(seconds),
      problem: JSON.stringify(problem),
    })
    .execute();
}

/** Ends a notice. Returns false when another sender has taken it over. */
export function settleNotice(
  db: Db,
  notice: NoticeRow,
  state: Exclude<NoticeState, 'waiting' | 'sending'>,
  problem: Problem | null = null,
): Promise<boolean> {
  return change(
    held(db, notice).set({
      state,
      lease_until: null,
      problem: problem && JSON.stringify(problem),
      finished_at: sql<Date>`now()`,
    }),
  );
}

/** Why a notice needs no mail, as a code of `notice.problem`. */
export type Needless =
  | 'off'
  | 'inDigest'
  | 'summary'
  | 'decided'
  | 'nobody'
  | 'gone'
  | 'nothingWaiting'
  | 'noMailer'
  | 'notAwaited';

/** Ends a notice that needs no mail. Returns false when another sender has taken it over. */
export function skipNotice(db: Db, notice: NoticeRow, why: Needless): Promise<boolean> {
  return settleNotice(db, notice, 'skipped', { code: why });
}

/** Holds other transactions that lock the same recipient until this one ends. */
export async function lockRecipient(trx: Db, recipient: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`notices to ${recipient}`}, 0))`.execute(trx);
}

/** How many mails about single requests have begun to flow to a person in the last `seconds`. */
export async function countBegun(db: Db, recipient: string, seconds: number): Promise<number> {
  const { count } = await db
    .selectFrom('notice')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('recipient', '=', recipient)
    .where('kind', '=', 'waiting')
    .where('begun_at', '>', sql<Date>`now() - ${seconds} * interval '1 second'`)
    .executeTakeFirstOrThrow();
  return count;
}

/** Adds a partner to the summary that is yet to go to a person. Returns false when there is none. */
export function extendSummary(db: Db, recipient: string, partner: string | null): Promise<boolean> {
  const added = sql`${JSON.stringify([partner])}::jsonb`;
  return change(
    db
      .updateTable('notice')
      .set({ partners: sql`case when partners @> ${added} then partners else partners || ${added} end` })
      .where('recipient', '=', recipient)
      .where('kind', '=', 'digest')
      .where('period', 'like', 'flood %')
      .where('state', '=', 'waiting'),
  );
}

/** Adds the summary for a person that stands for the mails of the next `seconds`. */
export async function insertSummary(
  db: Db,
  recipient: string,
  partner: string | null,
  seconds: number,
): Promise<void> {
  const id = randomUUID();
  await db
    .insertInto('notice')
    .values({
      id,
      kind: 'digest',
      period: `flood ${id}`,
      recipient,
      partners: JSON.stringify([partner]),
      due_at: fromNow(seconds),
    })
    .execute();
}

/** Who was told of a request, or is to be: oldest first, and without mail addresses. */
export function findNotices(db: Db, requestId: string): Promise<NoticeRow[]> {
  return db
    .selectFrom('notice')
    .selectAll()
    .where('request_id', '=', requestId)
    .where('state', '<>', 'addressed')
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

/** The partners, or null for none, of which requests wait for a decision. */
export async function findWaitingPartners(db: Db): Promise<(string | null)[]> {
  const rows = await db
    .selectFrom('request')
    .select('partner')
    .distinct()
    .where('state', '=', 'pending')
    .execute();
  return rows.map(({ partner }) => partner);
}

export type WaitingRequests = { partner: string | null; count: number; since: Date };

/** How many requests of these partners wait, and since when, without those that somebody made with one of `addresses`. */
export function countWaiting(
  db: Db,
  partners: (string | null)[],
  addresses: string[],
): Promise<WaitingRequests[]> {
  const ids = partners.filter((partner) => partner !== null);
  return db
    .selectFrom('request')
    .select(['partner', sql<number>`count(*)::int`.as('count'), sql<Date>`min(created_at)`.as('since')])
    .where('state', '=', 'pending')
    .where((is) =>
      is.or([
        is('partner', '=', sql<string>`any(${ids}::text[])`),
        ...(ids.length < partners.length ? [is('partner', 'is', null)] : []),
      ]),
    )
    .where('address', '<>', sql<string>`all(${addresses}::text[])`)
    .groupBy('partner')
    .orderBy('since')
    .execute();
}

/** A notice as long as its sender has it: each claim counts an attempt, so an older one no longer fits. */
function held(db: Db, { id, attempts }: NoticeRow) {
  return db
    .updateTable('notice')
    .where('id', '=', id)
    .where('state', '=', 'sending')
    .where('attempts', '=', attempts);
}

async function change(query: { executeTakeFirst(): Promise<{ numUpdatedRows: bigint }> }): Promise<boolean> {
  return (await query.executeTakeFirst()).numUpdatedRows > 0n;
}
