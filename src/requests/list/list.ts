import { covers, type Access, type Scope, personKey } from '../../access/access.js';
import type { Deps } from '../../deps.js';
import type { Policy } from '../../policy/policy.js';
import { insertAuditEvent } from '../../store/auditEvents.js';
import { countOpenRequests } from '../../store/requestFigures.js';
import {
  listRequests,
  type ListedRequest,
  type ListPosition,
  type RequestFilter,
  type RequestSort,
} from '../../store/requestList.js';
import type { RequestState } from '../../store/schema.js';
import { ACTION_TABLE } from '../review/permissions.js';

/** Requests on one page. */
const PAGE_LENGTH = 25;
/** Requests of an export that are read at once. */
const CHUNK = 1_000;

/** More than a person looks through. */
const MOST_CHOICES = 300;

export type PartnerChoice = { id: string; name: string };

/** The person's own filter; their access adds the scope. */
export type ListFilter = Omit<RequestFilter, 'scope'>;

type RequestLine = ListedRequest & {
  /** By the policy in force; the partner's id when the policy no longer has it. */
  partnerName: string | null;
  /** Whether the person who looks may decide on it, and there is something to decide. */
  decidable: boolean;
};

export type RequestListing = {
  lines: RequestLine[];
  next: ListPosition | null;
  previous: ListPosition | null;
  /** How many requests wait or are stuck in each state, whatever the filter. */
  open: Map<RequestState, number>;
  /** Null where there are too many to choose from. */
  partners: PartnerChoice[] | null;
};

/** States in which a person can do something about a request. */
const TO_DECIDE = new Set(Object.values(ACTION_TABLE).flatMap(({ from }) => from));

/** One page of the requests that a person may see. */
export async function listFor(
  deps: Deps,
  access: Access,
  { filter, sort, position }: { filter: ListFilter; sort: RequestSort; position: ListPosition | null },
): Promise<RequestListing> {
  const { db } = deps.store;
  const { policy } = deps.policy.current();
  const [page, open] = await Promise.all([
    listRequests(db, { filter: { ...filter, scope: access.reads }, sort, position, limit: PAGE_LENGTH }),
    countOpenRequests(db, access.reads),
  ]);
  return {
    lines: page.requests.map((request) => ({
      ...request,
      partnerName: policy.partnerName(request.partner),
      decidable: TO_DECIDE.has(request.state) && covers(access.decides, request.partner),
    })),
    next: page.next,
    previous: page.previous,
    open: new Map(open.map(({ state, count }) => [state, count])),
    partners: partnerChoices(policy, access.reads),
  };
}

/**
 * Every request that passes a filter and that a person may see, newest first. The moment when a request came never changes, so
 * each appears once, however long the reader takes. Only one chunk is in memory at a time.
 *
 * The audit trail gets the number of rows and the names of the filters, never their values, before the list ends, even if the
 * reader goes away. An export that cannot be recorded ends with an error.
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
    const query = { filter: { ...filter, scope: access.reads }, sort: 'newest', limit: CHUNK } as const;
    let position: ListPosition | null = null;
    do {
      const page = await listRequests(db, { ...query, position });
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

/** The partners whose requests a scope covers, by name; null where there are too many to choose from. */
export function partnerChoices({ document }: Policy, scope: Scope): PartnerChoice[] | null {
  const covered = document.partners.filter(({ id }) => covers(scope, id));
  if (covered.length > MOST_CHOICES) return null;
  return covered
    .map(({ id, name }) => ({ id, name }))
    .sort((one, other) => one.name.localeCompare(other.name));
}
