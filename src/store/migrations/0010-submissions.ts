import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('submission')
    .addColumn('token_hash', 'bytea', (column) => column.primaryKey())
    .addColumn('request_id', 'uuid', (column) =>
      column.notNull().references('request.id').onDelete('cascade'),
    )
    .addColumn('by_mail', 'boolean', (column) => column.notNull().defaultTo(false))
    .addColumn('resends', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('resent_at', 'timestamptz')
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute();
  await sql`create index submission_request on submission (request_id)`.execute(db);
  // Pages that are open keep their addresses. What the version before accepts later is found by the request's own token.
  await sql`insert into submission (token_hash, request_id, created_at)
    select token_hash, id, created_at from request`.execute(db);
}
