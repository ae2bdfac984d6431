import { randomUUID } from 'node:crypto';
import { createLog } from '../../src/log.js';
import { queueWatch } from '../../src/jobs/queueWatch.js';
import { readQueueFigures } from '../../src/store/queueFigures.js';
import { fromNow } from '../../src/store/fromNow.js';
import type { NewRequest } from '../../src/store/schema.js';
import { aRequest, insertARequest } from '../support/aRequest.js';
import { openTestStore, type TestStore } from '../support/openTestStore.js';

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.remove());
beforeEach(async () => {
  // Requests cannot be deleted: the audit trail names them.
  await store.db.updateTable('request').set({ state: 'provisioned', due_at: null }).execute();
  await store.db.deleteFrom('pause').execute();
});

let people = 0;
/** A request whose work is due `dueInSeconds` from now. */
async function insert(dueInSeconds: number | null, overrides: Partial<NewRequest> = {}): Promise<string> {
  const request = aRequest({ address: `p${people++}@fabrikam.com`, due_at: null, ...overrides });
  await insertARequest(store.db, request);
  if (dueInSeconds !== null)
    await store.db
      .updateTable('request')
      .set({ due_at: fromNow(dueInSeconds) })
      .where('id', '=', request.id)
      .execute();
  return request.id;
}
const pauseUntil = (seconds: number) =>
  store.db
    .insertInto('pause')
    .values({ name: 'graph', until: fromNow(seconds) })
    .execute();
const figures = () => readQueueFigures(store.db);

test('nothing to do is four noughts', async () => {
  await insert(null, { state: 'provisioned' });
  expect(await figures()).toEqual({ failing: 0, depth: 0, ageSeconds: 0, pauseSeconds: 0 });
});

test('what is due counts, with the age of the oldest; what waits for its time, or is in hand, does not', async () => {
  await insert(-100);
  await insert(-10);
  await insert(60);
  const inHand = await insert(-1000);
  await store.db
    .updateTable('request')
    .set({ lease_until: fromNow(60), lease_owner: randomUUID() })
    .where('id', '=', inHand)
    .execute();
  const { depth, ageSeconds } = await figures();
  expect(depth).toBe(2);
  expect(ageSeconds).toBeGreaterThanOrEqual(100);
  expect(ageSeconds).toBeLessThan(130);
});

test('during a pause nothing grows old, and after it the waiting begins anew', async () => {
  await insert(-100);
  await pauseUntil(50);
  const during = await figures();
  expect(during).toMatchObject({ depth: 1, ageSeconds: 0 });
  expect(during.pauseSeconds).toBeGreaterThan(20);
  await store.db
    .updateTable('pause')
    .set({ until: fromNow(-10) })
    .execute();
  const after = await figures();
  expect(after.ageSeconds).toBeGreaterThanOrEqual(10);
  expect(after.ageSeconds).toBeLessThan(40);
  expect(after.pauseSeconds).toBe(0);
});

test('failed and held requests fail, but not those that a reviewer holds', async () => {
  const problem = (code: string) => ({ problem: JSON.stringify({ code }) });
  const ids = [
    await insert(null, { state: 'failed' }),
    await insert(null, { state: 'held' }),
    await insert(null, { state: 'held' }),
  ];
  await store.db
    .updateTable('request')
    .set(problem('heldByReviewer'))
    .where('id', '=', ids[2] ?? '')
    .execute();
  await store.db
    .updateTable('request')
    .set(problem('permissionMissing'))
    .where('id', '=', ids[1] ?? '')
    .execute();
  expect((await figures()).failing).toBe(2);
});

test('a queue that stands still is said once, at the level that calls somebody, and so is its end', async () => {
  const lines: Record<string, unknown>[] = [];
  const log = createLog('info', { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  const look = queueWatch(figures, log, 300);
  await insert(-200);
  await look();
  expect(lines).toEqual([]);
  const id = await insert(-400);
  await look();
  await look();
  expect(lines).toMatchObject([{ level: 'error', due: 2 }]);
  await store.db.updateTable('request').set({ due_at: null }).where('id', '=', id).execute();
  await look();
  await look();
  expect(lines).toMatchObject([{ level: 'error' }, { level: 'info', msg: 'the queue moves again' }]);
  await insert(-400);
  await look();
  expect(lines).toHaveLength(3);
});
