import { sql } from 'kysely';
import type { Db, Problem, Proof, RecordedDecision, RequestRow, RequestState } from './schema.js';

export function findRequest(db: Db, id: string): Promise<RequestRow | undefined> {
  return db.selectFrom('request').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Those of the requests with these ids that there are. */
export async function findRequests(db: Db, ids: string[]): Promise<RequestRow[]> {
  if (ids.length === 0) return [];
  return db.selectFrom('request').selectAll().where('id', 'in', ids).execute();
}

/** The latest requests beside one of the same address, or of the same partner. */
export function findRelatedRequests(
  db: Db,
  request: Pick<RequestRow, 'id' | 'address' | 'partner'>,
  by: 'address' | 'partner',
  limit: number,
): Promise<RequestRow[]> {
  return db
    .selectFrom('request')
    .selectAll()
    .where(by, '=', request[by])
    .where('id', '!=', request.id)
    .orderBy('created_at', 'desc')
    .limit(limit)
    .execute();
}

/** Holds a request that waits for a proof until the transaction ends; nothing when it does not (any more). */
export function lockUnproven(trx: Db, id: string): Promise<RequestRow | undefined> {
  return trx
    .selectFrom('request')
    .selectAll()
    .where('id', '=', id)
    .where('state', '=', 'unproven')
    .forUpdate()
    .executeTakeFirst();
}

/** What a request becomes by its proof. */
export type ProofSettlement = {
  state: RequestState;
  problem: Problem | null;
  proof: Proof;
  decision: RecordedDecision;
  partner: string | null;
  policyHash: string;
  /** The trace in which it was proved. */
  trace: string | null;
};

/** Settles a request that {@link lockUnproven} holds. */
export async function settleProof(trx: Db, id: string, settlement: ProofSettlement): Promise<void> {
  const { state, problem, proof, decision, partner, policyHash, trace } = settlement;
  await trx
    .updateTable('request')
    .set({
      state,
      problem: problem && JSON.stringify(problem),
      proof: JSON.stringify(proof),
      decision: JSON.stringify(decision),
      partner,
      policy_hash: policyHash,
      trace,
      version: sql<number>`version + 1`,
      due_at: state === 'queued' ? sql<Date>`now()` : null,
      updated_at: sql<Date>`now()`,
    })
    .where('id', '=', id)
    .execute();
}

/**
 * Notes what somebody has shown about the address of a request that had been on its way before. Returns false when it was
 * anonymised meanwhile: then it has no address any more.
 */
export async function noteProof(trx: Db, id: string, proof: Proof): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('request')
    .set({ proof: JSON.stringify(proof) })
    .where('id', '=', id)
    .where('anonymised_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Holds a request until the transaction ends, so that two who ask at once do not both get what one may. */
export function lockRequest(trx: Db, id: string): Promise<RequestRow> {
  return trx.selectFrom('request').selectAll().where('id', '=', id).forUpdate().executeTakeFirstOrThrow();
}

/** Notes that something was asked of a request that nobody works on: it counts as changed, as one that is worked on does. */
export async function touchRequest(trx: Db, id: string): Promise<void> {
  await trx
    .updateTable('request')
    .set({ updated_at: sql<Date>`now()` })
    .where('id', '=', id)
    .execute();
}
