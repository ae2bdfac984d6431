import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('policy_version')
    .addColumn('id', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity())
    // `saving` from before the file is replaced until that is known to have happened.
    .addColumn('state', 'text', (column) => column.notNull().check(sql`state in ('saving', 'saved')`))
    .addColumn('hash', 'text', (column) => column.notNull())
    .addColumn('text', 'text', (column) => column.notNull())
    .addColumn('terms', 'text')
    .addColumn('terms_hash', 'text')
    .addColumn('previous_hash', 'text')
    .addColumn('author', 'text', (column) => column.notNull())
    .addColumn('comment', 'text')
    .addColumn('restored_from', 'bigint')
    .addColumn('counts', 'jsonb', (column) => column.notNull())
    .addColumn('at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .execute();
  await sql`create index policy_version_order on policy_version (at desc, id desc)`.execute(db);
  await sql`create index policy_version_hash on policy_version (hash)`.execute(db);
}
