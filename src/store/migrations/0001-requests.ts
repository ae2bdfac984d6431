import { sql, type Kysely } from 'kysely';

const STATES = [
  'unproven',
  'pending',
  'queued',
  'provisioned',
  'denied',
  'failed',
  'held',
  'lapsed',
  'revoked',
];
const OPEN_STATES = ['unproven', 'pending', 'queued', 'failed', 'held'];
const STEP_STATES = ['waiting', 'running', 'done', 'unconfirmed', 'failed'];

const list = (values: string[]) => sql.join(values.map((value) => sql.lit(value)));

export async function up(db: Kysely<unknown>): Promise<void> {
  await createRequest(db);
  await createStep(db);
  await createAuditEvent(db);
  await db.schema
    .createTable('pause')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('until', 'timestamptz', (column) => column.notNull())
    .execute();
  // The columns are those of rate-limiter-flexible, which counts in this table.
  await db.schema
    .createTable('rate_limit')
    .addColumn('key', 'varchar(255)', (column) => column.primaryKey())
    .addColumn('points', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('expire', 'bigint')
    .execute();
}

async function createRequest(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('request')
    .addColumn('id', 'uuid', (column) => column.primaryKey())
    .addColumn('token_hash', 'bytea', (column) => column.notNull().unique())
    .addColumn('address', 'text', (column) => column.notNull())
    .addColumn('first_name', 'text', (column) => column.notNull())
    .addColumn('last_name', 'text', (column) => column.notNull())
    .addColumn('company', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('language', 'text', (column) => column.notNull())
    .addColumn('partner', 'text')
    .addColumn('decision', 'jsonb', (column) => column.notNull())
    .addColumn('policy_hash', 'text', (column) => column.notNull())
    .addColumn('terms_hash', 'text')
    .addColumn('terms_accepted_at', 'timestamptz')
    .addColumn('state', 'text', (column) => column.notNull().check(sql`state in (${list(STATES)})`))
    .addColumn('problem', 'jsonb')
    .addColumn('guest_id', 'uuid')
    .addColumn('due_at', 'timestamptz')
    .addColumn('lease_owner', 'uuid')
    .addColumn('lease_until', 'timestamptz')
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('updated_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute();
  // At most one open request an address: what makes a double submit answer with the first one.
  await sql`create unique index request_open_address on request (address) where state in (${list(OPEN_STATES)})`.execute(
    db,
  );
  await sql`create index request_address on request (address)`.execute(db);
  await sql`create index request_partner on request (partner, created_at)`.execute(db);
  await sql`create index request_due on request (due_at) where due_at is not null`.execute(db);
}

async function createStep(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('step')
    .addColumn('request_id', 'uuid', (column) =>
      column.notNull().references('request.id').onDelete('cascade'),
    )
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('position', 'integer', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull().check(sql`state in (${list(STEP_STATES)})`))
    .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('detail', 'jsonb', (column) => column.notNull())
    .addColumn('problem', 'jsonb')
    .addColumn('graph_request_id', 'text')
    .addColumn('started_at', 'timestamptz')
    .addColumn('finished_at', 'timestamptz')
    .addPrimaryKeyConstraint('step_pkey', ['request_id', 'key'])
    .execute();
}

async function createAuditEvent(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('audit_event')
    .addColumn('id', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity())
    .addColumn('at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('request_id', 'uuid')
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('detail', 'jsonb', (column) => column.notNull())
    .execute();
  await sql`create index audit_event_request on audit_event (request_id)`.execute(db);
}
