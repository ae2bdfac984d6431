import { randomUUID } from 'node:crypto';
import type { Access } from '../../../src/access/access.js';
import { PublicError } from '../../../src/errors.js';
import { decide, ReviewConflict } from '../../../src/requests/review/decide.js';
import { ACTION_TABLE, REVIEW_ACTIONS, type ReviewAction } from '../../../src/requests/review/permissions.js';
import { mayBecome, TRANSITIONS } from '../../../src/requests/transitions.js';
import { endTurn, makeDue } from '../../../src/store/leases.js';
import { findRequest } from '../../../src/store/requests.js';
import type { RequestRow, RequestState } from '../../../src/store/schema.js';
import { aPartner, aPolicy } from '../../support/aPolicy.js';
import { aRequest, insertARequest } from '../../support/aRequest.js';
import { invitationsOf } from '../../support/journey.js';
import { putPolicy } from '../../support/putPolicy.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import { claimById, workOn } from '../../support/workOn.js';
import { accessFor, submitted } from '../../support/reviewers.js';

let portal: TestPortal;
let arne: Access;

beforeAll(async () => {
  portal = await startPortal({
    worker: false,
    policy: aPolicy({
      partners: [
        aPartner({ approval: 'manual' }),
        aPartner({ id: 'quick', domains: ['quick.com'] }),
        aPartner({ id: 'broken', domains: ['broken.com'], groups: ['dynamic'] }),
      ],
    }),
  });
  arne = accessFor(portal.deps);
});
afterAll(() => portal.close());
afterEach(() => portal.tenant.clearFaults());

const db = () => portal.deps.store.db;
const current = async (id: string): Promise<RequestRow> => {
  const row = await findRequest(db(), id);
  if (!row) throw new Error('gone');
  return row;
};
const work = (id: string) => workOn(portal.deps, id);
const isDue = async (id: string) => (await current(id)).due_at !== null;
const eventsOf = (id: string) =>
  db().selectFrom('audit_event').selectAll().where('request_id', '=', id).orderBy('id').execute();

/** A request in any state, as it lies in the store. */
async function inState(state: RequestState): Promise<RequestRow> {
  const request = aRequest({ state, due_at: null, address: `${randomUUID()}@fabrikam.com` });
  if (!(await insertARequest(db(), request))) throw new Error('not inserted');
  return current(request.id);
}

function act(
  action: ReviewAction,
  { id, version }: Pick<RequestRow, 'id' | 'version'>,
  access = arne,
): Promise<void> {
  switch (action) {
    case 'approve':
      return decide(portal.deps, access, id, { action: 'approve', version });
    case 'deny':
      return decide(portal.deps, access, id, { action: 'deny', version, reason: 'Not this year' });
    case 'retry':
      return decide(portal.deps, access, id, { action: 'retry', version });
    case 'hold':
      return decide(portal.deps, access, id, { action: 'hold', version, note: 'Asking legal' });
  }
}

/** How a decision ended: `done`, or the error's id with what a conflict says. */
async function outcomeOf(decision: Promise<unknown>): Promise<string> {
  try {
    await decision;
    return 'done';
  } catch (error) {
    if (error instanceof ReviewConflict) return `conflict ${error.why}`;
    if (error instanceof PublicError) return `${error.status} ${error.id}`;
    throw error;
  }
}

const countOf = (outcomes: string[], one: string) => outcomes.filter((outcome) => outcome === one).length;

describe('each action in each state', () => {
  const OPEN: Record<ReviewAction, Partial<Record<RequestState, RequestState>>> = {
    approve: { pending: 'queued', held: 'queued' },
    deny: { unproven: 'denied', pending: 'denied', failed: 'denied', held: 'denied' },
    retry: { failed: 'queued', held: 'queued' },
    hold: { pending: 'held', queued: 'held' },
  };
  const states = Object.keys(TRANSITIONS) as RequestState[];
  const cases = REVIEW_ACTIONS.flatMap((action) =>
    states.map((state) => [action, state, OPEN[action][state] ?? null] as const),
  );

  test.each(cases)('%s, %s: %s', async (action, state, expected) => {
    const request = await inState(state);
    const outcome = await outcomeOf(act(action, request));
    const after = await current(request.id);
    const { to, event } = ACTION_TABLE[action];
    if (expected === null) {
      expect(outcome).toBe('conflict state');
      expect(after).toEqual(request);
      expect(await isDue(request.id)).toBe(false);
      return;
    }
    expect([outcome, after.state, to]).toEqual(['done', expected, expected]);
    expect(mayBecome(state, expected)).toBe(true);
    expect(after.version).toBe(request.version + 1);
    expect(after.due_at !== null).toBe(expected === 'queued');
    expect(await isDue(request.id)).toBe(expected === 'queued');
    expect((await eventsOf(request.id)).at(-1)).toMatchObject({
      action: event,
      actor: '11111111-1111-4111-8111-111111111111/55555555-0000-4000-8000-000000000002',
    });
  });
});

describe('a request that has moved on', () => {
  test.each(REVIEW_ACTIONS)(
    'is left alone by a stale form, which learns what stands now: %s',
    async (action) => {
      const request = await inState('held');
      await decide(portal.deps, arne, request.id, { action: 'retry', version: request.version });
      await decide(portal.deps, arne, request.id, { action: 'hold', version: request.version + 1 });
      const before = await current(request.id);
      const refused = act(action, request);
      await expect(refused).rejects.toMatchObject({
        id: 'conflict',
        status: 409,
        why: 'changed',
        now: before,
      });
      expect(await current(request.id)).toEqual(before);
    },
  );

  test('approved fifty times at once it is decided once, with one job and one mail, and the others are told', async () => {
    const { id, version, address } = await submitted(portal.deps, 'fifty@fabrikam.com');
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () =>
        outcomeOf(decide(portal.deps, arne, id, { action: 'approve', version })),
      ),
    );
    expect([countOf(outcomes, 'done'), countOf(outcomes, 'conflict changed')]).toEqual([1, 49]);
    expect(await isDue(id)).toBe(true);
    await Promise.all([work(id), work(id)]);
    expect(await current(id)).toMatchObject({ state: 'provisioned', review: { outcome: 'approved' } });
    expect(await portal.tenant.mailsTo(address)).toHaveLength(1);
    const actions = (await eventsOf(id)).map(({ action }) => action);
    expect(actions.filter((action) => action.startsWith('request.'))).toEqual([
      'request.submitted',
      'request.approved',
      'request.provisioned',
    ]);
  });

  test.each<[ReviewAction, ReviewAction]>([
    ['approve', 'deny'],
    ['approve', 'hold'],
    ['hold', 'deny'],
    ['hold', 'approve'],
  ])('%s and %s at once are one of the two, never both', async (one, other) => {
    const requests = await Promise.all(Array.from({ length: 10 }, () => inState('pending')));
    for (const request of requests) {
      const outcomes = await Promise.all([act(one, request), act(other, request)].map(outcomeOf));
      expect(outcomes.toSorted()).toEqual(['conflict changed', 'done']);
      const { to, event } = ACTION_TABLE[outcomes[0] === 'done' ? one : other];
      expect(await current(request.id)).toMatchObject({ state: to, version: 2 });
      expect((await eventsOf(request.id)).map(({ action }) => action)).toEqual(['request.submitted', event]);
    }
  });
});

describe('a request that a worker has in hands', () => {
  test('is not held, approved or denied, and the person learns why', async () => {
    const { id, version } = await submitted(portal.deps, 'busy@quick.com');
    const owner = randomUUID();
    expect(await claimById(db(), id, 30, owner)).toBeDefined();
    expect(await outcomeOf(decide(portal.deps, arne, id, { action: 'hold', version }))).toBe(
      'conflict underway',
    );
    expect(await outcomeOf(decide(portal.deps, arne, id, { action: 'approve', version }))).toBe(
      'conflict state',
    );
    expect(await outcomeOf(decide(portal.deps, arne, id, { action: 'deny', version, reason: 'No' }))).toBe(
      'conflict state',
    );
    const turn = { state: 'failed', problem: null, dueInSeconds: null, guestId: null } as const;
    expect(await endTurn(db(), id, owner, turn)).toBe(true);
    expect(await outcomeOf(decide(portal.deps, arne, id, { action: 'deny', version, reason: 'No' }))).toBe(
      'conflict changed',
    );
    expect(await current(id)).toMatchObject({ state: 'failed', version: version + 1, review: null });
  });

  test('is held all the same when the worker has fallen silent, who then cannot end its turn', async () => {
    const { id, version } = await submitted(portal.deps, 'silent@quick.com');
    const owner = randomUUID();
    await claimById(db(), id, -1, owner);
    await decide(portal.deps, arne, id, { action: 'hold', version });
    const turn = { state: 'provisioned', problem: null, dueInSeconds: null, guestId: null } as const;
    expect(await endTurn(db(), id, owner, turn)).toBe(false);
    expect(await current(id)).toMatchObject({ state: 'held', problem: { code: 'heldByReviewer' } });
  });

  test('is held before the work or provisioned by it, never something between', async () => {
    for (let round = 0; round < 12; round++) {
      const { id, version, address } = await submitted(portal.deps, `race${round}@quick.com`);
      const holding = () => outcomeOf(decide(portal.deps, arne, id, { action: 'hold', version }));
      const working = round % 2 ? work(id) : undefined;
      const [held] = await Promise.all([holding(), working ?? work(id)]);
      const { state } = await current(id);
      const invitations = await invitationsOf(portal, address);
      expect([state, invitations.length]).toEqual(held === 'done' ? ['held', 0] : ['provisioned', 1]);
    }
  });
});

test('each change of state makes a new version, and so does a resend', async () => {
  const { id } = await submitted(portal.deps, 'versions@quick.com');
  await work(id);
  expect(await current(id)).toMatchObject({ state: 'provisioned', version: 2 });
  await makeDue(db(), id, { from: ['provisioned'], to: 'provisioned', inSeconds: 0, trace: null });
  expect(await current(id)).toMatchObject({ version: 3 });
  await work(id);
  expect(await current(id)).toMatchObject({ state: 'provisioned', version: 3 });
});

describe('whose requests', () => {
  const delegate = () => accessFor(portal.deps, { oid: '55555555-0000-4000-8000-000000000005', roles: [] });

  test('a partner’s own approver decides, and no other partner’s: those do not exist for them', async () => {
    await putPolicy(
      portal,
      aPolicy({
        partners: [
          aPartner({ approval: 'manual', approvers: [delegate().person.oid] }),
          aPartner({ id: 'other', domains: ['other.com'], approval: 'manual' }),
        ],
        unlisted: 'review',
      }),
    );
    const lia = delegate();
    for (const email of ['lia@other.com', 'lia@unlisted.com']) {
      const request = await submitted(portal.deps, email);
      for (const action of REVIEW_ACTIONS) {
        expect(await outcomeOf(act(action, request, lia))).toBe('404 notFound');
      }
    }
    const theirs = await submitted(portal.deps, 'lia@fabrikam.com');
    expect(await outcomeOf(act('approve', theirs, lia))).toBe('done');
  });

  test('an auditor sees and does not decide', async () => {
    const request = await inState('pending');
    const auditor = accessFor(portal.deps, { roles: ['Portal.Auditor'] });
    for (const action of REVIEW_ACTIONS) {
      expect(await outcomeOf(act(action, request, auditor))).toBe('403 forbidden');
    }
    expect(await current(request.id)).toEqual(request);
  });

  test.each(['', 'x', '00000000-0000-4000-8000-000000000000', "' or 1=1"])(
    'there is no request %j',
    async (id) => {
      expect(await outcomeOf(decide(portal.deps, arne, id, { action: 'approve', version: 1 }))).toBe(
        '404 notFound',
      );
    },
  );
});
