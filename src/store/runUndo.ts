import { sql } from 'kysely';
import { targetKeys } from '../policy/grants.js';
import { PRIORITY } from './leases.js';
import { isWork } from './runRequests.js';
import type { Db, RecordedDecision, RequestRow, Undone } from './schema.js';

const KEPT = sql<boolean>`(jsonb_array_length(undone -> 'kept') > 0 or undone ->> 'guest' = 'notLookedAt')`;

/** How many rows of a run have something that could not be taken back. */
export async function countKept(db: Db, id: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from run_row where run_id = ${id}::uuid and ${KEPT}`.execute(db);
  return rows[0]?.count ?? 0;
}

/** How many rows of a run are still to be undone. */
export async function countToUndo(db: Db, id: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from request where ${isWork(id)}`.execute(db);
  return rows[0]?.count ?? 0;
}

/** Makes the rows due in which there may be something to undo. Returns how many. */
export async function queueUndo(trx: Db, id: string): Promise<number> {
  // What could not be taken back before has all its attempts again.
  await trx.updateTable('run_row').set({ undone: null }).where('run_id', '=', id).where(KEPT).execute();
  const { numUpdatedRows } = await trx
    .updateTable('request')
    .set({ due_at: sql<Date>`now()`, priority: PRIORITY.run, lease_owner: null, lease_until: null })
    .where('run_id', '=', id)
    .where('state', 'in', ['provisioned', 'failed', 'held', 'lapsed'])
    .where('anonymised_at', 'is', null)
    .where('guest_id', 'is not', null)
    // Who signed up themselves keeps everything, and may be mailed just now.
    .where(sql<boolean>`not (due_at is not null and bulk ->> 'joined' is not distinct from 'true')`)
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

/** What a run would take back: grants that it gave, and guests that it made, among those that are still there. */
export async function countUndo(db: Db, id: string): Promise<{ grants: number; guests: number }> {
  const { rows } = await sql<{ grants: number; guests: number }>`
    select
      (select count(*)::int from access_grant join request on request.id = request_id
        where run_id = ${id}::uuid and found = 'created' and ended_at is null
          and bulk ->> 'joined' is distinct from 'true') as grants,
      (select count(*)::int from request join step on step.request_id = request.id and key = 'invitation'
        join guest on guest.id = request.guest_id
        where run_id = ${id}::uuid and step.detail -> 'guest' ->> 'created' = 'true' and gone_at is null
          and bulk ->> 'joined' is distinct from 'true') as guests`.execute(db);
  return rows[0] ?? { grants: 0, guests: 0 };
}

/** Records what became of a row whose run is undone. */
export async function recordUndone(trx: Db, requestId: string, undone: Undone): Promise<void> {
  await trx
    .updateTable('run_row')
    .set({ undone: JSON.stringify(undone) })
    .where('request_id', '=', requestId)
    .execute();
}

export async function findUndone(db: Db, requestId: string): Promise<Undone | null> {
  const row = await db
    .selectFrom('run_row')
    .select('undone')
    .where('request_id', '=', requestId)
    .executeTakeFirst();
  return row?.undone ?? null;
}

/**
 * What requests of a guest rely on that the person made, or that are of another run; see `policy/grants.ts`. A person who has signed
 * up as well keeps what that gives them, even if the run gave it first.
 */
export async function findReliedOn(
  db: Db,
  { id, address, guest_id, run_id }: Pick<RequestRow, 'id' | 'address' | 'guest_id' | 'run_id'>,
): Promise<Set<string>> {
  const { rows } = await sql<{ decision: RecordedDecision }>`
    select decision from request
    where (guest_id = ${guest_id} or address = ${address}) and anonymised_at is null
      and (id <> ${id}::uuid and run_id is distinct from ${run_id}::uuid or bulk ->> 'joined' = 'true') and state in ('provisioned', 'pending', 'queued', 'failed', 'held')`.execute(
    db,
  );
  return new Set(rows.flatMap(({ decision: { grants } }) => targetKeys(grants)));
}
