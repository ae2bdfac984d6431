import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import {
  claimRequest,
  endAllLeases,
  endTurn,
  makeDue,
  PRIORITY,
  renewLease,
} from '../../src/store/leases.js';
import { insertPause } from '../../src/store/pauses.js';
import { aRequest, insertARequest } from '../support/aRequest.js';
import { openTestStore, type TestStore } from '../support/openTestStore.js';

let store: TestStore;

beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.remove());
beforeEach(async () => {
  await store.db.deleteFrom('request').execute();
  await store.db.deleteFrom('pause').execute();
});

let people = 0;
async function insert(overrides: Parameters<typeof aRequest>[0] = {}) {
  people++;
  const request = aRequest({ address: `p${people}@fabrikam.com`, ...overrides });
  if (!(await insertARequest(store.db, request))) throw new Error('not inserted');
  return request;
}
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000);
const claim = (leaseSeconds = 30, exceptPartners: (string | null)[] = []) =>
  claimRequest(store.db, { leaseSeconds, exceptPartners });
const claimedId = async (...given: Parameters<typeof claim>) => (await claim(...given))?.request.id;

test('a request is claimed by one worker at a time', async () => {
  await insert();
  const claims = await Promise.all([1, 2, 3, 4].map(() => claim()));
  expect(claims.filter(Boolean)).toHaveLength(1);
});

test('workers that claim at once get all that is due, each request once', async () => {
  const ids: string[] = [];
  for (let n = 0; n < 40; n++) ids.push((await insert()).id);
  const claims = await Promise.all(Array.from({ length: 60 }, () => claim()));
  const claimed = claims.flatMap((one) => one?.request.id ?? []);
  expect(new Set(claimed).size).toBe(claimed.length);
  for (let next = await claimedId(); next; next = await claimedId()) claimed.push(next);
  expect(claimed.sort()).toEqual(ids.sort());
});

test('a lease that has run out passes on, and its former owner can neither renew it nor end the turn', async () => {
  const { id } = await insert();
  const slow = await claim(-1);
  const other = await claim();
  expect([slow?.request.id, other?.request.id]).toEqual([id, id]);
  expect(await renewLease(store.db, id, slow?.owner ?? '', 30)).toBe(false);
  const turn = { state: 'provisioned', problem: null, dueInSeconds: null, guestId: null } as const;
  expect(await endTurn(store.db, id, slow?.owner ?? '', turn)).toBe(false);
  expect(await endTurn(store.db, id, other?.owner ?? '', turn)).toBe(true);
});

test('a request without work, or with work for later, is not claimed', async () => {
  await insert({ due_at: null });
  await insert({ due_at: ago(-60) });
  expect(await claim()).toBeNull();
});

test('the longest due comes first; what was tried comes behind what was not; the rows of runs are claimed elsewhere', async () => {
  await insert({ due_at: ago(90), priority: PRIORITY.run });
  const tried = await insert({ due_at: ago(80), priority: PRIORITY.later });
  const second = await insert({ due_at: ago(10) });
  const first = await insert({ due_at: ago(20) });
  const order = [await claimedId(), await claimedId(), await claimedId(), await claimedId()];
  expect(order).toEqual([first.id, second.id, tried.id, undefined]);
});

test('what a turn puts back goes behind what was not tried yet', async () => {
  const { id } = await insert({ due_at: ago(60) });
  const owner = (await claim())?.owner ?? '';
  const problem = { code: 'graphUnavailable' } as const;
  await endTurn(store.db, id, owner, { state: 'queued', problem, dueInSeconds: -1, guestId: null });
  const fresh = await insert({ due_at: ago(0) });
  expect([await claimedId(), await claimedId()]).toEqual([fresh.id, id]);
});

test('partners without a place are left out, and so are requests of none', async () => {
  await insert({ partner: 'full', due_at: ago(60) });
  const nobodys = await insert({ partner: null, due_at: ago(50) });
  const other = await insert({ partner: 'other', due_at: ago(40) });
  expect(await claimedId(30, ['full', null])).toBe(other.id);
  expect(await claimedId(30, ['full'])).toBe(nobodys.id);
  expect(await claimedId(30, ['full'])).toBeUndefined();
});

test('nothing is claimed while Graph has asked for a pause', async () => {
  await insert();
  await insertPause(store.db, 'graph', 60);
  expect(await claim()).toBeNull();
  await store.db
    .updateTable('pause')
    .set({ until: ago(1) })
    .execute();
  expect(await claim()).not.toBeNull();
});

test('ending all leases frees what a dead process held', async () => {
  await insert();
  await claim(3600);
  expect(await claim()).toBeNull();
  await endAllLeases(store.db);
  expect(await claim()).not.toBeNull();
});

test('work is added once, and only in the states that allow it', async () => {
  const { id } = await insert({ state: 'provisioned', due_at: null });
  const due = { from: ['provisioned'], to: 'provisioned', inSeconds: 0, trace: null } as const;
  expect(await makeDue(store.db, id, { ...due, from: ['held'] })).toBe(false);
  const added = await Promise.all([1, 2].map(() => makeDue(store.db, id, due)));
  expect(added.filter(Boolean)).toHaveLength(1);
});

describe('beside an instance of the version before', () => {
  // The statements of that version, as it sends them.
  const sweepOfBefore = async (seconds: number) =>
    (
      await sql<{ id: string }>`
        select id from request where due_at < now() + ${-seconds}::float8 * interval '1 second'
          and (lease_until is null or lease_until < now()) order by due_at limit 100`.execute(store.db)
    ).rows.map(({ id }) => id);
  const leaseOfBefore = async (id: string, owner: string) =>
    (
      await sql`
        update request set lease_owner = ${owner}, lease_until = now() + interval '15 seconds'
        where id = ${id} and due_at <= now() and (lease_until is null or lease_until < now())
        returning *`.execute(store.db)
    ).rows.length === 1;
  const endOfBefore = (id: string, owner: string, dueInSeconds: number) =>
    sql`
      update request set due_at = now() + ${dueInSeconds}::float8 * interval '1 second', lease_owner = null,
        lease_until = null, updated_at = now()
      where id = ${id} and lease_owner = ${owner}`.execute(store.db);

  test('its sweep finds what this version has accepted, and either leases it to one of both', async () => {
    const { id } = await insert({ due_at: ago(11) });
    expect(await sweepOfBefore(10)).toEqual([id]);
    const [ours, theirs] = await Promise.all([claim(), leaseOfBefore(id, randomUUID())]);
    expect([ours !== null, theirs].filter(Boolean)).toHaveLength(1);
    expect(await sweepOfBefore(10)).toEqual([]);
  });

  test('what it has put back is claimed when it is due, and what it holds is not', async () => {
    const { id } = await insert({ due_at: ago(11) });
    const owner = randomUUID();
    expect(await leaseOfBefore(id, owner)).toBe(true);
    expect(await claim()).toBeNull();
    await endOfBefore(id, owner, -1);
    expect(await claimedId()).toBe(id);
  });

  test('a request that it inserts is one that somebody waits for', async () => {
    const { priority } = await store.db
      .insertInto('request')
      .values(aRequest())
      .returning('priority')
      .executeTakeFirstOrThrow();
    expect(priority).toBe(PRIORITY.person);
  });
});
