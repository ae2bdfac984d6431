import { sql } from 'kysely';
import { personKey, type Person } from '../access/access.js';
import type { Db } from './schema.js';

/** Stores a person who has signed in, with their present name. */
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
 * The names of people who have ever signed in.
 *
 * @param keys `tid/oid`; the answer leaves out people who never signed in
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
