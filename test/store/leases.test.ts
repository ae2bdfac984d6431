import { randomUUID } from 'node:crypto';
import {
  endAllLeases,
  endTurn,
  findAbandoned,
  leaseRequest,
  makeDue,
  renewLease,
} from '../../src/store/leases.js';
import { aRequest, insertARequest } from '../support/aRequest.js';
import { openTestStore, type TestStore } from '../support/openTestStore.js';

let store: TestStore;

beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.remove());
beforeEach(() => store.db.deleteFrom('request').execute());

async function insert(overrides = {}) {
  const request = aRequest(overrides);
  if (!(await insertARequest(store.db, request))) throw new Error('not inserted');
  return request;
}

test('a request is lent to one worker at a time', async () => {
  const { id } = await insert();
  const lent = await Promise.all([1, 2, 3, 4].map(() => leaseRequest(store.db, id, randomUUID(), 30)));
  expect(lent.filter(Boolean)).toHaveLength(1);
});

test('a lease that has run out passes on, and its former owner can neither renew it nor end the turn', async () => {
  const { id } = await insert();
  const [slow, other] = [randomUUID(), randomUUID()];
  expect(await leaseRequest(store.db, id, slow, -1)).toBeDefined();
  expect(await leaseRequest(store.db, id, other, 30)).toBeDefined();
  expect(await renewLease(store.db, id, slow, 30)).toBe(false);
  const turn = { state: 'provisioned', problem: null, dueInSeconds: null, guestId: null } as const;
  expect(await endTurn(store.db, id, slow, turn)).toBe(false);
  expect(await endTurn(store.db, id, other, turn)).toBe(true);
});

test('a request without work, or with work for later, is not lent', async () => {
  const idle = await insert({ address: 'idle@fabrikam.com', due_at: null });
  const later = await insert({ address: 'later@fabrikam.com', due_at: new Date(Date.now() + 60_000) });
  expect(await leaseRequest(store.db, idle.id, randomUUID(), 30)).toBeUndefined();
  expect(await leaseRequest(store.db, later.id, randomUUID(), 30)).toBeUndefined();
});

test('abandoned is what has been due for long and is held by nobody alive', async () => {
  const old = new Date(Date.now() - 60_000);
  const lost = await insert({ address: 'lost@fabrikam.com', due_at: old });
  const dead = await insert({ address: 'dead@fabrikam.com', due_at: old });
  const busy = await insert({ address: 'busy@fabrikam.com', due_at: old });
  await insert({ address: 'new@fabrikam.com', due_at: new Date() });
  await leaseRequest(store.db, dead.id, randomUUID(), -5);
  await leaseRequest(store.db, busy.id, randomUUID(), 30);
  expect((await findAbandoned(store.db, 10, 100)).sort()).toEqual([lost.id, dead.id].sort());
  await endAllLeases(store.db);
  expect(await findAbandoned(store.db, 10, 100)).toHaveLength(3);
});

test('work is added once, and only in the states that allow it', async () => {
  const { id } = await insert({ state: 'provisioned', due_at: null });
  expect(await makeDue(store.db, id, ['held'], 'queued')).toBe(false);
  const added = await Promise.all([1, 2].map(() => makeDue(store.db, id, ['provisioned'], 'provisioned')));
  expect(added.filter(Boolean)).toHaveLength(1);
});
