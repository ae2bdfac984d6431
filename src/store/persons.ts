import { sql } from 'kysely';
import { personKey, type Person } from '../access/access.js';
import type { Db } from './schema.js';

/** Notes who signed in, under the name of today. */
export async function upsertPerson(db: Db, person: Person): Promise<void> {
  const { name, username } = person;
  const values = { name, username, roles: JSON.stringify(person.roles), signed_in_at: sql<Date>`now()` };
  await db
    .insertInto('person')
    .values({ key: personKey(person), ...values })
    .onConflict((conflict) => conflict.column('key').doUpdateSet(values))
    .execute();
}

/**
 * The names of people who have signed in at some time.
 *
 * @param keys `tid/oid` each; others are left out of the answer
 */
export async function namesOf(db: Db, keys: readonly string[]): Promise<Map<string, string>> {
  if (keys.length === 0) return new Map();
  const rows = await db
    .selectFrom('person')
    .select(['key', 'name'])
    .where('key', 'in', [...new Set(keys)])
    .execute();
  return new Map(rows.map(({ key, name }) => [key, name]));
}
