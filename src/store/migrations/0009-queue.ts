import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('request')
    // The default is that of `PRIORITY.person`: what an instance of the version before inserts is what people wait for.
    .addColumn('priority', 'integer', (column) => column.notNull().defaultTo(20))
    .addColumn('trace', 'text')
    .execute();
  await sql`create index request_claim on request (priority desc, due_at) where due_at is not null`.execute(
    db,
  );
  await db.schema.alterTable('retention_run').addColumn('lease_until', 'timestamptz').execute();
}
