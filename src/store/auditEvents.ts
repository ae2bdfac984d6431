import type { Db } from './schema.js';

export type AuditEvent = {
  requestId?: string;
  /** `partner`, `portal`, or `tid/oid` of a signed-in person. */
  actor: string;
  action: string;
  detail?: Record<string, unknown>;
};

export async function insertAuditEvent(db: Db, event: AuditEvent): Promise<void> {
  await db
    .insertInto('audit_event')
    .values({
      request_id: event.requestId ?? null,
      actor: event.actor,
      action: event.action,
      detail: JSON.stringify(event.detail ?? {}),
    })
    .execute();
}
