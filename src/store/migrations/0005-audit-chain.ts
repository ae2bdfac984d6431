import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('audit_seal')
    .addColumn('seq', 'bigint', (column) => column.primaryKey())
    // No foreign key: a seal has to outlive its event, or it could not tell of the deletion.
    .addColumn('event_id', 'bigint', (column) => column.notNull().unique())
    .addColumn('event_digest', 'bytea', (column) => column.notNull())
    .addColumn('hash', 'bytea', (column) => column.notNull())
    .addColumn('sealed_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute();
  await refuseChanges(db);
  // The audit page: newest first, of everybody, of one person, of one kind.
  await sql`create index audit_event_at on audit_event (at, id)`.execute(db);
  await sql`create index audit_event_actor on audit_event (actor, at, id)`.execute(db);
  await sql`create index audit_event_kind on audit_event (split_part(action, '.', 1), at, id)`.execute(db);
}

/**
 * Keeps the portal itself, and whoever works with its rights by mistake, from changing the trail. The tables' owner can
 * take the triggers away: the chain of seals shows what was done then.
 */
async function refuseChanges(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function refuse_audit_change() returns trigger language plpgsql as $$
    begin
      raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
    end $$`.execute(db);
  for (const table of ['audit_event', 'audit_seal']) {
    await sql`
      create trigger append_only before update or delete or truncate on ${sql.table(table)}
      for each statement execute function refuse_audit_change()`.execute(db);
  }
}
