import { sql } from 'kysely';
import type { Db, RequestRow } from './schema.js';

/** Notes that somebody has posted the address of a request again and was led to it. */
export async function noteAsking(trx: Db, id: string): Promise<void> {
  await trx
    .updateTable('request')
    .set({ asked_at: sql<Date>`clock_timestamp()` })
    .where('id', '=', id)
    .execute();
}

/** When somebody on the status page has asked for the mail once more, oldest first, and not before `since`. */
export async function findResends(db: Db, requestId: string, since: Date | null): Promise<Date[]> {
  const rows = await db
    .selectFrom('audit_event')
    .select('at')
    .where('request_id', '=', requestId)
    .where('action', '=', 'request.resend')
    .where('actor', '=', 'partner')
    .$if(since !== null, (query) => query.where('at', '>=', since))
    .orderBy('at')
    .execute();
  return rows.map(({ at }) => at);
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
