import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('guest_month')
    .addColumn('month', 'date', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('guest_id', 'uuid', (column) => column.notNull())
    .addPrimaryKeyConstraint('guest_month_pkey', ['month', 'kind', 'guest_id'])
    .execute();
  await sql`create index guest_month_guest on guest_month (guest_id)`.execute(db);
  await db.schema
    .createTable('licence_reading')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('data', 'jsonb', (column) => column.notNull())
    .addColumn('read_at', 'timestamptz')
    .addColumn('tried_at', 'timestamptz')
    .addColumn('cursor', 'jsonb')
    .addColumn('problem', 'jsonb')
    .addColumn('lease_until', 'timestamptz')
    .execute();
  await sql`alter table notice drop constraint if exists notice_kind_check`.execute(db);
  await sql`alter table notice add constraint notice_kind_check
    check (kind in ('waiting', 'denied', 'digest', 'proof', 'known', 'runHalted', 'licences'))`.execute(db);
}
