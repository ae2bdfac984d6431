import { randomUUID } from 'node:crypto';
import {
  beginStep,
  findSteps,
  insertStep,
  LeaseLost,
  noteStep,
  recordStep,
  type StepOutcome,
} from '../../src/store/steps.js';
import { aRequest, insertARequest } from '../support/aRequest.js';
import { openTestStore, type TestStore } from '../support/openTestStore.js';
import { claimById } from '../support/workOn.js';

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
  await insertStep(store.db, request.id, 'mail', 0);
  await claimById(store.db, request.id, -1, slow);
  const writer = { requestId: request.id, owner: slow };
  await beginStep(store.db, writer, 'mail');
  await claimById(store.db, request.id, 30, other);

  await expect(noteStep(store.db, writer, 'mail', { begunAt: 'now' })).rejects.toThrow(LeaseLost);
  await expect(recordStep(store.db, writer, 'mail', DONE)).rejects.toThrow(LeaseLost);
  await expect(beginStep(store.db, writer, 'mail')).rejects.toThrow(LeaseLost);
  expect(await findSteps(store.db, request.id)).toMatchObject([
    { state: 'running', attempts: 1, detail: {} },
  ]);

  await recordStep(store.db, { requestId: request.id, owner: other }, 'mail', DONE);
  expect(await findSteps(store.db, request.id)).toMatchObject([{ state: 'done' }]);
});

describe('what becomes of a step is recorded with it', () => {
  const PROBLEM = { code: 'permissionMissing' as const, detail: 'Insufficient privileges' };
  const failed = { state: 'failed', detail: {}, problem: PROBLEM, graphRequestId: null } as const;

  /** Settles a step twice begun; returns the events that it left. */
  async function eventsAfter(key: string, outcome: StepOutcome) {
    const request = aRequest({ address: `${key.replace(/\W/g, '')}.${outcome.state}@fabrikam.com` });
    const writer = { requestId: request.id, owner: randomUUID() };
    await insertARequest(store.db, request);
    await insertStep(store.db, request.id, key, 0);
    await claimById(store.db, request.id, 30, writer.owner);
    await beginStep(store.db, writer, key);
    await beginStep(store.db, writer, key);
    await recordStep(store.db, writer, key, outcome);
    const events = store.db.selectFrom('audit_event').select(['actor', 'action', 'detail']);
    return events.where('request_id', '=', request.id).where('action', '!=', 'request.submitted').execute();
  }

  test.each<[string, StepOutcome, object[]]>([
    [
      'group:crm',
      { ...DONE, graphRequestId: 'graph-1' },
      [{ action: 'step.done', detail: { step: 'group:crm', attempts: 2, graphRequestId: 'graph-1' } }],
    ],
    [
      'mail',
      failed,
      [{ action: 'step.failed', detail: { step: 'mail', attempts: 2, problem: 'permissionMissing' } }],
    ],
    [
      'mail',
      { ...failed, state: 'unconfirmed' },
      [{ action: 'step.unconfirmed', detail: { step: 'mail', attempts: 2, problem: 'permissionMissing' } }],
    ],
    ['invitation', { ...failed, state: 'waiting' }, []],
    ['lookup', DONE, []],
  ])('%s, %j', async (key, outcome, expected) => {
    const events = await eventsAfter(key, outcome);
    expect(events).toEqual(expected.map((event) => ({ actor: 'portal', ...event })));
  });

  test('but not when the worker has lost the request', async () => {
    const request = aRequest({ address: 'lost@fabrikam.com' });
    await insertARequest(store.db, request);
    await insertStep(store.db, request.id, 'mail', 0);
    const writer = { requestId: request.id, owner: randomUUID() };
    await expect(recordStep(store.db, writer, 'mail', DONE)).rejects.toThrow(LeaseLost);
    const events = store.db.selectFrom('audit_event').select('action').where('request_id', '=', request.id);
    expect(await events.execute()).toEqual([{ action: 'request.submitted' }]);
  });
});
