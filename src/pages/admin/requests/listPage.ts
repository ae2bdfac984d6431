import type { Response } from 'express';
import type { Deps } from '../../../deps.js';
import { accessIn } from '../../../http/guard.js';
import { listFor, type RequestListing } from '../../../requests/list/list.js';
import { REQUEST_SORTS } from '../../../store/requestList.js';
import type { RequestState } from '../../../store/schema.js';
import { ageOf } from '../age.js';
import type { Flash } from './flash.js';
import {
  faultsOf,
  filterOf,
  listAddress,
  NO_PARTNER,
  REQUEST_STATES,
  writeListQuery,
  type ListQuery,
} from './listQuery.js';

export const LIST = '/admin/requests';
export const MOST_AT_ONCE = 200;

/** The tabs of the list and their states. Those that are worked on have a count: the others only grow. */
const TABS: Record<string, { states: RequestState[]; counted?: true }> = {
  awaiting: { states: ['pending'], counted: true },
  delayed: { states: ['held', 'failed'], counted: true },
  underWay: { states: ['queued', 'unproven'], counted: true },
  done: { states: ['provisioned', 'revoked'] },
  refused: { states: ['denied', 'lapsed'] },
  all: { states: [] },
};

/** What stands above the list: what was just done, or why a decision about several requests was not taken. */
type Above = { flash?: Flash | null; problem?: 'noneChosen' | 'tooMany' | null };

/** Renders one page of the list; with 422 where something in its form, or in its address, is to be mended. */
export async function showList(
  deps: Deps,
  res: Response,
  query: ListQuery,
  { flash = null, problem = null }: Above = {},
): Promise<void> {
  const filter = filterOf(query);
  const faults = faultsOf(query);
  const listing = await listFor(deps, accessIn(res), { ...query, filter });
  const addressOf = (changes: Partial<ListQuery>) => listAddress(LIST, query, changes);
  const tabs = tabsOf(query, listing);
  const chips = chipsOf(res, query, listing, tabs);
  res.status(problem || faults.length > 0 ? 422 : 200).render('admin/requests', {
    query,
    faults,
    flash,
    problem,
    most: MOST_AT_ONCE,
    states: REQUEST_STATES,
    sorts: Object.keys(REQUEST_SORTS),
    noPartner: NO_PARTNER,
    tabs: tabs.map(({ states, sort, ...tab }) => ({ ...tab, href: addressOf({ state: states, sort }) })),
    chips: chips.map(({ text, without }) => ({ text, href: addressOf(without) })),
    ...listing,
    age: (moment: Date) => ageOf(moment, res.locals.locale),
    addressOf,
    listed: writeListQuery(query),
    csvAddress: listAddress(`${LIST}.csv`, query),
  });
}

type Tab = {
  name: string;
  states: RequestState[];
  sort: ListQuery['sort'];
  current: boolean;
  count: number | null;
};

function tabsOf({ state }: ListQuery, { open }: RequestListing): Tab[] {
  return Object.entries(TABS).map(([name, { states, counted }]) => ({
    name,
    states,
    // Whoever has waited longest is first in turn.
    sort: name === 'awaiting' ? 'oldest' : 'newest',
    current: state.length === states.length && states.every((one) => state.includes(one)),
    count: counted ? states.reduce((sum, one) => sum + (open.get(one) ?? 0), 0) : null,
  }));
}

/** What narrows the list besides its tab, each with what takes it away. */
function chipsOf(
  { locals: { t } }: Response,
  { search, partner, from, to, state }: ListQuery,
  { partners }: RequestListing,
  tabs: Tab[],
): { text: string; without: Partial<ListQuery> }[] {
  const chips: { text: string; without: Partial<ListQuery> }[] = [];
  const add = (name: string, value: string, without: Partial<ListQuery>) => {
    if (value !== '')
      chips.push({ text: t('requests.filter.chip', { name: t(`requests.filter.${name}`), value }), without });
  };
  add('search', search, { search: '' });
  const partnerName = partner === NO_PARTNER ? t('requests.filter.noPartner') : partner;
  add('partner', partners?.find(({ id }) => id === partner)?.name ?? partnerName, { partner: '' });
  add('from', from, { from: '' });
  add('to', to, { to: '' });
  if (!tabs.some(({ current }) => current)) {
    for (const one of state)
      add('state', t(`state.${one}`), { state: state.filter((other) => other !== one) });
  }
  return chips;
}
