import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { insertAuditEvent } from './auditEvents.js';
import { spendWrites } from './budget.js';
import { fromNow } from './fromNow.js';
import { isUnclaimed, PRIORITY, type Claim } from './leases.js';
import { changeRun, RUN_EVENTS } from './runs.js';
import { isWork, lapseUnbegun } from './runRequests.js';
import type { Db, RunState } from './schema.js';

export type RowPace = {
  /** How many rows all instances work on at once. */
  width: number;
  /** How many rows are begun in a minute. */
  perMinute: number;
};

/** The first invitations of a tenant's first run go one by one: Microsoft may take a crowd from a new app for an attack. */
const FIRST_ALONE = 10;

/** A claimed row, or how long there is nothing to claim; `undo` says that what it gave is to be taken back. */
export type RowClaim = (Claim & { undo: boolean }) | { waitMs: number };

/**
 * Claims the next row of a run, within the pace, the width and what Graph lets us write. A run that has no rows left ends here.
 *
 * @param takeWrites returns how many writes this process has sent to Graph since the last call
 */
export async function claimRow(
  db: Db,
  { leaseSeconds, bulk, takeWrites }: { leaseSeconds: number; bulk: RowPace; takeWrites: () => number },
): Promise<RowClaim> {
  const waitMs = await untilNextRun(db);
  // While no run is under way, nobody counts writes: the budget refills meanwhile.
  if (waitMs > 0) {
    if (waitMs === Infinity) takeWrites();
    return { waitMs };
  }
  return db.transaction().execute(async (trx) => {
    const run = await trx
      .selectFrom('run')
      .select(['id', 'state'])
      .where('due_at', '<=', sql<Date>`now()`)
      .orderBy('due_at')
      .limit(1)
      .forUpdate()
      .skipLocked()
      .executeTakeFirst();
    if (!run) return { waitMs: OTHERS_CLAIM_MS };
    const pause = await spendWrites(trx, takeWrites());
    if (pause > 0) return postpone(trx, run.id, pause);
    if (run.state === 'stopping') await lapseUnbegun(trx, run.id, { code: 'runStopped' });
    // The end of a row rings the bell.
    if (await isFull(trx, bulk)) return { waitMs: FULL_MS };
    const claim = await claimOf(trx, run.id, { leaseSeconds, perMinute: bulk.perMinute });
    return claim ? { ...claim, undo: run.state === 'undoing' } : settle(trx, run);
  });
}

/** While another instance claims, or all places are taken. */
const OTHERS_CLAIM_MS = 20;
const FULL_MS = 250;

/** Infinity when no run is under way. */
async function untilNextRun(db: Db): Promise<number> {
  const { rows } = await sql<{ ms: number | null }>`
    select (1000 * extract(epoch from min(due_at) - now()))::float8 as ms from run where due_at is not null`.execute(
    db,
  );
  return Math.max(0, rows[0]?.ms ?? Infinity);
}

async function postpone(trx: Db, id: string, seconds: number): Promise<RowClaim> {
  await sql`update run set due_at = ${fromNow(seconds)} where id = ${id}::uuid`.execute(trx);
  return { waitMs: seconds * 1000 };
}

/** The width is that of all runs together. */
async function isFull(trx: Db, { width }: RowPace): Promise<boolean> {
  const { rows } = await sql<{ underWay: number; invited: number }>`
    select
      (select count(*)::int from request
        where priority = ${sql.lit(PRIORITY.run)} and due_at is not null and lease_until > now()) as "underWay",
      (select count(*)::int from (
        select from request where run_id is not null and guest_id is not null limit ${FIRST_ALONE}
      ) as first) as invited`.execute(trx);
  const { underWay = 0, invited = 0 } = rows[0] ?? {};
  return underWay >= (invited < FIRST_ALONE ? 1 : width);
}

/** Claims a row, and postpones the next one as the pace wants it. */
async function claimOf(
  trx: Db,
  id: string,
  { leaseSeconds, perMinute }: { leaseSeconds: number; perMinute: number },
): Promise<Claim | null> {
  const owner = randomUUID();
  const claimed = trx
    .updateTable('request')
    .set({ lease_owner: owner, lease_until: fromNow(leaseSeconds) })
    .where('id', '=', (of) =>
      of
        .selectFrom('request')
        .select('id')
        .where(isWork(id))
        .where('due_at', '<=', sql<Date>`now()`)
        .where(isUnclaimed)
        .where(sql<boolean>`not exists (select from pause where name = 'graph' and until > now())`)
        .orderBy('due_at')
        .limit(1)
        .forUpdate()
        .skipLocked(),
    )
    .returningAll();
  const request = await trx
    .with('claimed', () => claimed)
    .with('paced', (write) =>
      write
        .updateTable('run')
        .set({
          due_at: sql<Date>`greatest(due_at, ${fromNow(-0.5)}) + ${60 / perMinute}::float8 * interval '1 second'`,
        })
        .where('id', '=', id)
        .where(sql<boolean>`exists (select from claimed)`),
    )
    .selectFrom('claimed')
    .selectAll()
    .executeTakeFirst();
  return request ? { request, owner } : null;
}

const ENDS: Partial<Record<RunState, 'done' | 'stopped' | 'undone'>> = {
  running: 'done',
  stopping: 'stopped',
  undoing: 'undone',
};

/** Waits for the rows that come back later, or are worked on; without any, the run has ended. */
async function settle(trx: Db, { id, state }: { id: string; state: RunState }): Promise<RowClaim> {
  const { rows } = await sql<{ seconds: number | null; left: number }>`
    select count(*)::int as left, extract(epoch from greatest(
      min(case when lease_until > now() then now() else due_at end), (select until from pause where name = 'graph')
    ) - now())::float8 as seconds
    from request where ${isWork(id)}`.execute(trx);
  const { left = 0, seconds } = rows[0] ?? {};
  if (left > 0) return postpone(trx, id, Math.max(FULL_MS / 1000, seconds ?? 0));
  const to = ENDS[state];
  if (to && (await changeRun(trx, id, [state], to)) && to === 'done') {
    await insertAuditEvent(trx, { actor: 'portal', action: RUN_EVENTS.done, detail: { run: id } });
  }
  return { waitMs: 0 };
}
