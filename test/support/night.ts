import { sql } from 'kysely';
import { retain } from '../../src/privacy/retention.js';
import type { TestPortal } from './portal.js';

/** A moment at which retention is due. */
export const NIGHT = new Date('2030-01-02T02:30:00Z');

/** Lets a night pass of which nothing has been done yet. */
export async function passNight(portal: TestPortal): Promise<void> {
  const { db } = portal.deps.store;
  await db.deleteFrom('retention_run').execute();
  await retain(portal.deps, { now: NIGHT });
}

/** Every row of every table but the named ones, as one text. */
export async function wholeStore({ deps }: TestPortal, without: string[] = []): Promise<string> {
  const { db } = deps.store;
  const { rows: tables } = await sql<{ schema: string; name: string }>`
    select table_schema as schema, table_name as name from information_schema.tables
    where table_schema = 'public' and table_type = 'BASE TABLE'`.execute(db);
  const texts: string[] = [];
  for (const { schema, name } of tables.filter((table) => !without.includes(table.name))) {
    const { rows } = await sql<{ text: string }>`
      select to_jsonb(r)::text as text from ${sql.table(`${schema}.${name}`)} as r`.execute(db);
    texts.push(...rows.map(({ text }) => `${name}: ${text}`));
  }
  return texts.join('\n');
}
