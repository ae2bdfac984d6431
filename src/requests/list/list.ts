import { covers, type Access } from '../../access/access.js';
import type { Deps } from '../../deps.js';
import { countOpenRequests } from '../../store/requestFigures.js';
import {
  listRequests,
  type ListedRequest,
  type ListPosition,
  type RequestFilter,
  type RequestSort,
} from '../../store/requestList.js';
import type { RequestState } from '../../store/schema.js';
import { partnerChoices, type PartnerChoice } from './partnerChoices.js';
import { ACTION_TABLE } from '../review/reviewActions.js';

/** Requests on one page. */
export const PAGE_LENGTH = 50;

/** What somebody asks to see; whose requests they may see is not theirs to say. */
export type ListFilter = Omit<RequestFilter, 'scope'>;

export type RequestLine = ListedRequest & {
  /** As the policy in force names the partner; its id when the policy knows it no more, null when there is none. */
  partnerName: string | null;
  /** Whether whoever looks may decide on it, and there is something to decide. */
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
  filter: ListFilter,
  sort: RequestSort,
  position: ListPosition | null,
): Promise<RequestListing> {
  const { db } = deps.store;
  const { policy } = deps.policy.current();
  const [page, open] = await Promise.all([
    listRequests(db, { ...filter, scope: access.reads }, sort, position, PAGE_LENGTH),
    countOpenRequests(db, access.reads),
  ]);
  return {
    lines: page.requests.map((request) => ({
      ...request,
      partnerName: request.partner && (policy.partner(request.partner)?.name ?? request.partner),
      decidable: TO_DECIDE.has(request.state) && covers(access.decides, request.partner),
    })),
    next: page.next,
    previous: page.previous,
    open: new Map(open.map(({ state, count }) => [state, count])),
    partners: partnerChoices(policy, access.reads),
  };
}
