import { sql } from 'kysely';
import {
  fromNow,
  type Db,
  type NoticeKind,
  type NoticeRow,
  type NoticeState,
  type SkipReason,
} from './schema.js';

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

/** Ends a notice. Returns false when another sender has taken it over. */
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

/** Ends a notice that needs no mail. Returns false when another sender has taken it over. */
export function skipNotice(db: Db, notice: NoticeRow, why: SkipReason): Promise<boolean> {
  return endNotice(db, notice, 'skipped', { code: why });
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
