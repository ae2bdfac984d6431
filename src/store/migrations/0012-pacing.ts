import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('request').addColumn('paced_domain', 'text').execute();
  await db.schema.alterTable('request').addColumn('slot_at', 'timestamptz').execute();
  await sql`create index request_slot on request (paced_domain, slot_at) where paced_domain is not null`.execute(
    db,
  );
}
