import { aPartner, aPolicy, GROUPS, SPONSOR, WIKI } from '../support/aPolicy.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { waitFor } from '../support/waitFor.js';

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({
    policy: aPolicy({
      partners: [
        aPartner({
          apps: ['crm', 'wiki'],
          invitation: { redirectUrl: 'https://start.contoso.com/hello', language: 'sv', sponsors: [SPONSOR] },
        }),
      ],
    }),
  });
});
afterAll(() => portal.close());
afterEach(() => portal.tenant.clearFaults());

/** Signs somebody up and waits until the request stands in `state`. */
async function signUpUntil(state: string, email: string) {
  const visitor = portal.visitor();
  const path = await visitor.apply({ email });
  return waitFor(`${email} to be ${state}`, async () => {
    const status = await visitor.status(path);
    return status.status === state && status;
  });
}

const invitations = (address: string) =>
  portal.tenant
    .graphCalls('POST', /\/invitations$/)
    .then((calls) =>
      calls.filter(
        (call) =>
          (call.requestBody as { invitedUserEmailAddress: string }).invitedUserEmailAddress === address,
      ),
    );

test('an allowed partner becomes a guest with groups, app roles and sponsors, and gets one mail', async () => {
  const status = await signUpUntil('provisioned', 'ana@fabrikam.com');
  expect(status.steps.map(({ name, status }) => [name, status])).toEqual([
    ['received', 'done'],
    ['invited', 'done'],
    ['access', 'done'],
    ['mailed', 'done'],
  ]);
  const guest = await portal.tenant.guest('ana@fabrikam.com');
  expect(guest).toMatchObject({
    userType: 'Guest',
    displayName: 'Ana Lind',
    externalUserState: 'PendingAcceptance',
    groups: [GROUPS.partners, GROUPS.crm],
    appRoles: [WIKI],
    sponsors: [SPONSOR],
  });
  const mails = await portal.tenant.mailsTo('ana@fabrikam.com');
  expect(mails).toHaveLength(1);
  expect(mails[0]).toMatchObject({ source: 'smtp', from: 'partners@contoso.com' });
  expect(mails[0]?.text).toContain('/redeem?');
  expect(await invitations('ana@fabrikam.com')).toMatchObject([
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
  await signUpUntil('provisioned', 'link@fabrikam.com');
  const steps = await portal.deps.store.db.selectFrom('step').select('detail').execute();
  expect(JSON.stringify(steps)).not.toContain('redeem');
});
