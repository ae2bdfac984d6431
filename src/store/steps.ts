import { sql } from 'kysely';
import type { Db, Problem, StepDetail, StepRow, StepState } from './schema.js';

export function findSteps(db: Db, requestId: string): Promise<StepRow[]> {
  return db.selectFrom('step').selectAll().where('request_id', '=', requestId).orderBy('position').execute();
}

/** Adds the steps that a request does not have yet, in order, as waiting. */
export async function insertSteps(
  db: Db,
  requestId: string,
  steps: { key: string; position: number }[],
): Promise<void> {
  await db
    .insertInto('step')
    .values(
      steps.map(({ key, position }) => ({
        request_id: requestId,
        key,
        position,
        state: 'waiting' as const,
        detail: '{}',
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(['request_id', 'key']).doUpdateSet({ position: (eb) => eb.ref('excluded.position') }),
    )
    .execute();
}

/** Removes steps that were planned, are not finished, and are no longer part of the plan. */
export async function deleteUnplannedSteps(db: Db, requestId: string, keep: string[]): Promise<void> {
  await db
    .deleteFrom('step')
    .where('request_id', '=', requestId)
    .where('state', 'not in', ['done', 'unconfirmed'])
    .where('key', 'not in', keep)
    .execute();
}

/** The request has passed to another worker, and nothing was written. */
export class LeaseLost extends Error {
  override name = 'LeaseLost';
}

/** Who writes: a worker whose lease on the request has passed to another one must not. */
export type StepWriter = { requestId: string; owner: string };

/** Marks a step as begun once more. @throws {LeaseLost} */
export async function beginStep(db: Db, writer: StepWriter, key: string): Promise<StepRow> {
  return stepOf(db, writer, key)
    .set({
      state: 'running',
      attempts: sql<number>`attempts + 1`,
      started_at: sql<Date>`coalesce(started_at, now())`,
    })
    .returningAll()
    .executeTakeFirstOrThrow(() => new LeaseLost());
}

/** Replaces what a step has noted down for its next attempt. @throws {LeaseLost} */
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
 * Stores how an attempt at a step ended, and the event that records it, in one statement. An attempt that is to be
 * repeated changed nothing that anybody would ask for, and neither did one that only looked. @throws {LeaseLost}
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

/** Removes steps that were planned and never begun. */
export async function deleteUnbegunSteps(db: Db, requestId: string): Promise<void> {
  await db
    .deleteFrom('step')
    .where('request_id', '=', requestId)
    .where('state', '=', 'waiting')
    .where('attempts', '=', 0)
    .execute();
}

/**
 * Sets the steps that are not over back to their beginning, so that the time after which they are given up counts anew. What they
 * have noted down for their next attempt stays: it is what keeps a mail from being sent twice.
 */
export async function reopenSteps(db: Db, requestId: string): Promise<void> {
  await db
    .updateTable('step')
    .set({ state: 'waiting', attempts: 0, started_at: null, finished_at: null, problem: null })
    .where('request_id', '=', requestId)
    .where('state', 'not in', ['done', 'unconfirmed'])
    .execute();
}

/** Fails the steps of a request that were begun and that nobody will work on any more. */
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
