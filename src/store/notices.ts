import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { fromNow, type Db, type NoticeKind, type NoticeRow } from './schema.js';

/** Recipients that are no person yet: those who decide, to be looked up when it is sent, and whoever asked for access. */
export const APPROVERS = 'approvers';
export const APPLICANT = 'partner';

/** The kind of the notice that tells the owner of a mailbox why there is no invitation. */
export const ANSWER = 'known' satisfies NoticeKind;

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

/** How the mail stands that tells the owner of a mailbox why there is no invitation; nothing where there is none. */
export function findAnswer(
  db: Db,
  requestId: string,
): Promise<Pick<NoticeRow, 'state' | 'problem' | 'attempts'> | undefined> {
  return db
    .selectFrom('notice')
    .select(['state', 'problem', 'attempts'])
    .where('request_id', '=', requestId)
    .where('kind', '=', ANSWER)
    .orderBy('round', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/**
 * Sends that mail once more, not before `dueAt`; one that is yet to go out is enough. Returns whether there was one.
 *
 * @param options.quietSeconds leaves a mail alone that went less than so long ago
 */
export async function repeatAnswer(
  trx: Db,
  requestId: string,
  { dueAt, quietSeconds = 0 }: { dueAt: Date; quietSeconds?: number },
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('notice')
    .set({ state: 'waiting', due_at: dueAt, begun_at: null, finished_at: null, problem: null })
    .where('request_id', '=', requestId)
    .where('kind', '=', ANSWER)
    .where('state', 'in', ['sent', 'unconfirmed', 'failed'])
    .where('finished_at', '<=', fromNow(-quietSeconds))
    .executeTakeFirst();
  return numUpdatedRows > 0n;
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
