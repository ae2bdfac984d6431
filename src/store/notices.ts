import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { fromNow } from './fromNow.js';
import type { Db, NoticeKind, NoticeRow } from './schema.js';

/** Recipients that are not persons: the approvers, who are looked up when a notice is sent, and the applicant. */
export const APPROVERS = 'approvers';
export const APPLICANT = 'partner';

/** The kind of the notice that tells the owner of a mailbox why there is no invitation. */
export const ANSWER = 'known' satisfies NoticeKind;

/**
 * Queues a notice about a request: `waiting` goes to the approvers, the other kinds to the applicant. Call it in the
 * transaction that changes the request, after the change. A version of a request gets one notice of a kind.
 */
export async function queueNotice(
  trx: Db,
  kind: Exclude<NoticeKind, 'digest' | 'proof' | 'runHalted' | 'licences'>,
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
 * Queues the mail that proves the applicant's mailbox, for `dueAt`. Each mail of a request has a round of its own; of two that
 * are queued at the same time one remains.
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

/** The state of the mail that tells the owner of a mailbox why there is no invitation. */
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
 * Queues that mail once more, for `dueAt`, unless one is waiting already. Returns whether it was queued.
 *
 * @param options.quietSeconds how old the last mail must be
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

/** Queues the mail that tells who started a run that it was halted. */
export async function queueRunNotice(trx: Db, runId: string): Promise<void> {
  await trx
    .insertInto('notice')
    .values({
      id: randomUUID(),
      kind: 'runHalted',
      period: `run ${runId} ${new Date().toISOString()}`,
      recipient: APPROVERS,
    })
    .execute();
}

/** Queues the mail that tells the reviewers that licences run out. */
export async function queueLicenceNotice(trx: Db): Promise<void> {
  await trx
    .insertInto('notice')
    .values({
      id: randomUUID(),
      kind: 'licences',
      period: `licences ${new Date().toISOString()}`,
      recipient: APPROVERS,
    })
    .execute();
}

/** The run that a notice is about; null for any other notice. */
export function runOf({ period }: Pick<NoticeRow, 'period'>): string | null {
  const [what, id = null] = period?.split(' ') ?? [];
  return what === 'run' ? id : null;
}

/** Queues the digests of a day (`2026-05-01`), once, however often it is called. */
export async function planDigests(db: Db, day: string): Promise<void> {
  await db
    .insertInto('notice')
    .values({ id: randomUUID(), kind: 'digest', period: day, recipient: APPROVERS })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export type Addressed = { recipient: string; partners?: (string | null)[] };

/** Turns a notice to the approvers into one for each person. A person gets one notice of a round or a day. */
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

/** The notices about a request, oldest first, without mail addresses. */
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
