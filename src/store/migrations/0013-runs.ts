import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('run')
    .addColumn('id', 'uuid', (column) => column.primaryKey())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('choice', 'jsonb', (column) => column.notNull())
    .addColumn('policy_hash', 'text', (column) => column.notNull())
    .addColumn('sheet', 'jsonb', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('started_at', 'timestamptz')
    .addColumn('finished_at', 'timestamptz')
    .addColumn('due_at', 'timestamptz')
    .addColumn('refusals', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('problem', 'jsonb')
    .execute();
  await sql`create index run_due on run (due_at) where due_at is not null`.execute(db);
  await db.schema
    .createTable('run_row')
    .addColumn('run_id', 'uuid', (column) => column.notNull().references('run.id').onDelete('cascade'))
    .addColumn('position', 'integer', (column) => column.notNull())
    .addColumn('line', 'integer', (column) => column.notNull())
    .addColumn('address', 'text')
    .addColumn('typed', 'jsonb', (column) => column.notNull())
    .addColumn('found', 'jsonb')
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('verdict', 'jsonb', (column) => column.notNull())
    .addColumn('request_id', 'uuid')
    .addColumn('undone', 'jsonb')
    .addPrimaryKeyConstraint('run_row_pkey', ['run_id', 'position'])
    .execute();
  await sql`create index run_row_request on run_row (request_id) where request_id is not null`.execute(db);
  await sql`create index run_row_address on run_row (address) where address is not null`.execute(db);
  await db.schema.alterTable('request').addColumn('run_id', 'uuid').execute();
  await db.schema.alterTable('request').addColumn('bulk', 'jsonb').execute();
  await sql`create index request_run on request (run_id, state) where run_id is not null`.execute(db);
  await sql`create index request_run_due on request (run_id, due_at) where priority = 0 and due_at is not null`.execute(
    db,
  );
  await sql`create index request_run_lease on request (lease_until)
    where priority = 0 and due_at is not null and lease_until is not null`.execute(db);
  await sql`alter table notice drop constraint if exists notice_kind_check`.execute(db);
  await sql`alter table notice add constraint notice_kind_check
    check (kind in ('waiting', 'denied', 'digest', 'proof', 'known', 'runHalted'))`.execute(db);
  await db.schema
    .createTable('budget')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('level', 'float8', (column) => column.notNull())
    .addColumn('at', 'timestamptz', (column) => column.notNull())
    .execute();
}
