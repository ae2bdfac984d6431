import { sql } from 'kysely';
import type { AuditAction } from './auditEvents.js';
import type {
  Db,
  Found,
  Problem,
  RowOutcome,
  RowVerdict,
  RunChoice,
  RunData,
  RunSheet,
  RunState,
  SheetRow,
} from './schema.js';

/** A row as it was judged. */
export type JudgedRow = {
  position: number;
  line: number;
  address: string | null;
  typed: SheetRow;
  found: Found | null;
  outcome: RowOutcome;
  verdict: RowVerdict;
};

type NewRun = {
  id: string;
  name: string;
  choice: RunChoice;
  sheet: RunSheet;
  policyHash: string;
  by: string;
};

/** Stores a run that nobody has started yet, with its rows. */
export async function insertRun(
  trx: Db,
  { id, name, choice, sheet, policyHash, by }: NewRun,
  rows: readonly JudgedRow[],
): Promise<void> {
  await trx
    .insertInto('run')
    .values({
      id,
      state: 'preview',
      name,
      choice: JSON.stringify(choice),
      sheet: JSON.stringify(sheet),
      policy_hash: policyHash,
      created_by: by,
    })
    .execute();
  await sql`
    insert into run_row (run_id, position, line, address, typed, found, outcome, verdict)
    select ${id}::uuid, position, line, address, typed, found, outcome, verdict
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as given (position int, line int, address text, typed jsonb, found jsonb, outcome text, verdict jsonb)`.execute(
    trx,
  );
}

/** Replaces how the rows of a run were judged, as long as nobody has started it. */
export async function replaceVerdicts(
  trx: Db,
  id: string,
  policyHash: string,
  rows: readonly JudgedRow[],
): Promise<void> {
  await sql`update run set policy_hash = ${policyHash} where id = ${id}::uuid and state = 'preview'`.execute(
    trx,
  );
  await sql`
    update run_row set outcome = given.outcome, verdict = given.verdict
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as given (position int, outcome text, verdict jsonb)
    where run_id = ${id}::uuid and run_row.position = given.position`.execute(trx);
}

export function findRun(db: Db, id: string): Promise<RunData | undefined> {
  return db.selectFrom('run').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Locks a run until the transaction ends. */
export function lockRun(trx: Db, id: string): Promise<RunData | undefined> {
  return trx.selectFrom('run').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
}

/** The newest runs, first those that were begun last. */
export function listRuns(db: Db, limit: number): Promise<(RunData & { rows: number })[]> {
  return db
    .selectFrom('run')
    .selectAll()
    .select((of) =>
      of
        .selectFrom('run_row')
        .select(sql<number>`count(*)::int`.as('rows'))
        .whereRef('run_id', '=', 'run.id')
        .as('rows'),
    )
    .$narrowType<{ rows: number }>()
    .orderBy('created_at', 'desc')
    .limit(limit)
    .execute();
}

/** Names who started a run, by which policy. */
export async function setStarter(trx: Db, id: string, by: string, policyHash: string): Promise<void> {
  await trx
    .updateTable('run')
    .set({ created_by: by, policy_hash: policyHash })
    .where('id', '=', id)
    .execute();
}

/** Changes the state of a run that is in one of the states `from`. Returns false when it is in another one. */
export async function changeRun(
  trx: Db,
  id: string,
  from: readonly RunState[],
  to: RunState,
  { problem = null }: { problem?: Problem | null } = {},
): Promise<boolean> {
  const works = to === 'running' || to === 'stopping' || to === 'undoing';
  const ended = to === 'done' || to === 'stopped' || to === 'undone';
  const { numUpdatedRows } = await trx
    .updateTable('run')
    .set({
      state: to,
      problem: problem && JSON.stringify(problem),
      due_at: works ? sql<Date>`now()` : null,
      refusals: 0,
      ...(to === 'running' && { started_at: sql<Date>`coalesce(started_at, now())` }),
      finished_at: ended ? sql<Date>`now()` : null,
    })
    .where('id', '=', id)
    .where('state', 'in', from)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/**
 * Counts what Microsoft refuses for reasons that are not the person's. With `most` of them in a row, or `atOnce`, the run is
 * halted, and its starter is mailed.
 *
 * @returns whether it was halted now
 */
export async function noteRowEnd(
  trx: Db,
  id: string,
  { refusal, atOnce, most }: { refusal: Problem | null; atOnce: boolean; most: number },
): Promise<boolean> {
  if (!refusal) {
    await sql`update run set refusals = 0 where id = ${id}::uuid and refusals > 0`.execute(trx);
    return false;
  }
  const { rows } = await sql<{ halted: boolean }>`
    update run set refusals = refusals + 1
    where id = ${id}::uuid and state = 'running'
    returning (refusals >= ${most}::int or ${atOnce}::boolean) as halted`.execute(trx);
  if (!rows[0]?.halted) return false;
  return changeRun(trx, id, ['running'], 'halted', { problem: refusal });
}

export const RUN_EVENTS = {
  running: 'run.started',
  paused: 'run.paused',
  halted: 'run.halted',
  stopping: 'run.stopped',
  done: 'run.finished',
  undoing: 'run.undone',
} as const satisfies Partial<Record<RunState, AuditAction>>;

/** Deletes previews that nobody has started within `days`. */
export async function deleteOldPreviews(trx: Db, days: number): Promise<void> {
  await trx
    .deleteFrom('run')
    .where('state', '=', 'preview')
    .where('created_at', '<', sql<Date>`now() - ${days}::int * interval '1 day'`)
    .execute();
}
