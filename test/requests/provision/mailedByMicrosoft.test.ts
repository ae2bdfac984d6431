import { ageRequest, requestAt } from '../../support/ageRequest.js';
import { aPolicy } from '../../support/aPolicy.js';
import { invitationsOf, signUpUntil } from '../../support/journey.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import { waitFor } from '../../support/waitFor.js';

// Without a mail server of ours Microsoft mails the invitation. Such an invitation must not be repeated blindly.

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({
    smtp: false,
    policy: aPolicy(),
    limits: { backoffSeconds: 0.1, unansweredInvitationSeconds: 3 },
  });
});
afterAll(() => portal.close());
afterEach(async () => {
  await portal.tenant.clearFaults();
  await portal.tenant.settings({ replicationDelayMs: 0 });
});

const INVITE = { on: 'graph', method: 'POST', path: '^/invitations' };

test('Microsoft mails the invitation, once', async () => {
  await signUpUntil(portal, 'provisioned', 'ana@fabrikam.com');
  expect(await invitationsOf(portal, 'ana@fabrikam.com')).toMatchObject([
    { requestBody: { sendInvitationMessage: true } },
  ]);
  expect(await portal.tenant.mailsTo('ana@fabrikam.com')).toMatchObject([{ source: 'graph' }]);
});

test.each([
  ['cut off after it is processed', { kind: 'reset', when: 'after' }],
  ['answered with half a body', { kind: 'truncate' }],
])('an invitation that is %s is found in the directory, not repeated', async (name, fault) => {
  const address = `${name.length}@fabrikam.com`;
  await portal.tenant.settings({ replicationDelayMs: 1000 });
  await portal.tenant.fault({ ...INVITE, fault });
  await signUpUntil(portal, 'provisioned', address);
  expect(await invitationsOf(portal, address)).toHaveLength(1);
  expect(await portal.tenant.mailsTo(address)).toHaveLength(1);
});

test('an invitation that was never processed is repeated, but only after the directory has had time to show it', async () => {
  await portal.tenant.fault({ ...INVITE, fault: { kind: 'reset', when: 'before' } });
  const begun = Date.now();
  await signUpUntil(portal, 'provisioned', 'never@fabrikam.com');
  expect(Date.now() - begun).toBeGreaterThan(3000);
  expect(await portal.tenant.mailsTo('never@fabrikam.com')).toHaveLength(1);
});

test.each([
  ['throttled', { kind: 'status', status: 429, headers: { 'Retry-After': '1' } }],
  [
    'refused for lack of a valid token',
    {
      kind: 'status',
      status: 401,
      body: { error: { code: 'InvalidAuthenticationToken', message: 'expired' } },
    },
  ],
])('an invitation that is %s was not processed, and is repeated without that wait', async (name, fault) => {
  const address = `${name.length}.again@fabrikam.com`;
  await portal.tenant.fault({ ...INVITE, fault });
  await signUpUntil(portal, 'provisioned', address);
  expect(await invitationsOf(portal, address)).toHaveLength(2);
  expect(await portal.tenant.mailsTo(address)).toHaveLength(1);
  const { started_at, finished_at } = await portal.deps.store.db
    .selectFrom('step')
    .innerJoin('request', 'request.id', 'step.request_id')
    .select(['step.started_at', 'step.finished_at'])
    .where('address', '=', address)
    .where('key', '=', 'invitation')
    .executeTakeFirstOrThrow();
  expect((finished_at?.getTime() ?? 0) - (started_at?.getTime() ?? 0)).toBeLessThan(2900);
});

test('a guest who was there before and whose new invitation went unanswered: the mail is unconfirmed', async () => {
  await portal.tenant.addUser({ mail: 'before@fabrikam.com', displayName: 'Before', userType: 'Guest' });
  await portal.tenant.fault({ ...INVITE, fault: { kind: 'reset', when: 'after' } });
  const status = await signUpUntil(portal, 'provisioned', 'before@fabrikam.com');
  expect(status.steps.map((step) => step.status)).toContain('unconfirmed');
  expect(await portal.tenant.mailsTo('before@fabrikam.com')).toHaveLength(1);
});

test('a resend is one more invitation by Microsoft, and a repeated job sends none', async () => {
  const visitor = portal.visitor();
  const path = await visitor.apply({ email: 'again@fabrikam.com' });
  await signUpUntil(portal, 'provisioned', 'again@fabrikam.com', path);
  await ageRequest(portal, path, 10);
  await visitor.post(`${path}/resend`, {});
  await waitFor(
    'the second mail',
    async () => (await portal.tenant.mailsTo('again@fabrikam.com')).length === 2,
  );
  await waitFor('the resend to be done', async () => (await requestAt(portal, path)).due_at === null);
  expect(await portal.tenant.mailsTo('again@fabrikam.com')).toHaveLength(2);
});
