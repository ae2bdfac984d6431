import { aPartner, aPolicy } from '../support/aPolicy.js';
import { textOf } from '../support/page.js';
import { proseware } from '../support/partnerPeople.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { tokenIn } from '../support/proofMail.js';
import { newcomer } from '../support/signInFlows.js';

// Whoever comes upon an error page finds the way back to what they were doing.

let portal: TestPortal;

beforeAll(async () => {
  const mailbox = aPartner({ id: 'wingtip', domains: ['wingtiptoys.com'], proof: 'mailbox' });
  portal = await startPortal({
    worker: false,
    env: { TRUST_PROXY: '1' },
    policy: aPolicy({ partners: [aPartner(), proseware(), mailbox] }),
  });
});
afterAll(() => portal.close());
afterEach(() => portal.tenant.clearFaults());

test.each([
  ['/verify/code/:token', 'kim@wingtiptoys.com'],
  ['/verify/code/:token/again', 'kim@wingtiptoys.com'],
  ['/verify/tenant/:token/confirm', 'pia@proseware.com'],
  ['/requests/:token/resend', 'ana@fabrikam.com'],
])('a stale form of %s leads back to the request', async (route, email) => {
  const visitor = newcomer(portal);
  const page = await visitor.apply({ email });
  const { status, text } = await visitor.postRaw(route.replace(':token', tokenIn(page)), { code: '123456' });
  expect(status).toBe(403);
  expect(text).toContain(`<a href="${page}">Back to your request</a>`);
  expect(textOf(text)).not.toContain('Go to the sign-up form');
  // A code is copied from the mail again.
  expect(text).not.toContain('123456');
});

test('so does a sign-in that cannot begin because Microsoft does not answer', async () => {
  const visitor = newcomer(portal);
  const page = await visitor.apply({ email: 'per.olof.berg@proseware.com' });
  const fault = { kind: 'status', status: 503 };
  await portal.tenant.fault({ on: 'token', path: 'openid-configuration', fault });
  const { status, text } = await visitor.get(`/verify/tenant/${tokenIn(page)}`);
  expect(status).toBe(503);
  expect(text).toContain(`<a href="${page}">Back to your request</a>`);
});

test('an address that no request has leads to the start', async () => {
  const { status, text } = await newcomer(portal).get(`/requests/${'A'.repeat(22)}`);
  expect([status, text.includes('/requests/')]).toEqual([404, false]);
  expect(textOf(text)).toContain('Go to the sign-up form');
});
