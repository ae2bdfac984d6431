import { sql } from 'kysely';
import { sealNewEvents } from '../../src/audit/seal.js';
import { insertAuditEvent } from '../../src/store/auditEvents.js';
import type { Db } from '../../src/store/schema.js';

/** Inserts `count` events, one transaction each, and seals them. */
export async function aTrail(db: Db, count: number): Promise<void> {
  for (let number = 1; number <= count; number++) {
    await insertAuditEvent(db, { actor: 'portal', action: 'request.provisioned', detail: { number } });
  }
  await sealNewEvents(db);
}

/** Does what the owner of the tables can: takes the triggers away, changes something, puts them back. */
export async function tamper(db: Db, ...statements: string[]): Promise<void> {
  await db.transaction().execute(async (trx) => {
    for (const table of ['audit_event', 'audit_seal']) {
      await sql`alter table ${sql.table(table)} disable trigger append_only`.execute(trx);
    }
    for (const statement of statements) await sql.raw(statement).execute(trx);
    for (const table of ['audit_event', 'audit_seal']) {
      await sql`alter table ${sql.table(table)} enable trigger append_only`.execute(trx);
    }
  });
}

/** Forgets all events and seals; ids begin at 1 again. */
export async function emptyTrail(db: Db): Promise<void> {
  await tamper(db, 'truncate audit_event restart identity', 'truncate audit_seal');
}
