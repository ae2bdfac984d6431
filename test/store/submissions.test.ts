import { randomUUID } from 'node:crypto';
import type { RequestState } from '../../src/store/schema.js';
import { findStandingRequest } from '../../src/store/submissions.js';
import { aRequest, insertARequest } from '../support/aRequest.js';
import { openTestStore, type TestStore } from '../support/openTestStore.js';

let store: TestStore;
const QUIET = 900;

beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.remove());
beforeEach(() => store.db.deleteFrom('request').execute());

async function insert(overrides = {}) {
  const request = aRequest(overrides);
  if (!(await insertARequest(store.db, request, QUIET))) throw new Error('not inserted');
  return request;
}

test.each<[RequestState, boolean]>([
  // Nobody has shown that the address is theirs: it claims nothing.
  ['unproven', true],
  ['pending', false],
  ['queued', false],
  ['failed', false],
  ['held', false],
  ['provisioned', false],
  ['denied', true],
  ['lapsed', true],
  ['revoked', true],
])('beside a request that is %s a second one of its address is inserted: %s', async (state, inserted) => {
  await insert({ state });
  expect(await insertARequest(store.db, aRequest(), QUIET)).toBe(inserted);
  const standing = await findStandingRequest(
    store.db,
    { id: randomUUID(), address: 'ana@fabrikam.com', state: 'queued' },
    QUIET,
  );
  expect(standing?.state).toBe(inserted ? 'queued' : state);
});

test('a request that was provisioned longer ago than the quiet time stands in nobody’s way', async () => {
  await insert({ state: 'provisioned', updated_at: new Date(Date.now() - (QUIET + 5) * 1000) });
  expect(await insertARequest(store.db, aRequest(), QUIET)).toBe(true);
});

test('of many requests of one address at once exactly one is inserted', async () => {
  const inserted = await Promise.all(
    Array.from({ length: 30 }, () => insertARequest(store.db, aRequest(), QUIET)),
  );
  expect(inserted.filter(Boolean)).toHaveLength(1);
});

test('a state that does not exist is refused by the database itself', async () => {
  await expect(insert({ state: 'approved' })).rejects.toThrow(/check constraint/);
});
