import { startHarness, type Harness } from './harness.js';
import { ada, decode, errorOf, nils, relyingParty } from './signInHarness.js';

let harness: Harness;
let app: ReturnType<typeof relyingParty>;

beforeAll(async () => {
  harness = await startHarness();
  app = relyingParty(harness);
});
afterAll(() => harness.simulator.close());
beforeEach(() => harness.control('POST', '/reset'));

type Tokens = { id_token: string; refresh_token: string; scope: string };
const scope = 'openid profile email offline_access';

const refresh = async (refreshToken: string, change: Record<string, string> = {}) =>
  app.redeem('', { grant_type: 'refresh_token', refresh_token: refreshToken, ...change });
const refreshed = async (refreshToken: string) => (await (await refresh(refreshToken)).json()) as Tokens;
const signIn = async (oid: string) => (await app.tokens(oid, { scope })) as unknown as Tokens;

it('comes with a sign-in that asks for offline access, and with no other', async () => {
  expect(await app.tokens(ada)).not.toHaveProperty('refresh_token');
  const { refresh_token, scope: granted } = await signIn(ada);
  expect(refresh_token).toMatch(/^1\.[\w-]{100,}$/);
  expect(granted).toBe('openid profile email');
});

it('is redeemed for a new one and an id_token without a nonce; the older one stays good', async () => {
  const { refresh_token: first, id_token } = await signIn(ada);
  const second = await refreshed(first);
  expect(second.refresh_token).not.toBe(first);
  const { claims } = decode(second.id_token);
  expect(claims).not.toHaveProperty('nonce');
  const { iss, aud, sub, tid, oid } = decode(id_token).claims;
  expect(claims).toMatchObject({ iss, aud, sub, tid, oid, roles: ['Portal.Admin'] });
  expect((await refresh(first)).status).toBe(200);
  expect((await refresh(second.refresh_token)).status).toBe(200);
});

it('tells the roles and the name of now', async () => {
  const { refresh_token } = await signIn(nils);
  const change = { portalRoles: ['Portal.Auditor'], displayName: 'Nils Newname' };
  await harness.control('PATCH', `/users/${nils}`, change);
  const { claims } = decode((await refreshed(refresh_token)).id_token);
  expect(claims).toMatchObject({ roles: ['Portal.Auditor'], name: 'Nils Newname' });
});

it.each([
  ['is disabled', { accountEnabled: false }, 50057],
  ['is deleted', { deleted: true }, 50034],
])('is refused when the person %s', async (_what, change, code) => {
  const { refresh_token } = await signIn(ada);
  await harness.control('PATCH', `/users/${ada}`, change);
  const answer = await refresh(refresh_token);
  expect(answer.status).toBe(400);
  expect(await errorOf(answer)).toMatchObject({ error: 'invalid_grant', error_codes: [code] });
});

it('is refused once the person was signed out everywhere', async () => {
  await harness.control('PUT', '/settings', { permissions: ['User.RevokeSessions.All'] });
  const { refresh_token } = await signIn(ada);
  await harness.graph.api(`/users/${ada}/revokeSignInSessions`).post({});
  expect(await errorOf(await refresh(refresh_token))).toMatchObject({ error_codes: [50173] });
  expect((await refresh((await signIn(ada)).refresh_token)).status).toBe(200);
});

it.each([
  ['an unknown one', {}, 'invalid_grant'],
  ['a wrong client secret', { client_secret: 'wrong' }, 'invalid_client'],
  ['scopes that were not consented to', { scope: 'openid Mail.Read' }, 'invalid_grant'],
])('is refused with %s', async (what, change, error) => {
  const { refresh_token } = await signIn(ada);
  const answer = await refresh(what === 'an unknown one' ? '1.unknown' : refresh_token, change);
  expect(await errorOf(answer)).toMatchObject({ error });
});

it('is left out of the ledger', async () => {
  const { refresh_token } = await signIn(ada);
  const next = await refreshed(refresh_token);
  const ledger = await (await harness.control('GET', '/ledger')).text();
  expect(ledger).toContain('"grant_type":"refresh_token"');
  for (const token of [refresh_token, next.refresh_token]) expect(ledger).not.toContain(token);
});
