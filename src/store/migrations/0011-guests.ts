import { sql, type Kysely } from 'kysely';

/** `store/guests.ts` fills both from the requests of the versions before. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('guest')
    .addColumn('id', 'uuid', (column) => column.primaryKey())
    .addColumn('address', 'text')
    .addColumn('partner', 'text')
    .addColumn('came', 'text', (column) => column.notNull())
    .addColumn('accepted', 'boolean', (column) => column.notNull().defaultTo(false))
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('seen_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('gone_at', 'timestamptz')
    .execute();
  await sql`create index guest_address on guest (address)`.execute(db);
  await db.schema
    .createTable('access_grant')
    .addColumn('id', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity())
    .addColumn('guest_id', 'uuid', (column) => column.notNull().references('guest.id').onDelete('cascade'))
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('target_id', 'uuid', (column) => column.notNull())
    .addColumn('role_id', 'text', (column) => column.notNull().defaultTo(''))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('request_id', 'uuid', (column) => column.notNull())
    .addColumn('found', 'text', (column) => column.notNull())
    .addColumn('since', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('until', 'timestamptz')
    .addColumn('ended_at', 'timestamptz')
    .addColumn('ended_by', 'text')
    .execute();
  await sql`create unique index access_grant_current on access_grant (guest_id, kind, target_id, role_id)
    where ended_at is null`.execute(db);
}
