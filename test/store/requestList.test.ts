import {
  countOpenRequests,
  countProblems,
  countSignUps,
  currentDay,
  findOverdue,
} from '../../src/store/requestFigures.js';
import {
  listRequests,
  REQUEST_SORTS,
  type ListedRequest,
  type ListPosition,
  type RequestFilter,
  type RequestSort,
} from '../../src/store/requestList.js';
import type { RequestState } from '../../src/store/schema.js';
import { aRequest } from '../support/aRequest.js';
import { openTestStore, type TestStore } from '../support/openTestStore.js';

const SORTS = Object.keys(REQUEST_SORTS) as RequestSort[];
const DAY = 86_400_000;

const STATES: RequestState[] = ['provisioned', 'denied', 'pending', 'held', 'failed', 'lapsed', 'revoked'];
const PARTNERS = ['fabrikam', 'litware', 'northwind', null];
const FIRST = ['Ana', 'Åsa', 'Bo', "D'Arcy", '100%', 'a_b'];
const LAST = ['Lind', 'Öberg', 'von Platen', 'Anand'];
const DOMAINS = ['fabrikam.com', 'sales.fabrikam.com', 'litware.se', 'ana-partners.com'];
const WHOLE = 'ana.0@fabrikam.com';
const BEGIN = Date.UTC(2026, 0, 1);

/** A sequence that is the same in each run. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    yield state >> 8;
  }
}

function generated(count: number) {
  const random = numbers(7);
  const pick = <T>(values: readonly T[]): T => values[random.next().value % values.length] as T;
  return Array.from({ length: count }, (_, index) =>
    aRequest({
      address:
        index === 0 ? WHOLE : `${pick(['ana', 'bo', 'lind.a', 'o_berg', 'zoe'])}.${index}@${pick(DOMAINS)}`,
      first_name: pick(FIRST),
      last_name: pick(LAST),
      partner: pick(PARTNERS),
      state: pick(STATES),
      due_at: null,
      // Several share a moment.
      created_at: new Date(BEGIN + Math.floor((random.next().value % 300) / 3) * 6 * 3_600_000),
      updated_at: new Date(BEGIN + 200 * DAY + (random.next().value % 50) * 3_600_000),
    }),
  );
}

/** What the statements do, done the plain way. */
function expected(all: ListedRequest[], filter: RequestFilter, sort: RequestSort): string[] {
  const { scope, search, states, partner, from, until } = filter;
  const term = search?.toLowerCase();
  const begins = ({ address, first_name, last_name }: ListedRequest) => {
    if (term === undefined) return true;
    const domain = address.split('@')[1] ?? '';
    if (term.startsWith('@')) return domain.startsWith(term.slice(1));
    const places = [address, domain, `${first_name} ${last_name}`.toLowerCase(), last_name.toLowerCase()];
    return places.some((place) => place.startsWith(term));
  };
  const keyOf = (request: ListedRequest) =>
    ({
      newest: [request.created_at.getTime()],
      oldest: [request.created_at.getTime()],
      changed: [request.updated_at.getTime()],
      address: [request.address],
      partner: [request.partner ?? '~', request.created_at.getTime()],
    })[sort];
  const sign = REQUEST_SORTS[sort].descending ? -1 : 1;
  return all
    .filter((one) => scope === 'all' || (one.partner !== null && scope.includes(one.partner)))
    .filter(begins)
    .filter(({ state }) => !states?.length || states.includes(state))
    .filter((one) => partner === undefined || one.partner === partner)
    .filter(({ created_at }) => (!from || created_at >= from) && (!until || created_at < until))
    .sort((one, other) => {
      const [keys, others] = [
        [...keyOf(one), one.id],
        [...keyOf(other), other.id],
      ];
      const index = keys.findIndex((key, at) => key !== others[at]);
      if (index === -1) return 0;
      return ((keys[index] ?? '') < (others[index] ?? '') ? -1 : 1) * sign;
    })
    .map(({ id }) => id);
}

const FILTERS: [name: string, filter: Partial<RequestFilter>][] = [
  ['nothing', {}],
  ['one state', { states: ['pending'] }],
  ['several states', { states: ['pending', 'held', 'failed'] }],
  ['no state in particular', { states: [] }],
  ['a partner', { partner: 'litware' }],
  ['no partner', { partner: null }],
  ['a partner that there is not', { partner: 'nobody' }],
  ['days', { from: new Date(BEGIN + 5 * DAY), until: new Date(BEGIN + 9 * DAY) }],
  ['the beginning of an address or name', { search: 'ana' }],
  ['a whole address', { search: WHOLE }],
  ['the beginning of a domain', { search: 'sales' }],
  ['a domain alone', { search: '@fabrikam' }],
  ['a last name, whatever its case', { search: 'öB' }],
  ['a first and a last name', { search: 'åsa von' }],
  ['a quotation mark', { search: "d'arcy" }],
  ['signs that patterns know', { search: '100%' }],
  ['another such sign', { search: 'a_b' }],
  ['a sign alone that matches everything in a pattern', { search: '%' }],
  ['a scope of one partner', { scope: ['fabrikam'] }],
  ['a scope of two', { scope: ['fabrikam', 'northwind'] }],
  ['a scope of none', { scope: [] }],
  ['a partner outside the scope', { scope: ['fabrikam'], partner: 'litware' }],
  ['no partner outside the scope', { scope: ['fabrikam'], partner: null }],
  [
    'all of it together',
    { scope: ['litware', 'fabrikam'], partner: 'fabrikam', states: ['denied', 'held'], search: 'a' },
  ],
];

/** Follows the pages from one end to the other. */
async function walk(
  store: TestStore,
  filter: RequestFilter,
  sort: RequestSort,
  limit: number,
  between: () => Promise<void> = () => Promise.resolve(),
) {
  const forward: string[][] = [];
  let position: ListPosition | null = null;
  let back: ListPosition | null;
  do {
    const page = await listRequests(store.db, { filter, sort, position, limit });
    forward.push(page.requests.map(({ id }) => id));
    position = page.next;
    back = page.previous;
    await between();
  } while (position);
  const backward: string[][] = [];
  while (back) {
    const page = await listRequests(store.db, { filter, sort, position: back, limit });
    backward.unshift(page.requests.map(({ id }) => id));
    back = page.previous;
  }
  return { forward, backward };
}

describe('a list', () => {
  let store: TestStore;
  let all: ListedRequest[];
  beforeAll(async () => {
    store = await openTestStore();
    await store.db.insertInto('request').values(generated(300)).execute();
    ({ requests: all } = await listRequests(store.db, {
      filter: { scope: 'all' },
      sort: 'newest',
      position: null,
      limit: 1_000,
    }));
  });
  afterAll(() => store.remove());

  test('has the rows that there are', () => {
    expect(all).toHaveLength(300);
  });

  describe.each(SORTS)('by %s', (sort) => {
    test.each(FILTERS)('narrowed to %s is what it should be', async (_, filter) => {
      const whole = { scope: 'all', ...filter } as const;
      const { requests, next, previous } = await listRequests(store.db, {
        filter: whole,
        sort,
        position: null,
        limit: 1_000,
      });
      expect(requests.map(({ id }) => id)).toEqual(expected(all, whole, sort));
      expect({ next, previous }).toEqual({ next: null, previous: null });
    });

    test('is the same page by page, forward and back', async () => {
      const { forward, backward } = await walk(store, { scope: 'all' }, sort, 37);
      expect(forward.flat()).toEqual(expected(all, { scope: 'all' }, sort));
      expect(forward).toHaveLength(9);
      expect(backward.flat()).toEqual(forward.slice(0, -1).flat());
    });

    test('that fills its pages to the last row offers no empty page', async () => {
      const { forward } = await walk(store, { scope: 'all' }, sort, 100);
      expect(forward.map(({ length }) => length)).toEqual([100, 100, 100]);
    });
  });

  test('the filters of the table find something, and not everything, except where they must not', () => {
    const found = FILTERS.map(([name, filter]) => ({
      name,
      count: expected(all, { scope: 'all', ...filter }, 'newest').length,
    }));
    const empty = found.filter(({ count }) => count === 0).map(({ name }) => name);
    expect(empty).toEqual([
      'a partner that there is not',
      'a sign alone that matches everything in a pattern',
      'a scope of none',
      'a partner outside the scope',
      'no partner outside the scope',
    ]);
  });
});

describe('while others sign up', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await openTestStore();
    await store.db.insertInto('request').values(generated(60)).execute();
  });
  afterEach(() => store.remove());

  test.each(SORTS)('paging by %s still shows each row that was there exactly once', async (sort) => {
    const before = await listRequests(store.db, {
      filter: { scope: 'all' },
      sort,
      position: null,
      limit: 1_000,
    });
    let added = 0;
    const { forward } = await walk(store, { scope: 'all' }, sort, 7, async () => {
      if (added >= 12) return;
      await store.db
        .insertInto('request')
        .values([
          aRequest({ address: `aa${added++}@aaa.com`, partner: 'aaa', created_at: new Date() }),
          aRequest({ address: `zz${added++}@zzz.com`, partner: 'zzz', created_at: new Date(0) }),
        ])
        .execute();
    });
    const were = new Set(before.requests.map(({ id }) => id));
    expect(forward.flat().filter((id) => were.has(id))).toEqual(before.requests.map(({ id }) => id));
    expect(new Set(forward.flat()).size).toBe(forward.flat().length);
  });

  test('moments that differ by microseconds keep their order from page to page', async () => {
    await store.db.deleteFrom('request').execute();
    for (let index = 0; index < 9; index++) {
      await store.db
        .insertInto('request')
        .values({
          ...aRequest({ address: `a${index}@fabrikam.com` }),
          created_at: `2026-01-01 00:00:00.00000${index}+00` as unknown as Date,
        })
        .execute();
    }
    const { forward } = await walk(store, { scope: 'all' }, 'oldest', 2);
    const { requests } = await listRequests(store.db, {
      filter: { scope: 'all' },
      sort: 'address',
      position: null,
      limit: 100,
    });
    expect(forward.flat()).toEqual(requests.map(({ id }) => id));
  });
});

describe('figures', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
    const old = new Date(Date.now() - 5 * 60_000);
    const problem = JSON.stringify({ code: 'throttled' });
    const rows = [
      { state: 'pending', due_at: null, created_at: old },
      { state: 'pending', due_at: null, partner: 'litware' },
      { state: 'queued', due_at: old, problem },
      { state: 'queued', due_at: new Date() },
      { state: 'failed', due_at: null, problem, partner: 'litware' },
      { state: 'held', due_at: null, problem: JSON.stringify({ code: 'guestBlocked' }), partner: null },
      { state: 'denied', due_at: null, problem: JSON.stringify({ code: 'policyChanged' }) },
      { state: 'provisioned', due_at: null, created_at: new Date(Date.UTC(2026, 0, 2, 0, 0)) },
      { state: 'provisioned', due_at: null, created_at: new Date(Date.UTC(2026, 0, 1, 23, 59)) },
    ] as const;
    for (const [index, row] of rows.entries()) {
      await store.db
        .insertInto('request')
        .values(aRequest({ address: `a${index}@fabrikam.com`, ...row }))
        .execute();
    }
  });
  afterAll(() => store.remove());

  test('open requests are counted by state, with the oldest', async () => {
    const counted = await countOpenRequests(store.db, 'all');
    expect(counted.map(({ state, count }) => [state, count]).sort()).toEqual([
      ['failed', 1],
      ['held', 1],
      ['pending', 2],
      ['queued', 2],
    ]);
    const pending = counted.find(({ state }) => state === 'pending');
    expect(Date.now() - (pending?.oldest.getTime() ?? 0)).toBeGreaterThan(4 * 60_000);
  });

  test('overdue is what has been due for longer than that', async () => {
    expect(await findOverdue(store.db, 'all', 60)).toMatchObject({ count: 1 });
    expect(await findOverdue(store.db, ['litware'], 60)).toEqual({ count: 0, oldestSeconds: 0 });
  });

  test('problems are those of open requests, the commonest first', async () => {
    expect(await countProblems(store.db, 'all')).toEqual([
      { code: 'throttled', count: 2 },
      { code: 'guestBlocked', count: 1 },
    ]);
    expect(await countProblems(store.db, ['litware'])).toEqual([{ code: 'throttled', count: 1 }]);
  });

  test('sign-ups are counted by UTC day, partner and state, and never beyond the scope', async () => {
    const counted = await countSignUps(store.db, 'all', '2026-01-02', undefined);
    expect(counted).toContainEqual({
      day: '2026-01-02',
      partner: 'fabrikam',
      state: 'provisioned',
      count: 1,
    });
    expect(counted.filter(({ day }) => day < '2026-01-02')).toEqual([]);
    const litware = await countSignUps(store.db, ['litware'], '2026-01-01', undefined);
    expect(litware.map(({ partner, state }) => [partner, state]).sort()).toEqual([
      ['litware', 'failed'],
      ['litware', 'pending'],
    ]);
    expect(await countSignUps(store.db, ['litware'], '2026-01-01', 'fabrikam')).toEqual([]);
  });

  test('the day is that of UTC', async () => {
    expect(await currentDay(store.db)).toBe(new Date().toISOString().slice(0, 10));
  });
});
