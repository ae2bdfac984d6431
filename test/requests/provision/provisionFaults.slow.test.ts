import { aPartner, aPolicy, GROUPS } from '../../support/aPolicy.js';
import { invitationsOf, signUpUntil } from '../../support/journey.js';
import { LEAST_PERMISSIONS } from '../../support/permissions.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import { waitFor } from '../../support/waitFor.js';

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({
    limits: { backoffSeconds: 0.1, replicationSeconds: 4 },
    policy: aPolicy({ partners: [aPartner({ apps: ['crm', 'wiki'] })] }),
  });
});
afterAll(() => portal.close());
afterEach(async () => {
  await portal.deps.store.db.deleteFrom('pause').execute();
  await portal.tenant.clearFaults();
  await portal.tenant.settings({
    permissions: LEAST_PERMISSIONS,
    replicationDelayMs: 0,
    allowInvitesFrom: 'everyone',
  });
});

const LOOK_UP = { method: 'GET', path: '^/users' };
const INVITE = { method: 'POST', path: '^/invitations' };
const JOIN = { method: 'POST', path: '^/groups/.*/members' };
const ASSIGN = { method: 'POST', path: 'appRoleAssignedTo' };

/** One guest, one mail, all access: what every fault that passes must end in. */
async function expectComplete(address: string): Promise<void> {
  const { users } = await portal.tenant.state();
  const guests = users.filter(({ mail }) => mail === address);
  expect(guests).toMatchObject([{ groups: [GROUPS.partners, GROUPS.crm], appRoles: [{}] }]);
  expect(await portal.tenant.mailsTo(address)).toHaveLength(1);
}

const calls = { 'look-up': LOOK_UP, invitation: INVITE, 'group member': JOIN, 'app role': ASSIGN };
const faults = {
  'answered 503': { kind: 'status', status: 503 },
  'answered 500 as HTML': { kind: 'html', status: 500 },
  'answered 200 as HTML': { kind: 'html', status: 200 },
  'cut off before it is processed': { kind: 'reset', when: 'before' },
  'cut off after it is processed': { kind: 'reset', when: 'after' },
  'answered with half a body': { kind: 'truncate' },
  'answered 409 for concurrency': {
    kind: 'status',
    status: 409,
    body: { error: { code: 'Directory_ConcurrencyViolation', message: 'Please wait briefly and retry.' } },
  },
};
const cases = Object.entries(calls).flatMap(([call, on]) =>
  Object.entries(faults).map(([name, fault], index) => ({ call, on, name, fault, index })),
);

test.each(cases)(
  'a $call that is $name is tried again: one guest, one mail, all access',
  async ({ call, on, fault, index }) => {
    const address = `${call.replace(' ', '-')}${index}@fabrikam.com`;
    await portal.tenant.fault({ on: 'graph', ...on, fault });
    await signUpUntil(portal, 'provisioned', address);
    await expectComplete(address);
  },
);

test('a guest that the directory does not show yet is waited for', async () => {
  await portal.tenant.settings({ replicationDelayMs: 1500 });
  await signUpUntil(portal, 'provisioned', 'new@fabrikam.com');
  await expectComplete('new@fabrikam.com');
  expect(await invitationsOf(portal, 'new@fabrikam.com')).toHaveLength(1);
});

test.each([
  ['seconds', '2', 2],
  ['a fraction', '1.5', 1.5],
  ['a date', () => new Date(Date.now() + 3000).toUTCString(), 1.5],
  ['nothing', undefined, 0.1],
])('a 429 with Retry-After as %s pauses every worker', async (_, header, atLeastSeconds) => {
  const value = typeof header === 'function' ? header() : header;
  await portal.tenant.fault({
    on: 'graph',
    ...LOOK_UP,
    fault: { kind: 'status', status: 429, ...(value && { headers: { 'Retry-After': value } }) },
  });
  const address = `slow${atLeastSeconds}.${value ? value.length : 0}@fabrikam.com`;
  const first = await portal.visitor().apply({ email: address });
  await waitFor('the pause', () =>
    portal.deps.store.db.selectFrom('pause').select('until').executeTakeFirst(),
  );
  const pausedAt = Date.now();
  const other = await portal.visitor().apply({ email: `other.${address}` });
  await signUpUntil(portal, 'provisioned', address, first);
  await signUpUntil(portal, 'provisioned', address, other);
  const begun = (await portal.tenant.graphCalls()) as unknown as { at: string }[];
  const afterPause = begun.map(({ at }) => Date.parse(at)).filter((at) => at > pausedAt);
  expect((Math.min(...afterPause) - pausedAt) / 1000).toBeGreaterThan(atLeastSeconds - 0.7);
});

test('a Retry-After of 0 does not make a hot loop', async () => {
  await portal.tenant.fault({
    on: 'graph',
    ...LOOK_UP,
    times: 4,
    fault: { kind: 'status', status: 429, headers: { 'Retry-After': '0' } },
  });
  const begun = Date.now();
  await signUpUntil(portal, 'provisioned', 'zero@fabrikam.com');
  // 0.1, 0.2, 0.4 and 0.8 s, less a fifth.
  expect(Date.now() - begun).toBeGreaterThan(1200);
});

test('an absurd Retry-After pauses for ten minutes at most', async () => {
  await portal.tenant.fault({
    on: 'graph',
    ...LOOK_UP,
    fault: { kind: 'status', status: 429, headers: { 'Retry-After': '99999999' } },
  });
  const visitor = portal.visitor();
  const path = await visitor.apply({ email: 'absurd@fabrikam.com' });
  await waitFor('the pause', () =>
    portal.deps.store.db.selectFrom('pause').select('until').executeTakeFirst(),
  );
  const { until } = await portal.deps.store.db.selectFrom('pause').select('until').executeTakeFirstOrThrow();
  expect((until.getTime() - Date.now()) / 1000).toBeLessThan(605);
  const throttled = async () => (await visitor.status(path)).status === 'delayed';
  await waitFor('the page to say so', throttled);
  await portal.deps.store.db.deleteFrom('pause').execute();
  await portal.deps.store.db
    .updateTable('request')
    .set({ due_at: new Date() })
    .where('due_at', 'is not', null)
    .execute();
  await signUpUntil(portal, 'provisioned', 'absurd@fabrikam.com', path);
});

test('16.5.3 a missing permission holds the request, alerts, and is not tried in a loop', async () => {
  await portal.tenant.settings({
    permissions: LEAST_PERMISSIONS.filter((name) => name !== 'User.Invite.All'),
  });
  expect(await signUpUntil(portal, 'held', 'consent@fabrikam.com')).toMatchObject({
    reason: 'permissionMissing',
  });
  expect(await invitationsOf(portal, 'consent@fabrikam.com')).toHaveLength(1);
  expect(portal.logged()).toContainEqual(
    expect.objectContaining({ level: 'error', problem: 'permissionMissing', step: 'invitation' }),
  );
});

test('a guest who is deleted on the way is given up in time, not waited for all day', async () => {
  const { replicationSeconds } = portal.deps.limits;
  portal.deps.limits.replicationSeconds = 1;
  await portal.tenant.settings({ replicationDelayMs: 60_000 });
  const status = await signUpUntil(portal, 'failed', 'deleted@fabrikam.com');
  portal.deps.limits.replicationSeconds = replicationSeconds;
  expect(status).toMatchObject({ reason: 'notReplicated' });
});

test('switched-off invitations hold the request', async () => {
  await portal.tenant.settings({ allowInvitesFrom: 'none' });
  expect(await signUpUntil(portal, 'held', 'off@fabrikam.com')).toMatchObject({ reason: 'invitationsOff' });
});

test('a token that Graph refuses is dropped, and a fresh one is fetched', async () => {
  await portal.tenant.fault({
    on: 'graph',
    ...LOOK_UP,
    fault: {
      kind: 'status',
      status: 401,
      body: { error: { code: 'InvalidAuthenticationToken', message: 'Lifetime validation failed.' } },
    },
  });
  await signUpUntil(portal, 'provisioned', 'token@fabrikam.com');
  await expectComplete('token@fabrikam.com');
});

describe('mail', () => {
  test('a server that is busy is asked again', async () => {
    await portal.tenant.fault({ on: 'smtp', fault: { kind: 'refuse', code: 451, message: 'Try later' } });
    await signUpUntil(portal, 'provisioned', 'busy@fabrikam.com');
    await expectComplete('busy@fabrikam.com');
  });

  test('a server that refuses the address holds the request', async () => {
    await portal.tenant.fault({
      on: 'smtp',
      fault: { kind: 'refuse', code: 550, message: 'No such mailbox' },
    });
    expect(await signUpUntil(portal, 'held', 'gone@fabrikam.com')).toMatchObject({ reason: 'mailRefused' });
  });

  test.each([
    ['before', 0],
    ['after', 1],
  ])('a connection that breaks %s the mail is accepted leads to no second one', async (when, mails) => {
    await portal.tenant.fault({ on: 'smtp', fault: { kind: 'drop', when } });
    const address = `broken.${when}@fabrikam.com`;
    const status = await signUpUntil(portal, 'provisioned', address);
    expect(status.steps.at(-1)).toMatchObject({ name: 'mailed', status: 'unconfirmed' });
    expect(await portal.tenant.mailsTo(address)).toHaveLength(mails);
  });
});
