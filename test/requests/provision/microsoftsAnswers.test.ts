import { aPartner, aPolicy, GROUPS, WIKI } from '../../support/aPolicy.js';
import { invitationsOf, signUpUntil } from '../../support/journey.js';
import { LEAST_PERMISSIONS } from '../../support/permissions.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import { waitFor } from '../../support/waitFor.js';

// What the portal says, to the applicant, in the log and to staff, after Microsoft has answered.

let portal: TestPortal;

const GUEST_GROUP = GROUPS.partners;
const GONE_SPONSOR = '11111111-0000-4000-8000-0000000000ee';

beforeAll(async () => {
  portal = await startPortal({
    limits: { backoffSeconds: 0.1 },
    policy: aPolicy({
      partners: [
        aPartner({ apps: ['crm', 'wiki'] }),
        aPartner({
          id: 'litware',
          domains: ['litware.com'],
          invitation: { sponsors: [GONE_SPONSOR] },
        }),
        aPartner({ id: 'northwind', domains: ['northwind.se'], invitation: { sponsors: [GROUPS.crm] } }),
      ],
    }),
  });
});
afterAll(() => portal.close());
afterEach(async () => {
  await portal.tenant.clearFaults();
  await portal.tenant.settings({ replicationDelayMs: 0, permissions: LEAST_PERMISSIONS });
});
const INVITE = { on: 'graph', method: 'POST', path: '^/invitations' };
const JOIN = { on: 'graph', method: 'POST', path: '/members/' };
const ASSIGN = { on: 'graph', method: 'POST', path: 'appRoleAssignedTo' };

function refused(status: number, code: string, message: string) {
  return { kind: 'status', status, body: { error: { code, message, innerError: { 'request-id': 'r-1' } } } };
}

/** What everybody but the owner reads, and what the owner was mailed. */
async function seenBy(email: string) {
  const visitor = portal.visitor();
  const path = await visitor.apply({ email });
  return async () => {
    const { status } = await visitor.status(path);
    return { others: status, mails: (await portal.tenant.mailsTo(email)).length };
  };
}

async function shownToStaff(email: string): Promise<string> {
  const { id } = await portal.deps.store.db
    .selectFrom('request')
    .select('id')
    .where('address', '=', email)
    .executeTakeFirstOrThrow();
  return (await (await portal.staff('ada')).get(`/admin/requests/${id}`)).text;
}

describe('a group that takes no guests', () => {
  const email = 'team@fabrikam.com';
  const words = 'Guests users are not allowed to join this Unified Group';

  test('is named as what it is, and not as a missing permission', async () => {
    await portal.tenant.fault({
      ...JOIN,
      times: 0,
      domain: 'fabrikam.com',
      fault: refused(403, 'Authorization_RequestDenied', words),
    });
    const seen = await seenBy(email);
    expect(await signUpUntil(portal, 'held', email)).toMatchObject({ reason: 'groupRefusesGuests' });
    expect(await seen()).toEqual({ others: 'delayed', mails: 0 });
    const page = await shownToStaff(email);
    expect(page).toContain(words);
    expect(page).toContain('No permission is missing');
  });

  test('is in the log with Graph’s status, code, words and request id, and without an address', () => {
    const line = portal.logged().find(({ problem }) => problem === 'groupRefusesGuests');
    expect(line).toMatchObject({
      level: 'error',
      step: expect.stringMatching(/^group:(partners|crm)$/) as string,
      reason: expect.stringContaining(words) as string,
      graphRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    });
    expect(JSON.stringify(line)).not.toContain('@');
  });
});

test('a 403 is a missing permission only if the token lacks it', async () => {
  await portal.tenant.fault({
    ...INVITE,
    fault: refused(403, 'Forbidden', 'Something about someone@else.example that nobody has seen before'),
  });
  expect(await signUpUntil(portal, 'failed', 'why@fabrikam.com')).toMatchObject({
    reason: 'refusedByMicrosoft',
  });
  const page = await shownToStaff('why@fabrikam.com');
  expect(page).toContain('that nobody has seen before');
  expect(page).not.toContain('someone@else.example');

  await portal.tenant.settings({
    permissions: LEAST_PERMISSIONS.filter((name) => !name.startsWith('GroupMember')),
  });
  expect(await signUpUntil(portal, 'held', 'lacks@fabrikam.com')).toMatchObject({
    reason: 'permissionMissing',
  });
  expect(await shownToStaff('lacks@fabrikam.com')).toContain('GroupMember.ReadWrite.All');
});

describe('Graph says that an account exists which no look-up finds', () => {
  const exists = refused(
    400,
    'BadRequest',
    'Non-external user already exists with the given mail address. Please use a different mail address.',
  );

  test('the request is held with the deleted account that it is about, and nobody is told to sign in with it', async () => {
    const email = 'back@fabrikam.com';
    const { id } = await portal.tenant.addUser({ mail: email, userType: 'Guest', deleted: true });
    await portal.tenant.fault({ ...INVITE, fault: exists });
    const seen = await seenBy(email);
    expect(await signUpUntil(portal, 'held', email)).toMatchObject({ reason: 'hiddenAccount' });
    const page = await shownToStaff(email);
    expect(page).toContain(id);
    expect(page).toContain('Deleted users');
    await waitFor('the mail', async () => (await seen()).mails === 1);
    expect(await seen()).toEqual({ others: 'answered', mails: 1 });
    const [mail] = await portal.tenant.mailsTo(email);
    expect(mail?.text).toMatch(/deleted recently/);
    expect(mail?.text).not.toMatch(/Sign in with it/);
  });

  test('without a deleted account, Graph is quoted', async () => {
    await portal.tenant.fault({ ...INVITE, fault: exists });
    expect(await signUpUntil(portal, 'held', 'ghost@fabrikam.com')).toMatchObject({
      reason: 'hiddenAccount',
    });
    expect(await shownToStaff('ghost@fabrikam.com')).toContain('Non-external user already exists');
  });

  test('a member who has turned up since the look-up is a member', async () => {
    const email = 'late.member@fabrikam.com';
    await portal.tenant.fault({
      on: 'graph',
      method: 'GET',
      path: '^/users',
      fault: { kind: 'status', status: 200, body: { value: [] } },
    });
    await portal.tenant.addUser({ mail: email, userType: 'Member' });
    expect(await signUpUntil(portal, 'denied', email)).toMatchObject({ reason: 'existingMember' });
  });
});

describe('an invitation with the status Error', () => {
  const answer = (email: string) => ({
    kind: 'status',
    status: 201,
    body: { invitedUserEmailAddress: email, status: 'Error', invitedUser: null, inviteRedeemUrl: null },
  });

  test('is posted twice more, then held with that status', async () => {
    const email = 'error@fabrikam.com';
    await portal.tenant.fault({ ...INVITE, times: 0, fault: answer(email) });
    expect(await signUpUntil(portal, 'held', email)).toMatchObject({ reason: 'invitationFailed' });
    expect(await invitationsOf(portal, email)).toHaveLength(3);
    expect(await shownToStaff(email)).toContain('the status Error');
  });

  test('ends well when the next one succeeds', async () => {
    const email = 'once@fabrikam.com';
    await portal.tenant.fault({ ...INVITE, fault: answer(email) });
    await signUpUntil(portal, 'provisioned', email);
    expect(await portal.tenant.mailsTo(email)).toHaveLength(1);
  });
});

describe('an invitation that is Completed leads to an account that no look-up by address finds', () => {
  async function aliasOf(user: Record<string, unknown>, alias: string): Promise<string> {
    const { id } = await portal.tenant.addUser({ userType: 'Guest', accepted: true, ...user });
    await portal.tenant.fault({
      ...INVITE,
      fault: {
        kind: 'status',
        status: 201,
        body: {
          invitedUserEmailAddress: alias,
          status: 'Completed',
          invitedUser: { id },
          inviteRedeemUrl: null,
        },
      },
    });
    return id;
  }

  test('that guest gets the access, no mail to accept, and staff see which account it is', async () => {
    const id = await aliasOf({ mail: 'anna@fabrikam.com' }, 'a.lind@fabrikam.com');
    await signUpUntil(portal, 'provisioned', 'a.lind@fabrikam.com');
    const state = await portal.tenant.state();
    expect(state.users.find((user) => user.id === id)).toMatchObject({
      groups: [GUEST_GROUP, GROUPS.crm],
      appRoles: [WIKI],
    });
    const [mail] = await portal.tenant.mailsTo('a.lind@fabrikam.com');
    expect(mail?.text).not.toContain('/redeem');
    expect(await shownToStaff('a.lind@fabrikam.com')).toContain(id);
  });

  test('a blocked one gets nothing', async () => {
    await aliasOf({ mail: 'bert@fabrikam.com', accountEnabled: false }, 'b.lind@fabrikam.com');
    expect(await signUpUntil(portal, 'held', 'b.lind@fabrikam.com')).toMatchObject({
      reason: 'guestBlocked',
    });
  });
});

test('a sponsor who has left is named, at once', async () => {
  expect(await signUpUntil(portal, 'held', 'sue@litware.com')).toMatchObject({ reason: 'sponsorMissing' });
  expect(await shownToStaff('sue@litware.com')).toContain(GONE_SPONSOR);
  expect(await invitationsOf(portal, 'sue@litware.com')).toHaveLength(1);
});

test('a sponsor may be a group', async () => {
  await signUpUntil(portal, 'provisioned', 'gus@northwind.se');
  expect(await portal.tenant.guest('gus@northwind.se')).toMatchObject({ sponsors: [GROUPS.crm] });
});

test('a 404 that names nothing of ours is quoted, and not taken for replication', async () => {
  await portal.tenant.fault({ ...INVITE, fault: refused(404, 'Request_ResourceNotFound', 'No such tenant') });
  expect(await signUpUntil(portal, 'failed', '404@fabrikam.com')).toMatchObject({
    reason: 'refusedByMicrosoft',
  });
});

test('a group that is deleted between two calls is missing, not unreplicated', async () => {
  const message = `Resource '${GUEST_GROUP}' does not exist or one of its queried reference-property objects are not present.`;
  const path = `^/groups/${GUEST_GROUP}/members`;
  await portal.tenant.fault({ ...JOIN, path, fault: refused(404, 'Request_ResourceNotFound', message) });
  expect(await signUpUntil(portal, 'held', 'deleted@fabrikam.com')).toMatchObject({ reason: 'groupMissing' });
});

test.each(['SelfServiceSignUp', 'EmailVerified'])(
  'a guest of a %s is in place: no second invitation',
  async (creationType) => {
    const mail = `${creationType.toLowerCase()}@fabrikam.com`;
    const { id } = await portal.tenant.addUser({ mail, userType: 'Guest', creationType });
    await signUpUntil(portal, 'provisioned', mail);
    expect(await invitationsOf(portal, mail)).toEqual([]);
    const state = await portal.tenant.state();
    expect(state.users.find((user) => user.id === id)?.groups).toContain(GUEST_GROUP);
  },
);

test('a role that was disabled since is named', async () => {
  await portal.tenant.fault({
    ...ASSIGN,
    fault: refused(400, 'Request_BadRequest', "Permission being assigned was not found on application 'x'"),
  });
  expect(await signUpUntil(portal, 'held', 'role@fabrikam.com')).toMatchObject({ reason: 'appUnusable' });
});

describe('only the documented success counts', () => {
  const otherPrincipal = {
    principalId: '99999999-0000-4000-8000-000000000001',
    resourceId: WIKI.servicePrincipalId,
    appRoleId: WIKI.appRoleId,
  };
  const invitation = {
    invitedUserEmailAddress: '200-with-an-invitation@fabrikam.com',
    status: 'PendingAcceptance',
    inviteRedeemUrl: 'https://login.microsoftonline.com/redeem',
    invitedUser: { id: '99999999-0000-4000-8000-000000000002' },
  };
  test.each([
    ['200 {} for a member', JOIN, { kind: 'status', status: 200, body: {} }],
    ['202 for a member', JOIN, { kind: 'status', status: 202 }],
    [
      '301 for a member',
      JOIN,
      { kind: 'status', status: 301, headers: { Location: 'https://localhost:1/' } },
    ],
    ['200 {} for a role', ASSIGN, { kind: 'status', status: 200, body: {} }],
    ['201 for another principal', ASSIGN, { kind: 'status', status: 201, body: otherPrincipal }],
    ['200 for an invitation', INVITE, { kind: 'status', status: 200, body: {} }],
    ['200 with an invitation', INVITE, { kind: 'status', status: 200, body: invitation }],
    ['202 for an invitation', INVITE, { kind: 'status', status: 202 }],
    [
      '307 for an invitation',
      INVITE,
      { kind: 'status', status: 307, headers: { Location: 'https://localhost:1/' } },
    ],
  ])('%s is unknown: the next attempt asks the directory', async (name, on, fault) => {
    const email = `${name.replaceAll(/\W+/g, '-')}@fabrikam.com`.toLowerCase();
    await portal.tenant.fault({ ...on, fault });
    await signUpUntil(portal, 'provisioned', email);
    expect(await portal.tenant.guest(email)).toMatchObject({
      groups: [GUEST_GROUP, GROUPS.crm],
      appRoles: [WIKI],
    });
    expect(await portal.tenant.mailsTo(email)).toHaveLength(1);
  });
});

test('an answer of 500 MB is cut off, and the call tried again', async () => {
  await portal.tenant.fault({
    on: 'graph',
    method: 'GET',
    path: '^/users',
    fault: { kind: 'size', bytes: 500 * 1024 * 1024, packed: true },
  });
  await signUpUntil(portal, 'provisioned', 'bomb@fabrikam.com');
  expect(portal.logged()).toContainEqual(
    expect.objectContaining({ reason: expect.stringContaining('more than 4194304 bytes') as string }),
  );
});

test('a permission that was granted a moment ago is worth another attempt, whatever an older token says', async () => {
  const without = LEAST_PERMISSIONS.filter((name) => name !== 'GroupMember.ReadWrite.All');
  await portal.tenant.settings({ permissions: without });
  // A token that lacks it is in use.
  await portal.deps.graph.grantedPermissions(AbortSignal.timeout(5_000));
  await portal.tenant.settings({ permissions: LEAST_PERMISSIONS });
  await portal.tenant.fault({
    ...JOIN,
    fault: refused(403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.'),
  });
  await signUpUntil(portal, 'provisioned', 'moment@fabrikam.com');
});
