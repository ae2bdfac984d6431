import { sql } from 'kysely';
import { pausesOf } from './pauses.js';
import type { Db, Problem, StepDetail, StepRow, StepState } from './schema.js';

export function findSteps(db: Db, requestId: string): Promise<StepRow[]> {
  return db.selectFrom('step').selectAll().where('request_id', '=', requestId).orderBy('position').execute();
}

/**
 * Gives a request the steps of a plan, in its order, and removes those that were planned earlier and are not finished. Returns the
 * planned ones.
 */
export async function planSteps(db: Db, requestId: string, keys: readonly string[]): Promise<StepRow[]> {
  const steps = await db
    .with('unplanned', (trx) =>
      trx
        .deleteFrom('step')
        .where('request_id', '=', requestId)
        .where('state', 'not in', ['done', 'unconfirmed'])
        .where('key', 'not in', keys),
    )
    .insertInto('step')
    .values(keys.map((key, position) => waiting(requestId, key, position)))
    .onConflict((conflict) =>
      conflict.columns(['request_id', 'key']).doUpdateSet({ position: (eb) => eb.ref('excluded.position') }),
    )
    .returningAll()
    .execute();
  return steps.sort((one, other) => one.position - other.position);
}

/** Adds a step that a request does not have yet. */
export async function insertStep(db: Db, requestId: string, key: string, position: number): Promise<void> {
  await db
    .insertInto('step')
    .values(waiting(requestId, key, position))
    .onConflict((conflict) => conflict.columns(['request_id', 'key']).doUpdateSet({ position }))
    .execute();
}

function waiting(request_id: string, key: string, position: number) {
  return { request_id, key, position, state: 'waiting' as const, detail: '{}' };
}

/** Another worker has claimed the request, and nothing was written. */
export class LeaseLost extends Error {
  override name = 'LeaseLost';
}

/** The worker that writes. It must still hold the lease of the request. */
export type StepWriter = { requestId: string; owner: string };

/**
 * Begins another attempt at a step, unless what it needs is paused.
 *
 * @param needs names of pauses
 * @returns the step, or the seconds until the longest of the pauses ends
 * @throws {LeaseLost}
 */
export async function beginStep(
  db: Db,
  writer: StepWriter,
  key: string,
  needs: readonly string[] = [],
): Promise<StepRow | number> {
  const begun = stepOf(db, writer, key)
    .set({
      state: 'running',
      attempts: sql<number>`attempts + 1`,
      started_at: sql<Date>`coalesce(started_at, now())`,
    })
    .where(sql<boolean>`not exists (select from paused where seconds > 0)`)
    .returningAll();
  const { seconds, ...step } = await db
    .with('paused', (read) => pausesOf(read, needs))
    .with('begun', () => begun)
    .selectFrom('paused')
    .leftJoin('begun', (join) => join.onTrue())
    .selectAll('begun')
    .select('seconds')
    .executeTakeFirstOrThrow();
  if (seconds > 0) return seconds;
  if (step.key === null) throw new LeaseLost();
  return step as StepRow;
}

/** Replaces a step's notes for its next attempt. @throws {LeaseLost} */
export async function noteStep(db: Db, writer: StepWriter, key: string, detail: StepDetail): Promise<void> {
  await stepOf(db, writer, key)
    .set({ detail: JSON.stringify(detail) })
    .returning('key')
    .executeTakeFirstOrThrow(() => new LeaseLost());
}

export type StepOutcome = {
  state: Exclude<StepState, 'running'>;
  detail: StepDetail;
  problem: Problem | null;
  graphRequestId: string | null;
};

/**
 * Records how an attempt at a step ended, with its audit event, in one statement. An attempt that will be repeated, and a
 * look-up, have no event, because they changed nothing. @throws {LeaseLost}
 */
export async function recordStep(
  db: Db,
  writer: StepWriter,
  key: string,
  outcome: StepOutcome,
): Promise<void> {
  const update = stepOf(db, writer, key)
    .set({
      state: outcome.state,
      detail: JSON.stringify(outcome.detail),
      problem: outcome.problem && JSON.stringify(outcome.problem),
      graph_request_id: outcome.graphRequestId,
      finished_at: outcome.state === 'waiting' ? null : sql<Date>`now()`,
    })
    .returning(['key', 'attempts', 'graph_request_id', 'problem']);
  if (outcome.state === 'waiting' || key === 'lookup') {
    await update.executeTakeFirstOrThrow(() => new LeaseLost());
    return;
  }
  await db
    .with('recorded', () => update)
    .insertInto('audit_event')
    .columns(['request_id', 'actor', 'action', 'detail'])
    .expression((from) =>
      from.selectFrom('recorded').select([
        sql<string>`${writer.requestId}::uuid`.as('request_id'),
        sql<string>`'portal'`.as('actor'),
        sql<string>`${`step.${outcome.state}`}::text`.as('action'),
        sql<string>`jsonb_strip_nulls(jsonb_build_object(
          'step', key, 'attempts', attempts, 'graphRequestId', graph_request_id, 'problem', problem ->> 'code'))`.as(
          'detail',
        ),
      ]),
    )
    .returning('id')
    .executeTakeFirstOrThrow(() => new LeaseLost());
}

/** Removes every step of a request. */
export async function deleteSteps(db: Db, requestId: string): Promise<void> {
  await db.deleteFrom('step').where('request_id', '=', requestId).execute();
}

/** Removes steps that were planned and not begun. */
export async function deleteUnbegunSteps(db: Db, requestId: string): Promise<void> {
  await db
    .deleteFrom('step')
    .where('request_id', '=', requestId)
    .where('state', '=', 'waiting')
    .where('attempts', '=', 0)
    .execute();
}

/**
 * Resets the unfinished steps, so that the time before they are given up begins again. Their notes stay, because they keep a
 * mail from being sent twice.
 */
export async function reopenSteps(db: Db, requestId: string): Promise<void> {
  await db
    .updateTable('step')
    .set({ state: 'waiting', attempts: 0, started_at: null, finished_at: null, problem: null })
    .where('request_id', '=', requestId)
    .where('state', 'not in', ['done', 'unconfirmed'])
    .execute();
}

/** Fails the unfinished steps of a request on which no work is left. */
export async function failOpenSteps(db: Db, requestId: string, problem: Problem): Promise<void> {
  await db
    .updateTable('step')
    .set({ state: 'failed', problem: JSON.stringify(problem), finished_at: sql<Date>`now()` })
    .where('request_id', '=', requestId)
    .where('state', 'in', ['waiting', 'running'])
    .execute();
}

function stepOf(db: Db, { requestId, owner }: StepWriter, key: string) {
  return db
    .updateTable('step')
    .where('request_id', '=', requestId)
    .where('key', '=', key)
    .where((is) =>
      is.exists(
        is.selectFrom('request').select('id').where('id', '=', requestId).where('lease_owner', '=', owner),
      ),
    );
}
