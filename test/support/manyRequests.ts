import { sql, type RawBuilder } from 'kysely';
import type { Db } from '../../src/store/schema.js';

/**
 * Inserts `count` settled requests of 40 partners (`company0` …) in one statement, one every five minutes back from now,
 * and tells the planner about them; a few wait or are held.
 */
export async function insertManyRequests(db: Db, count: number): Promise<void> {
  await atLeisure(
    db,
    sql`
    insert into request (
      id, token_hash, address, first_name, last_name, company, reason, language, partner, decision, policy_hash,
      state, problem, created_at, updated_at
    )
    select
      gen_random_uuid(), decode(md5(i::text), 'hex'),
      'user' || i || '@' || case when i % 7 = 0 then 'sub.' else '' end || 'company' || i % 40 || '.com',
      (array['Ana', 'Bo', 'Cecilia', 'Åsa', 'Erik', 'Fatima', 'Gustav', 'Hanna', 'Ivar', 'Johan'])[1 + i % 10],
      (array['Lind', 'Ödman', 'Karlsson', 'Berg', 'Nyström'])[1 + i / 10 % 5] || i % 97,
      'Company ' || i % 40, 'Orders in the CRM, for as long as the contract runs', 'en',
      case when i % 11 = 0 then null else 'company' || i % 40 end,
      '{"outcome":"invite","partner":null,"rule":null,"grants":{"groups":[],"apps":[]},"reasons":[]}', repeat('0', 64),
      case
        when i % 503 = 0 then 'pending'
        when i % 2003 = 0 then 'held'
        else (array['provisioned', 'provisioned', 'provisioned', 'provisioned', 'denied', 'lapsed'])[1 + i * 7919 % 6]
      end,
      case when i % 2003 = 0 then '{"code":"guestBlocked"}'::jsonb end,
      now() - i * interval '5 minutes', now() - i::bigint * 7919 % ${count}::int * interval '5 minutes'
    from generate_series(1, ${count}::int) as i`,
  );
  await sql`analyze request`.execute(db);
}

/** Runs a statement on very many rows, which on a busy machine may take longer than the portal lets its own take. */
export async function atLeisure(db: Db, statement: RawBuilder<unknown>): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`set local statement_timeout = 0`.execute(trx);
    await statement.execute(trx);
  });
}
