import { sql, type Kysely } from 'kysely';

const NOTICE_KINDS = ['waiting', 'denied', 'digest', 'proof', 'known'];
const PROVEN_OPEN_STATES = ['pending', 'queued', 'failed', 'held'];

const list = (values: string[]) => sql.join(values.map((value) => sql.lit(value)));

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('request')
    .addColumn('proof', 'jsonb')
    .addColumn('browser_hash', 'bytea')
    .addColumn('asked_at', 'timestamptz')
    .execute();
  // A request that nobody has proved claims nothing: it stands beside the one that its address may have already.
  await sql`create unique index request_unproven_address on request (address) where state = 'unproven'`.execute(
    db,
  );
  await sql`create unique index request_proven_address on request (address)
    where state in (${list(PROVEN_OPEN_STATES)})`.execute(db);
  await sql`drop index request_open_address`.execute(db);
  await sql`create index request_lapsing on request (created_at) where state = 'unproven'`.execute(db);
  await createChallenge(db);
  await createChallengeBrowser(db);
  await createMailbox(db);
  await sql`alter table notice drop constraint notice_kind_check`.execute(db);
  await sql`alter table notice add constraint notice_kind_check check (kind in (${list(NOTICE_KINDS)}))`.execute(
    db,
  );
}

async function createChallenge(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('challenge')
    .addColumn('request_id', 'uuid', (column) =>
      column.primaryKey().references('request.id').onDelete('cascade'),
    )
    .addColumn('browser_hash', 'bytea', (column) => column.notNull())
    .addColumn('sealed_code', 'text')
    .addColumn('link_hash', 'bytea', (column) => column.unique())
    .addColumn('expires_at', 'timestamptz')
    .addColumn('tries_left', 'integer', (column) => column.notNull())
    .addColumn('asked_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute();
}

async function createChallengeBrowser(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('challenge_browser')
    .addColumn('request_id', 'uuid', (column) =>
      column.notNull().references('challenge.request_id').onDelete('cascade'),
    )
    .addColumn('browser_hash', 'bytea', (column) => column.notNull())
    .addColumn('tries_left', 'integer', (column) => column.notNull())
    .addColumn('asked_at', 'timestamptz')
    .addColumn('came_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .addPrimaryKeyConstraint('challenge_browser_pkey', ['request_id', 'browser_hash'])
    .execute();
}

async function createMailbox(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('mailbox')
    .addColumn('address_hash', 'bytea', (column) => column.primaryKey())
    .addColumn('mailed_at', 'timestamptz', (column) => column.notNull())
    .addColumn('day_began_at', 'timestamptz', (column) => column.notNull())
    .addColumn('mails', 'integer', (column) => column.notNull())
    .execute();
}
