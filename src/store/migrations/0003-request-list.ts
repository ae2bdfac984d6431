import { sql, type Kysely } from 'kysely';

// What `store/requestList.ts` and `store/requestFigures.ts` ask for. The collation "C" orders by bytes, so that one index
// serves both the order and the beginning of a text, whatever the collation of the database is. Letters are folded by ICU:
// in a database of the locale C, `lower` knows ASCII only.

export async function up(db: Kysely<unknown>): Promise<void> {
  // Addresses are lower-case ASCII.
  await sql`alter table request alter column address type text collate "C"`.execute(db);
  await sql`drop index request_address`.execute(db);
  const indexes = {
    request_address: sql`(address, id)`,
    request_domain: sql`((split_part(address, '@', 2)))`,
    request_name: sql`((lower((first_name || ' ' || last_name) collate "und-x-icu") collate "C"))`,
    request_last_name: sql`((lower(last_name collate "und-x-icu") collate "C"))`,
    request_created: sql`(created_at, id)`,
    request_updated: sql`(updated_at, id)`,
    request_state: sql`(state, created_at, id)`,
    // "~" comes after every partner's id: requests of no partner are last.
    request_partner_order: sql`((coalesce(partner, '~') collate "C"), created_at, id)`,
  };
  for (const [name, columns] of Object.entries(indexes)) {
    await sql`create index ${sql.ref(name)} on request ${columns}`.execute(db);
  }
}
