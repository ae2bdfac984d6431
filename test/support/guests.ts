import { randomUUID } from 'node:crypto';
import type { Db } from '../../src/store/schema.js';

/** Puts guests into the ledger who have some groups: many, without a request for each. */
export async function haveGuests(
  db: Db,
  {
    partner,
    count,
    groups,
    domain = 'fabrikam.com',
  }: { partner: string; count: number; groups: readonly string[]; domain?: string },
): Promise<string[]> {
  const guests = Array.from({ length: count }, (_, index) => ({
    id: randomUUID(),
    address: `${partner}.${index}.${randomUUID().slice(0, 8)}@${domain}`,
    partner,
    came: 'portal' as const,
  }));
  for (let from = 0; from < guests.length; from += 5_000) {
    const some = guests.slice(from, from + 5_000);
    await db.insertInto('guest').values(some).execute();
    const grants = some.flatMap(({ id }) =>
      groups.map((target_id) => ({
        guest_id: id,
        kind: 'group' as const,
        target_id,
        role_id: '',
        name: 'A group',
        request_id: randomUUID(),
        found: 'created' as const,
      })),
    );
    for (let at = 0; at < grants.length; at += 5_000)
      await db
        .insertInto('access_grant')
        .values(grants.slice(at, at + 5_000))
        .execute();
  }
  return guests.map(({ id }) => id);
}

export async function haveNoGuests(db: Db): Promise<void> {
  await db.deleteFrom('guest').execute();
}
