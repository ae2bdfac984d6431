import { sql } from 'kysely';
import { hashToken } from '../../src/token.js';
import { mailboxOf } from '../../src/store/mailboxes.js';
import type { RequestRow } from '../../src/store/schema.js';
import type { TestPortal } from './portal.js';

export function requestAt({ deps }: TestPortal, path: string): Promise<RequestRow> {
  return deps.store.db
    .selectFrom('request')
    .selectAll()
    .where('token_hash', '=', hashToken(path.split('/').at(-1) ?? ''))
    .executeTakeFirstOrThrow();
}

/** Makes everything that happened to a request, and to its mailbox, `minutes` older. */
export async function ageRequest(portal: TestPortal, path: string, minutes: number): Promise<void> {
  const { db } = portal.deps.store;
  const { id, address } = await requestAt(portal, path);
  const earlier = (column: string) => sql<Date>`${sql.ref(column)} - ${minutes} * interval '1 minute'`;
  await db
    .updateTable('request')
    .set({
      created_at: earlier('created_at'),
      updated_at: earlier('updated_at'),
      asked_at: earlier('asked_at'),
    })
    .where('id', '=', id)
    .execute();
  await db
    .updateTable('step')
    .set({ started_at: earlier('started_at'), finished_at: earlier('finished_at') })
    .where('request_id', '=', id)
    .execute();
  await db
    .updateTable('mailbox')
    .set({ mailed_at: earlier('mailed_at'), day_began_at: earlier('day_began_at') })
    .where('address_hash', '=', mailboxOf(address))
    .execute();
}
