import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Deps } from '../../src/deps.js';
import { createStop } from '../../src/jobs/stop.js';
import { provision } from '../../src/requests/provision/provision.js';
import { isUnclaimed } from '../../src/store/leases.js';
import type { Db, RequestRow } from '../../src/store/schema.js';

/** Claims one request, as a worker does that finds it first; nothing when it is not due or somebody holds it. */
export function claimById(
  db: Db,
  id: string,
  leaseSeconds = 30,
  owner: string = randomUUID(),
): Promise<RequestRow | undefined> {
  return db
    .updateTable('request')
    .set({ lease_owner: owner, lease_until: sql<Date>`now() + ${leaseSeconds} * interval '1 second'` })
    .where('id', '=', id)
    .where('due_at', '<=', sql<Date>`now()`)
    .where(isUnclaimed)
    .returningAll()
    .executeTakeFirst();
}

/** A worker's turn with one request; nothing happens when it cannot be claimed. */
export async function workOn(deps: Deps, id: string): Promise<void> {
  const request = await claimById(deps.store.db, id);
  if (request) await provision(deps, { request, owner: request.lease_owner ?? '' }, createStop());
}
