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

/** Removes steps that were planned, never settled, and are not wanted any more. */
export async function deleteUnsettledSteps(db: Db, requestId: string, keep: string[]): Promise<void> {
  await db
    .deleteFrom('step')
    .where('request_id', '=', requestId)
    .where('state', 'not in', ['done', 'unconfirmed'])
    .where('key', 'not in', keep)
    .execute();
}

/** Marks a step as begun once more. */
export async function beginStep(db: Db, requestId: string, key: string): Promise<StepRow> {
  return db
    .updateTable('step')
    .set({
      state: 'running',
      attempts: sql<number>`attempts + 1`,
      started_at: sql<Date>`coalesce(started_at, now())`,
    })
    .where('request_id', '=', requestId)
    .where('key', '=', key)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Replaces what a step has noted down for its next attempt. */
export async function noteStep(db: Db, requestId: string, key: string, detail: StepDetail): Promise<void> {
  await db
    .updateTable('step')
    .set({ detail: JSON.stringify(detail) })
    .where('request_id', '=', requestId)
    .where('key', '=', key)
    .execute();
}

export type StepOutcome = {
  state: StepState;
  detail: StepDetail;
  problem: Problem | null;
  graphRequestId: string | null;
};

export async function settleStep(
  db: Db,
  requestId: string,
  key: string,
  outcome: StepOutcome,
): Promise<void> {
  await db
    .updateTable('step')
    .set({
      state: outcome.state,
      detail: JSON.stringify(outcome.detail),
      problem: outcome.problem && JSON.stringify(outcome.problem),
      graph_request_id: outcome.graphRequestId,
      finished_at: outcome.state === 'waiting' ? null : sql<Date>`now()`,
    })
    .where('request_id', '=', requestId)
    .where('key', '=', key)
    .execute();
}
