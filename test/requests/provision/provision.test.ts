import { writeFile } from 'node:fs/promises';
import { findSteps } from '../../../src/store/steps.js';
import { aPartner, aPolicy, GROUPS, SPONSOR, WIKI } from '../../support/aPolicy.js';
import { invitationsOf, signUpUntil, ownerStatusOf } from '../../support/journey.js';
import { waitFor } from '../../support/waitFor.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import { workOn } from '../../support/workOn.js';

let portal: TestPortal;

const partners = [
  aPartner({
    apps: ['crm', 'wiki'],
    invitation: { redirectUrl: 'https://start.contoso.com/hello', language: 'sv', sponsors: [SPONSOR] },
  }),
  aPartner({ id: 'dynamic', domains: ['dynamic.com'], apps: ['crm'], groups: ['dynamic'] }),
  aPartner({ id: 'admins', domains: ['admins.com'], groups: ['roleAssignable'] }),
  aPartner({ id: 'news', domains: ['news.com'], groups: ['distribution'] }),
  aPartner({ id: 'synced', domains: ['synced.com'], groups: ['onPremises'] }),
  aPartner({ id: 'missing', domains: ['missing.com'], groups: ['missing'] }),
  aPartner({ id: 'ourselves', domains: ['contoso.com'] }),
];
const missing = { id: '22222222-0000-4000-8000-0000000000ff', name: 'Deleted since' };

beforeAll(async () => {
  const policy = aPolicy({ partners });
  portal = await startPortal({ policy: { ...policy, groups: { ...(policy.groups as object), missing } } });
});
afterAll(() => portal.close());
afterEach(() => portal.tenant.clearFaults());

test('an allowed partner becomes a guest with groups, app roles and sponsors, and gets one mail', async () => {
  const status = await signUpUntil(portal, 'provisioned', 'ana@fabrikam.com');
  expect(status.steps.map((step) => [step.name, step.status])).toEqual([
    ['received', 'done'],
    ['invited', 'done'],
    ['access', 'done'],
    ['mailed', 'done'],
  ]);
  expect(await portal.tenant.guest('ana@fabrikam.com')).toMatchObject({
    userType: 'Guest',
    displayName: 'Ana Lind',
    externalUserState: 'PendingAcceptance',
    groups: [GROUPS.partners, GROUPS.crm],
    appRoles: [WIKI],
    sponsors: [SPONSOR],
  });
  const mails = await portal.tenant.mailsTo('ana@fabrikam.com');
  expect(mails).toMatchObject([{ source: 'smtp', from: 'partners@contoso.com' }]);
  expect(mails[0]?.text).toContain('/redeem?');
  expect(await invitationsOf(portal, 'ana@fabrikam.com')).toMatchObject([
    {
      requestBody: {
        sendInvitationMessage: false,
        inviteRedirectUrl: 'https://start.contoso.com/hello',
        invitedUserMessageInfo: { messageLanguage: 'sv' },
      },
    },
  ]);
});

test('the redeem link is not kept once it has been mailed', async () => {
  await signUpUntil(portal, 'provisioned', 'link@fabrikam.com');
  const steps = await portal.deps.store.db.selectFrom('step').select('detail').execute();
  expect(JSON.stringify(steps)).not.toContain('redeem');
});

test('a guest who has accepted before is not invited again, gets the access, and a mail without a redeem link', async () => {
  const { id } = await portal.tenant.addUser({
    mail: 'old@fabrikam.com',
    displayName: 'Old Guest',
    userType: 'Guest',
    accepted: true,
  });
  await signUpUntil(portal, 'provisioned', 'old@fabrikam.com');
  expect(await invitationsOf(portal, 'old@fabrikam.com')).toEqual([]);
  expect(await portal.tenant.guest('old@fabrikam.com')).toMatchObject({
    id,
    groups: [GROUPS.partners, GROUPS.crm],
  });
  const [mail] = await portal.tenant.mailsTo('old@fabrikam.com');
  expect(mail?.text).not.toContain('/redeem?');
});

test('a guest who has never accepted is reused and mailed a link that works', async () => {
  const { id } = await portal.tenant.addUser({
    mail: 'idle@fabrikam.com',
    displayName: 'Idle Guest',
    userType: 'Guest',
  });
  await signUpUntil(portal, 'provisioned', 'idle@fabrikam.com');
  expect(await portal.tenant.guest('idle@fabrikam.com')).toMatchObject({ id });
  const [mail] = await portal.tenant.mailsTo('idle@fabrikam.com');
  expect(mail?.text).toContain('/redeem?');
});

test.each([
  { case: 'a member of ours', user: { userType: 'Member' }, state: 'denied', reason: 'existingMember' },
  {
    case: 'a blocked guest',
    user: { userType: 'Guest', accountEnabled: false },
    state: 'held',
    reason: 'guestBlocked',
  },
])('$case is not invited: $state, $reason', async ({ user, state, reason }) => {
  const mail = `${reason.toLowerCase()}@fabrikam.com`;
  await portal.tenant.addUser({ mail, displayName: 'Somebody', ...user });
  expect(await signUpUntil(portal, state, mail)).toMatchObject({ reason });
  expect(await invitationsOf(portal, mail)).toEqual([]);
});

test('an apostrophe in an address survives every quoting on the way', async () => {
  const { id } = await portal.tenant.addUser({
    mail: "o'neil@fabrikam.com",
    displayName: 'Pat',
    userType: 'Guest',
  });
  await signUpUntil(portal, 'provisioned', "o'neil@fabrikam.com");
  expect(await portal.tenant.guest("o'neil@fabrikam.com")).toMatchObject({ id });
  expect(await portal.tenant.mailsTo("o'neil@fabrikam.com")).toHaveLength(1);
});

test('an address of our own domain is refused with a clear state', async () => {
  expect(await signUpUntil(portal, 'denied', 'nobody@contoso.com')).toMatchObject({ reason: 'ownDomain' });
});

test.each([
  ['dynamic.com', 'groupUnusable'],
  ['admins.com', 'groupUnusable'],
  ['news.com', 'groupUnusable'],
  ['synced.com', 'groupUnusable'],
  ['missing.com', 'groupMissing'],
])('a group that a guest must not join holds the request: %s, %s', async (domain, reason) => {
  expect(await signUpUntil(portal, 'held', `ana@${domain}`)).toMatchObject({ reason });
  const joins = await portal.tenant.graphCalls('POST', /0000000000(05|06|07|08|ff)\/members/);
  expect(joins).toEqual([]);
});

test('a held request keeps what was done, and goes on from there when it is queued again', async () => {
  const status = await signUpUntil(portal, 'held', 'bo@dynamic.com');
  expect(status.steps.map((step) => step.status)).toEqual(['done', 'done', 'failed', 'waiting']);
  const before = await invitationsOf(portal, 'bo@dynamic.com');
  await portal.stopWorker();
  await portal.deps.store.db
    .updateTable('request')
    .set({ state: 'queued', due_at: new Date() })
    .where('address', '=', 'bo@dynamic.com')
    .execute();
  portal.startWorker();
  await signUpUntil(portal, 'held', 'bo@dynamic.com');
  expect(await invitationsOf(portal, 'bo@dynamic.com')).toHaveLength(before.length);
});

test('15.4.2 the decision is made again on the policy in force when the work begins', async () => {
  await portal.stopWorker();
  const visitor = portal.visitor();
  const path = await visitor.apply({ email: 'late@fabrikam.com' });
  const inForce = portal.deps.policy.current();
  await writeFile(
    portal.policyFile,
    JSON.stringify(aPolicy({ partners: [], deny: { domains: ['fabrikam.com'] } })),
  );
  await portal.deps.policy.reload();
  portal.startWorker();
  expect(await signUpUntil(portal, 'denied', 'late@fabrikam.com', path)).toMatchObject({
    reason: 'policyChanged',
  });
  expect(await portal.tenant.guest('late@fabrikam.com')).toBeUndefined();
  await writeFile(portal.policyFile, inForce.text);
  await portal.deps.policy.reload();
});

test('a resend that the policy forbids ends there, and the next one sends one mail', async () => {
  const visitor = portal.visitor();
  const path = await visitor.apply({ email: 'gap@fabrikam.com' });
  await signUpUntil(portal, 'provisioned', 'gap@fabrikam.com', path);
  const inForce = portal.deps.policy.current();
  const { db } = portal.deps.store;
  const { mailWindowSeconds } = portal.deps.limits;
  portal.deps.limits.mailWindowSeconds = 0;
  const resend = async () => {
    await visitor.post(`${path}/resend`, {});
    await waitFor('the resend to be over', async () => {
      const { due_at } = await db
        .selectFrom('request')
        .select('due_at')
        .where('address', '=', 'gap@fabrikam.com')
        .executeTakeFirstOrThrow();
      return due_at === null;
    });
  };
  await writeFile(portal.policyFile, JSON.stringify(aPolicy({ partners: [] })));
  await portal.deps.policy.reload();
  await resend();
  expect(await ownerStatusOf(portal, path)).toMatchObject({ status: 'provisioned', reason: 'policyChanged' });
  expect(await portal.tenant.mailsTo('gap@fabrikam.com')).toHaveLength(1);

  await writeFile(portal.policyFile, inForce.text);
  await portal.deps.policy.reload();
  await resend();
  expect(await ownerStatusOf(portal, path)).toMatchObject({ status: 'provisioned', reason: null });
  expect(await portal.tenant.mailsTo('gap@fabrikam.com')).toHaveLength(2);
  portal.deps.limits.mailWindowSeconds = mailWindowSeconds;
});

test('two workers at once work on a request once', async () => {
  await portal.stopWorker();
  const visitor = portal.visitor();
  const path = await visitor.apply({ email: 'twice@fabrikam.com' });
  const { id } = await portal.deps.store.db
    .selectFrom('request')
    .select('id')
    .where('address', '=', 'twice@fabrikam.com')
    .executeTakeFirstOrThrow();
  await Promise.all([workOn(portal.deps, id), workOn(portal.deps, id)]);
  await workOn(portal.deps, id);
  portal.startWorker();
  expect(await visitor.status(path)).toMatchObject({ status: 'answered' });
  expect(await invitationsOf(portal, 'twice@fabrikam.com')).toHaveLength(1);
  expect(await portal.tenant.mailsTo('twice@fabrikam.com')).toHaveLength(1);
  const steps = await findSteps(portal.deps.store.db, id);
  expect(steps.map(({ attempts }) => attempts)).toEqual(steps.map(() => 1));
});

test('14.2.7 every change of state, and every step that changed something, leaves an audit event without what the person typed', async () => {
  await signUpUntil(portal, 'provisioned', 'audit@fabrikam.com');
  const events = await portal.deps.store.db
    .selectFrom('audit_event')
    .innerJoin('request', 'request.id', 'audit_event.request_id')
    .select(['audit_event.actor', 'audit_event.action', 'audit_event.detail'])
    .where('request.address', '=', 'audit@fabrikam.com')
    .orderBy('audit_event.id')
    .execute();
  const grants = ['group:partners', 'group:crm', 'app:wiki'];
  const told = events.map(({ actor, action, detail }) => [actor, action, detail.step]);
  expect(told.slice(0, 2)).toEqual([
    ['partner', 'request.submitted', undefined],
    ['portal', 'step.done', 'invitation'],
  ]);
  // The grants are given at once, in any order.
  expect(told.slice(2, 5)).toEqual(
    expect.arrayContaining(grants.map((step) => ['portal', 'step.done', step])),
  );
  expect(told.slice(5)).toEqual([
    ['portal', 'step.done', 'mail'],
    ['portal', 'request.provisioned', undefined],
  ]);
  expect(JSON.stringify(events)).not.toContain('Orders in the CRM');
});
