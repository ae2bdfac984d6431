import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('request')
    // Counts what people and the worker decide: a form that shows an older state is told apart by it.
    .addColumn('version', 'integer', (column) => column.notNull().defaultTo(1))
    .addColumn('review', 'jsonb')
    .execute();
  await db.schema
    .createTable('person')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('username', 'text')
    .addColumn('roles', 'jsonb', (column) => column.notNull())
    .addColumn('signed_in_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute();
  // The columns are those of connect-pg-simple, which keeps the sessions of signed-in people here.
  await db.schema
    .createTable('session')
    .addColumn('sid', 'varchar', (column) => column.primaryKey())
    .addColumn('sess', 'json', (column) => column.notNull())
    .addColumn('expire', sql`timestamp(6)`, (column) => column.notNull())
    .execute();
  await sql`create index session_expire on session (expire)`.execute(db);
}
