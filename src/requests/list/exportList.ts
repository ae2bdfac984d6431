import { personKey } from '../../access/person.js';
import type { Access } from '../../access/access.js';
import type { Deps } from '../../deps.js';
import { insertAuditEvent } from '../../store/auditEvents.js';
import { listRequests, type ListedRequest, type ListPosition } from '../../store/requestList.js';
import type { ListFilter } from './list.js';

const CHUNK = 1_000;

/**
 * Every request that passes a filter and that a person may see, newest first: the moment when a request came never
 * changes, so each comes once however long the reader takes. Never more than a chunk is in memory.
 *
 * The audit trail gets how many rows were handed out and which filters were on, never what they looked for. It does so
 * before the list ends, also when the reader goes away: an export that cannot be recorded ends with an error.
 */
export async function* exportList(
  deps: Deps,
  access: Access,
  filter: ListFilter,
): AsyncGenerator<ListedRequest, void, undefined> {
  const { db } = deps.store;
  const filters = Object.entries(filter)
    .filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0))
    .map(([name]) => name);
  let rows = 0;
  let complete = false;
  try {
    let position: ListPosition | null = null;
    do {
      const page = await listRequests(db, { ...filter, scope: access.reads }, 'newest', position, CHUNK);
      for (const request of page.requests) {
        rows++;
        yield request;
      }
      position = page.next;
    } while (position);
    complete = true;
  } finally {
    await insertAuditEvent(db, {
      actor: personKey(access.person),
      action: 'requests.exported',
      detail: { filters, rows, complete },
    });
  }
}
