import { sql } from 'kysely';
import type { Db } from './schema.js';

/**
 * Notes that somebody has posted the address of a request again and is led to it, and holds it until the transaction ends.
 * Returns false when it was anonymised meanwhile: then it is nobody's any more.
 */
export async function noteAsking(trx: Db, id: string): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('request')
    .set({ asked_at: sql<Date>`clock_timestamp()` })
    .where('id', '=', id)
    .where('anonymised_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
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
