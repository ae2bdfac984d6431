import { sql } from 'kysely';
import { hashToken } from '../../src/token.js';
import { mailboxOf } from '../../src/store/mailboxes.js';
import { findSubmission } from '../../src/store/submissions.js';
import type { RequestRow } from '../../src/store/schema.js';
import type { TestPortal } from './portal.js';

/** The request of a status page. */
export async function requestAt({ deps }: Pick<TestPortal, 'deps'>, path: string): Promise<RequestRow> {
  const found = await findSubmission(deps.store.db, hashToken(path.split('/').at(-1) ?? ''));
  if (!found) throw new Error(`There is no page ${path}`);
  return found.request;
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
      slot_at: earlier('slot_at'),
    })
    .where('id', '=', id)
    .execute();
  await db
    .updateTable('submission')
    .set({ created_at: earlier('created_at'), resent_at: earlier('resent_at') })
    .where('request_id', '=', id)
    .execute();
  await db
    .updateTable('notice')
    .set({ finished_at: earlier('finished_at') })
    .where('request_id', '=', id)
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
