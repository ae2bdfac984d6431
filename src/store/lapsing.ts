import { sql } from 'kysely';
import type { AuditAction } from './auditActions.js';
import type { Db } from './schema.js';

const LAPSED: AuditAction = 'request.lapsed';

/**
 * Lapses up to `limit` of the requests that have been unproven for `seconds`, oldest first, with the events that record it.
 * One that somebody holds, such as a proof that arrives in the last moment or another instance, is left to them.
 * Returns how many there were.
 */
export async function lapseOverdue(db: Db, seconds: number, limit: number): Promise<number> {
  const { rows } = await sql`
    with overdue as (
      select id from request
      where state = 'unproven' and created_at < now() - ${seconds}::float8 * interval '1 second'
      order by created_at limit ${limit}
      for update skip locked
    ), lapsed as (
      update request
      set state = 'lapsed', problem = null, version = version + 1, due_at = null, updated_at = now()
      from overdue where request.id = overdue.id
      returning request.id
    )
    insert into audit_event (request_id, actor, action, detail)
    select id, 'portal', ${LAPSED}, '{}'::jsonb from lapsed
    returning id`.execute(db);
  return rows.length;
}
