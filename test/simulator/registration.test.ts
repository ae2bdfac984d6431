import { seed } from '../../simulator/seed.js';
import { failure, newCredential, startHarness, type Harness } from './harness.js';

// What the doctor reads from the tenant; see application-get and authorizationpolicy-get in Graph's reference.

const APPLICATION = `/applications(appId='${seed.clientId}')`;
const POLICY = '/policies/authorizationPolicy';

let harness: Harness;

beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.simulator.close());
beforeEach(() => harness.control('POST', '/reset'));

test.each([
  [APPLICATION, 'Application.Read.All'],
  [POLICY, 'Policy.Read.All'],
])('%s takes %s', async (path, permission) => {
  await harness.settings({ permissions: [permission] });
  expect(await harness.graph.api(path).get()).toHaveProperty(['@odata.context']);
  await harness.settings({ permissions: ['User.Read.All'] });
  expect(await failure(harness.graph.api(path).get() as Promise<unknown>)).toMatchObject({
    statusCode: 403,
    code: 'Authorization_RequestDenied',
  });
});

test('the policy says who may invite', async () => {
  await harness.settings({ permissions: ['Policy.Read.All'], allowInvitesFrom: 'adminsAndGuestInviters' });
  expect(await harness.graph.api(`${POLICY}?$select=allowInvitesFrom`).get()).toMatchObject({
    allowInvitesFrom: 'adminsAndGuestInviters',
  });
});

test('the registration shows the end of its secret and how it begins, never the secret', async () => {
  const secretEndsAt = '2031-01-02T03:04:05Z';
  await harness.settings({ secretEndsAt });
  const application = (await harness.graph.api(APPLICATION).get()) as object;
  expect(application).toMatchObject({
    passwordCredentials: [
      { endDateTime: secretEndsAt, hint: seed.clientSecret.slice(0, 3), secretText: null },
    ],
  });
  expect(JSON.stringify(application)).not.toContain(seed.clientSecret);
});

test('an app that is not registered here does not exist', async () => {
  const path = "/applications(appId='99999999-0000-4000-8000-000000000001')";
  expect(await failure(harness.graph.api(path).get() as Promise<unknown>)).toMatchObject({ statusCode: 404 });
});

test('a secret that has ended opens nothing', async () => {
  await harness.settings({ secretEndsAt: '2020-01-01T00:00:00Z' });
  const token = newCredential(harness.simulator).getToken('https://graph.microsoft.com/.default');
  await expect(token).rejects.toThrow('AADSTS7000222');
});
