import { createBell } from '../../src/jobs/bell.js';
import { createPulses } from '../../src/jobs/pulses.js';
import type { Stop } from '../../src/jobs/stop.js';
import { startWorker } from '../../src/jobs/worker.js';
import { createLog } from '../../src/log.js';
import type { Claim } from '../../src/store/leases.js';
import { insertPause } from '../../src/store/pauses.js';
import { aRequest, insertARequest } from '../support/aRequest.js';
import { openTestStore, type TestStore } from '../support/openTestStore.js';
import { waitFor } from '../support/waitFor.js';

let store: TestStore;
const log = createLog('silent');

beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.remove());
afterEach(async () => {
  await store.db.deleteFrom('request').execute();
  await store.db.deleteFrom('pause').execute();
});

let people = 0;
/** Somebody of a partner whose request is due. */
async function due(overrides: Parameters<typeof aRequest>[0] = {}): Promise<string> {
  people++;
  const request = aRequest({ address: `p${people}@fabrikam.com`, ...overrides });
  await insertARequest(store.db, request);
  return request.id;
}

/** A worker whose turns note what they were called with, and wait until let go. */
function startRecording(turn?: (claim: Claim, stop: Stop) => Promise<void>) {
  const handled: Claim['request'][] = [];
  const open = new Map<string, () => void>();
  const bell = createBell();
  const deps = { db: store.db, bell, log, pulses: createPulses(), limits: { leaseSeconds: 30 } };
  const worker = startWorker(
    deps,
    async (claim, stop) => {
      handled.push(claim.request);
      if (turn) await turn(claim, stop);
      else await new Promise<void>((resolve) => open.set(claim.request.id, resolve));
      await store.db
        .updateTable('request')
        .set({ due_at: null })
        .where('id', '=', claim.request.id)
        .execute();
    },
    { places: 4, pollMs: 20 },
  );
  const letGo = () => {
    for (const resolve of open.values()) resolve();
    open.clear();
  };
  return { worker, bell, handled, letGo, stop: () => (letGo(), worker.stop()) };
}

/** Long enough for a worker to have claimed whatever it would. */
const looks = (bell: { rest(ms: number): Promise<void> }) => bell.rest(200);

test('several requests are worked on at once, but not more than there are places', async () => {
  for (const partner of ['a', 'a', 'b', 'b', 'c', 'c']) await due({ partner });
  const { bell, handled, letGo, stop } = startRecording();
  await waitFor('four turns', () => handled.length === 4);
  await looks(bell);
  expect(handled).toHaveLength(4);
  letGo();
  await waitFor('the other two', () => handled.length === 6);
  await stop();
});

test('one partner has half of the places, and the people of others are not behind it', async () => {
  for (let person = 0; person < 10; person++) await due({ partner: 'hangs' });
  const { bell, handled, stop } = startRecording();
  await waitFor('two turns', () => handled.length === 2);
  await looks(bell);
  expect(handled.map(({ partner }) => partner)).toEqual(['hangs', 'hangs']);
  const other = await due({ partner: 'other' });
  const nobodys = await due({ partner: null });
  bell.announce();
  await waitFor('the others', () => handled.length === 4);
  expect(new Set(handled.slice(2).map(({ id }) => id))).toEqual(new Set([other, nobodys]));
  await stop();
});

test('a stop waits for the turns under way and claims nothing more', async () => {
  await due();
  const { worker, bell, handled, letGo } = startRecording();
  await waitFor('the turn', () => handled.length === 1);
  let stopped = false;
  const stopping = worker.stop().then(() => (stopped = true));
  await due({ partner: 'other' });
  bell.announce();
  await looks(bell);
  expect(stopped).toBe(false);
  letGo();
  await stopping;
  expect(handled).toHaveLength(1);
});

test('a turn is told of a stop', async () => {
  await due();
  let asked: AbortSignal | undefined;
  const { worker } = startRecording(async (_claim, stop) => {
    asked = stop.requested;
    await new Promise((resolve) => {
      stop.requested.addEventListener('abort', resolve);
    });
  });
  await waitFor('the turn', () => asked !== undefined);
  await worker.stop();
  expect(asked?.aborted).toBe(true);
});

test('a pause of Graph keeps everybody waiting, and they are claimed when it is over', async () => {
  await insertPause(store.db, 'graph', 3600);
  await due();
  const { bell, handled, stop } = startRecording();
  await looks(bell);
  expect(handled).toEqual([]);
  await store.db.deleteFrom('pause').execute();
  await waitFor('the turn', () => handled.length === 1);
  await stop();
});

test('a turn that throws ends neither the worker nor the other turns', async () => {
  await due();
  const { worker, handled } = startRecording(() => Promise.reject(new Error('a bug')));
  await waitFor('the first', () => handled.length === 1);
  await due();
  await waitFor('the second', () => handled.length === 2);
  await worker.stop();
});
