import type { Response } from 'express';
import type { Deps } from '../../../deps.js';
import { accessIn } from '../../../http/guard.js';
import { listFor, type RequestLine } from '../../../requests/list/list.js';
import type { ReviewAction } from '../../../requests/review/permissions.js';
import { ageOf } from '../age.js';
import {
  faultsOf,
  filterOf,
  listAddress,
  NO_PARTNER,
  REQUEST_STATES,
  writeListQuery,
  type ListQuery,
} from './listQuery.js';
import { LENGTHS, type ReviewFault, type TypedWords } from './requestForm.js';

export const LIST = '/admin/requests';
export const MOST_AT_ONCE = 200;

/** A decision about several requests that was not taken: the list is shown again with what was chosen and typed. */
export type ReturnedDecision = {
  action: ReviewAction;
  problem: 'noneChosen' | 'tooMany' | null;
  faults: ReviewFault[];
  words: TypedWords;
  /** As the boxes of the list name them, `<id>:<version>`. */
  chosen: ReadonlySet<string>;
};

/** Renders one page of the list; with 422 where something in its form, or in its address, is to be mended. */
export async function showList(
  deps: Deps,
  res: Response,
  query: ListQuery,
  returned: ReturnedDecision | null = null,
): Promise<void> {
  const filter = filterOf(query);
  const faults = faultsOf(query);
  const listing = await listFor(deps, accessIn(res), { ...query, filter });
  res.status(returned || faults.length > 0 ? 422 : 200).render('admin/requests', {
    query,
    faults,
    returned,
    // Whoever chose a request saw one version of it, and does not choose another.
    lost: returned ? lostFrom(returned.chosen, listing.lines) : 0,
    lengths: LENGTHS,
    most: MOST_AT_ONCE,
    states: REQUEST_STATES,
    noPartner: NO_PARTNER,
    filtered: Object.keys(filter).length > 0,
    ...listing,
    age: (moment: Date) => ageOf(moment, res.locals.locale),
    addressOf: (changes: object) => listAddress(LIST, query, changes),
    listed: writeListQuery(query),
    csvAddress: listAddress(`${LIST}.csv`, query),
  });
}

function lostFrom(chosen: ReadonlySet<string>, lines: RequestLine[]): number {
  const offered = lines.filter(({ decidable, id, version }) => decidable && chosen.has(`${id}:${version}`));
  return chosen.size - offered.length;
}
