import { randomUUID } from 'node:crypto';
import { leaseRequest } from '../../src/store/requests.js';
import { beginStep, findSteps, insertSteps, LeaseLost, noteStep, settleStep } from '../../src/store/steps.js';
import { aRequest, insertARequest } from '../support/aRequest.js';
import { openTestStore, type TestStore } from '../support/openTestStore.js';

let store: TestStore;

beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.remove());

const DONE = { state: 'done', detail: {}, problem: null, graphRequestId: null } as const;

test('a worker whose lease has passed to another one writes nothing', async () => {
  const request = aRequest();
  const [slow, other] = [randomUUID(), randomUUID()];
  await insertARequest(store.db, request);
  await insertSteps(store.db, request.id, [{ key: 'mail', position: 0 }]);
  await leaseRequest(store.db, request.id, slow, -1);
  const writer = { requestId: request.id, owner: slow };
  await beginStep(store.db, writer, 'mail');
  await leaseRequest(store.db, request.id, other, 30);

  await expect(noteStep(store.db, writer, 'mail', { begunAt: 'now' })).rejects.toThrow(LeaseLost);
  await expect(settleStep(store.db, writer, 'mail', DONE)).rejects.toThrow(LeaseLost);
  await expect(beginStep(store.db, writer, 'mail')).rejects.toThrow(LeaseLost);
  expect(await findSteps(store.db, request.id)).toMatchObject([
    { state: 'running', attempts: 1, detail: {} },
  ]);

  await settleStep(store.db, { requestId: request.id, owner: other }, 'mail', DONE);
  expect(await findSteps(store.db, request.id)).toMatchObject([{ state: 'done' }]);
});
