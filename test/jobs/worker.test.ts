import { openQueue, type Queue } from '../../src/jobs/queue.js';
import { startWorker } from '../../src/jobs/worker.js';
import { createLog } from '../../src/log.js';
import { insertPause } from '../../src/store/pauses.js';
import { aRequest, insertARequest } from '../support/aRequest.js';
import { openTestStore, type TestStore } from '../support/openTestStore.js';
import { waitFor } from '../support/waitFor.js';

let store: TestStore;
let queue: Queue;
const log = createLog('silent');
const SETTINGS = { concurrency: 3, pollMs: 50, sweepMs: 50, abandonedAfterSeconds: 1 };

beforeAll(async () => {
  store = await openTestStore();
  queue = await openQueue(store, log);
});
afterAll(async () => {
  await queue.stop();
  await store.remove();
});
afterEach(async () => {
  await store.db.deleteFrom('request').execute();
  await store.db.deleteFrom('pause').execute();
});

/** A worker whose handler notes what it was called with and waits until let go. */
function startRecording() {
  const handled: string[] = [];
  const open: (() => void)[] = [];
  const worker = startWorker(
    { db: store.db, queue, log },
    async (requestId, stopping) => {
      // A job that was being taken when the stop came is handed on at once.
      if (stopping.aborted) return;
      handled.push(requestId);
      await new Promise<void>((resolve) => open.push(resolve));
    },
    SETTINGS,
  );
  return {
    worker,
    handled,
    letGo: () => {
      open.splice(0).forEach((resolve) => {
        resolve();
      });
    },
  };
}

test('several jobs run at once, but not more than allowed', async () => {
  const { worker, handled, letGo } = startRecording();
  for (let n = 0; n < 5; n++) await queue.send(store.db, aRequest().id);
  queue.announce();
  await waitFor('three jobs', () => handled.length === 3);
  await queue.rest(200);
  expect(handled).toHaveLength(3);
  letGo();
  await waitFor('the other two', () => handled.length === 5);
  letGo();
  await worker.stop();
});

test('stopping waits for what is running and takes nothing new', async () => {
  const { worker, handled, letGo } = startRecording();
  await queue.send(store.db, aRequest().id);
  await waitFor('the job', () => handled.length === 1);
  let stopped = false;
  const stopping = worker.stop().then(() => (stopped = true));
  await queue.send(store.db, aRequest().id);
  await queue.rest(200);
  expect(stopped).toBe(false);
  letGo();
  await stopping;
  expect(handled).toHaveLength(1);
  await queue.finish(await queue.take(10));
});

test('a request whose job was lost is found by the sweep', async () => {
  const request = aRequest({ due_at: new Date(Date.now() - 5_000) });
  await insertARequest(store.db, request);
  const { worker, handled, letGo } = startRecording();
  await waitFor('the request', () => handled.includes(request.id));
  await store.db.updateTable('request').set({ due_at: null }).execute();
  letGo();
  await worker.stop();
  await queue.finish(await queue.take(10));
});

test('a pause keeps jobs waiting, and they run when it is over', async () => {
  await insertPause(store.db, 'graph', 1);
  const { worker, handled, letGo } = startRecording();
  const begun = Date.now();
  await queue.send(store.db, aRequest().id);
  await waitFor('the job', () => handled.length === 1);
  expect(Date.now() - begun).toBeGreaterThan(800);
  letGo();
  await worker.stop();
});

test('a handler that throws ends neither the worker nor the other jobs', async () => {
  const handled: string[] = [];
  const worker = startWorker(
    { db: store.db, queue, log },
    (requestId) => {
      handled.push(requestId);
      return Promise.reject(new Error('a bug'));
    },
    SETTINGS,
  );
  await queue.send(store.db, aRequest().id);
  await waitFor('the first', () => handled.length === 1);
  await queue.send(store.db, aRequest().id);
  await waitFor('the second', () => handled.length === 2);
  await worker.stop();
});
