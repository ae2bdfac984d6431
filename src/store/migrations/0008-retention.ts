import { sql, type Kysely } from 'kysely';

const FINISHED_STATES = ['provisioned', 'denied', 'lapsed', 'revoked'];

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('request')
    .addColumn('anonymised_at', 'timestamptz')
    .addColumn('keeps_place', 'boolean', (column) => column.notNull().defaultTo(true))
    .execute();
  // Without it each batch would read past all that were anonymised before.
  await sql`create index request_retained on request (updated_at)
    where anonymised_at is null and state in (${sql.join(FINISHED_STATES.map((state) => sql.lit(state)))})`.execute(
    db,
  );
  await db.schema
    .createTable('retention_run')
    .addColumn('day', 'text', (column) => column.primaryKey())
    .addColumn('requests', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('notices', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('people', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('began_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('finished_at', 'timestamptz')
    .execute();
}
