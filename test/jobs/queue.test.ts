import { randomUUID } from 'node:crypto';
import { openQueue, type Queue } from '../../src/jobs/queue.js';
import { createLog } from '../../src/log.js';
import { aRequest, insertARequest } from '../support/aRequest.js';
import { openTestStore, type TestStore } from '../support/openTestStore.js';

// The embedded store has one process and no connections: shown as skipped there, not as passed.
const onPostgres = process.env.DATABASE_URL ? test : test.skip;

let store: TestStore;
let queue: Queue;

beforeAll(async () => {
  store = await openTestStore();
  queue = await openQueue(store, createLog('silent'));
});
afterAll(async () => {
  await queue.stop();
  await store.remove();
});
afterEach(async () => queue.finish(await queue.take(1000)));

const taken = async () => (await queue.take(1000)).map(({ requestId }) => requestId);

test('a job sent in a transaction is rolled back with it', async () => {
  const request = aRequest();
  const failing = store.db.transaction().execute(async (trx) => {
    await insertARequest(trx, request);
    await queue.send(trx, request.id);
    throw new Error('power cut');
  });
  await expect(failing).rejects.toThrow('power cut');
  expect(await taken()).toEqual([]);
});

test('a job sent in a transaction is there after the commit', async () => {
  const id = randomUUID();
  await store.db.transaction().execute((trx) => queue.send(trx, id));
  expect(await taken()).toEqual([id]);
});

test('a request has one waiting job at most', async () => {
  const id = randomUUID();
  await Promise.all([1, 2, 3].map(() => queue.send(store.db, id)));
  expect(await taken()).toEqual([id]);
});

test('a job for later is not taken before', async () => {
  await queue.send(store.db, randomUUID(), { delaySeconds: 60 });
  expect(await taken()).toEqual([]);
});

test('a wake-up comes through beside a job for later', async () => {
  const id = randomUUID();
  await queue.send(store.db, id, { delaySeconds: 60 });
  await queue.sendNow(store.db, id);
  expect(await taken()).toEqual([id]);
});

test('who waits in front of a page comes before whatever else is queued', async () => {
  const bulk = Array.from({ length: 20 }, () => randomUUID());
  for (const id of bulk) await queue.send(store.db, id);
  const person = randomUUID();
  await queue.send(store.db, person, { priority: 10 });
  const [first] = await queue.take(1);
  expect(first?.requestId).toBe(person);
});

test('two takers never get the same job', async () => {
  const ids = Array.from({ length: 200 }, () => randomUUID());
  for (const id of ids) await queue.send(store.db, id);
  const hands = await Promise.all(Array.from({ length: 40 }, () => queue.take(5)));
  const all = hands.flat().map(({ requestId }) => requestId);
  expect(all.sort()).toEqual(ids.sort());
});

onPostgres('instances that start together on an empty database all get their queue', async () => {
  const fresh = await openTestStore({ empty: true });
  const queues = await Promise.all(Array.from({ length: 5 }, () => openQueue(fresh, createLog('silent'))));
  for (const one of queues) expect(await one.take(1)).toEqual([]);
  await Promise.all(queues.map((one) => one.stop()));
  await fresh.remove();
});

test('an announcement made while nobody rests is not lost', async () => {
  queue.announce();
  const begun = Date.now();
  await queue.rest(10_000);
  expect(Date.now() - begun).toBeLessThan(1_000);
});
