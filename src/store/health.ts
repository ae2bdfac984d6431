import { sql } from 'kysely';
import type { Db } from './schema.js';

/** Number of the server's version, as PostgreSQL counts: 150004 is 15.4. */
export async function serverVersion(db: Db): Promise<number> {
  const { rows } = await sql<{ version: number }>`
    select current_setting('server_version_num')::int as version`.execute(db);
  return rows[0]?.version ?? 0;
}

/** Requests that are due and that no worker has: how many, and for how many seconds the oldest has been. */
export async function overdue(db: Db): Promise<{ count: number; seconds: number }> {
  return await db
    .selectFrom('request')
    .select([
      sql<number>`count(*)::int`.as('count'),
      sql<number>`coalesce(extract(epoch from now() - min(due_at)), 0)::float8`.as('seconds'),
    ])
    .where('due_at', '<=', sql<Date>`now()`)
    .where((or) => or.or([or('lease_until', 'is', null), or('lease_until', '<', sql<Date>`now()`)]))
    .executeTakeFirstOrThrow();
}
