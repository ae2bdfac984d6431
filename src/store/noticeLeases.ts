import { sql } from 'kysely';
import { fromNow } from './fromNow.js';
import type { Db, NoticeKind, NoticeRow, NoticeState, SkipReason } from './schema.js';

/**
 * Claims the notice that has been due longest, for `leaseSeconds`. It also claims a notice whose sender let its lease run
 * out; `begun_at` then says whether the mail had begun to flow.
 *
 * @param kinds the kinds to claim
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

/** Ends every lease. Only for a store that no other process uses: the sender that held one is dead. */
export async function endAllNoticeLeases(db: Db): Promise<void> {
  await db
    .updateTable('notice')
    .set({ lease_until: fromNow(-1) })
    .where('state', '=', 'sending')
    .execute();
}

/** Records that the mail is about to go out. Returns false when another sender has claimed the notice. */
export function beginNotice(db: Db, notice: NoticeRow): Promise<boolean> {
  return change(held(db, notice).set({ begun_at: sql<Date>`now()` }));
}

/**
 * Puts a notice back into the queue. If its mail had begun to flow, that is safe only when the server `refused` it. Otherwise
 * the notice stays as it is, and is claimed again when its lease has run out.
 */
export async function postponeNotice(
  db: Db,
  notice: NoticeRow,
  {
    seconds,
    problem,
    refused,
  }: { seconds: number; problem: NonNullable<NoticeRow['problem']>; refused: boolean },
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

/** Ends a notice. Returns false when another sender has claimed it. */
export function endNotice(
  db: Db,
  notice: NoticeRow,
  state: Exclude<NoticeState, 'waiting' | 'sending'>,
  problem: NoticeRow['problem'] = null,
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

/** Ends a notice that needs no mail. Returns false when another sender has claimed it. */
export function skipNotice(db: Db, notice: NoticeRow, why: SkipReason): Promise<boolean> {
  return endNotice(db, notice, 'skipped', { code: why });
}

/** The notice while its sender holds it. Each claim counts an attempt, so an earlier claim no longer matches. */
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
