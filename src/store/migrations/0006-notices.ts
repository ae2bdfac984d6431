import { sql, type Kysely } from 'kysely';

const KINDS = ['waiting', 'denied', 'digest'];
const STATES = ['waiting', 'sending', 'addressed', 'sent', 'unconfirmed', 'failed', 'skipped'];

const list = (values: string[]) => sql.join(values.map((value) => sql.lit(value)));

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('notice')
    .addColumn('id', 'uuid', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull().check(sql`kind in (${list(KINDS)})`))
    .addColumn('request_id', 'uuid', (column) => column.references('request.id').onDelete('cascade'))
    .addColumn('round', 'integer')
    .addColumn('period', 'text')
    .addColumn('recipient', 'text', (column) => column.notNull())
    .addColumn('partners', 'jsonb')
    .addColumn('state', 'text', (column) =>
      column
        .notNull()
        .defaultTo('waiting')
        .check(sql`state in (${list(STATES)})`),
    )
    .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('due_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('lease_until', 'timestamptz')
    .addColumn('begun_at', 'timestamptz')
    .addColumn('problem', 'jsonb')
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('finished_at', 'timestamptz')
    .addCheckConstraint('notice_about', sql`(request_id is null) <> (period is null)`)
    .addCheckConstraint('notice_round', sql`(request_id is null) = (round is null)`)
    .execute();
  // A person is told once each time that a request comes to wait, and once of a day.
  await sql`create unique index notice_of_request on notice (request_id, kind, recipient, round)`.execute(db);
  await sql`create unique index notice_of_period on notice (period, recipient)`.execute(db);
  await sql`create index notice_open on notice (due_at) where state in ('waiting', 'sending')`.execute(db);
  await sql`create index notice_begun on notice (recipient, begun_at) where begun_at is not null`.execute(db);
}
