import { failure, newCredential, newShippedClient, startHarness, type Harness } from './harness.js';

const scope = 'https://graph.microsoft.com/.default';
let harness: Harness;

beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.simulator.close());
beforeEach(() => harness.control('POST', '/reset'));

describe('the token endpoint', () => {
  it('issues an app token with the consented permissions as roles', async () => {
    const { token } = await harness.credential.getToken(scope);
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as object;
    expect(claims).toMatchObject({ aud: 'https://graph.microsoft.com', tid: harness.simulator.tenantId });
    expect((claims as { roles: string[] }).roles).toContain('User.Invite.All');
  });

  it('refuses a wrong secret as Entra does', async () => {
    const wrong = newCredential(harness.simulator, 'wrong');
    await expect(wrong.getToken(scope)).rejects.toThrow(/AADSTS7000215/);
  });

  it('publishes the key that signs', async () => {
    const base = `${harness.simulator.authorityUrl}/${harness.simulator.tenantId}`;
    const metadata = (await (await fetch(`${base}/v2.0/.well-known/openid-configuration`)).json()) as {
      issuer: string;
      jwks_uri: string;
    };
    expect(metadata.issuer).toBe(`${base}/v2.0`);
    const { keys } = (await (await fetch(metadata.jwks_uri)).json()) as { keys: object[] };
    expect(keys).toEqual([expect.objectContaining({ kty: 'RSA', use: 'sig', issuer: `${base}/v2.0` })]);
  });

  it('does not know a foreign tenant', async () => {
    const url = `${harness.simulator.authorityUrl}/unknown.example/v2.0/.well-known/openid-configuration`;
    const response = await fetch(url);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: 'invalid_tenant' });
  });

  it('answers instance discovery with its own host', async () => {
    const response = await fetch(
      `${harness.simulator.authorityUrl}/common/discovery/instance?api-version=1.1`,
    );
    expect(await response.json()).toMatchObject({
      metadata: [{ aliases: [new URL(harness.simulator.authorityUrl).host] }],
    });
  });

  it('never keeps the secret or the token in the ledger', async () => {
    const { token } = await newCredential(harness.simulator).getToken(scope);
    const ledger = JSON.stringify(await harness.ledger());
    expect(ledger).toContain('/oauth2/v2.0/token');
    expect(ledger).not.toContain(harness.simulator.clientSecret);
    expect(ledger).not.toContain(token);
  });
});

describe('Graph', () => {
  const groups = () => `${harness.simulator.graphUrl}/v1.0/groups`;

  it('refuses a call without a token, echoing the client-request-id', async () => {
    const response = await fetch(groups(), { headers: { 'client-request-id': 'mine' } });
    expect(response.status).toBe(401);
    expect(response.headers.get('client-request-id')).toBe('mine');
    expect(await response.json()).toMatchObject({
      error: { code: 'InvalidAuthenticationToken', innerError: { 'client-request-id': 'mine' } },
    });
  });

  it('refuses a token that was tampered with', async () => {
    const { token } = await harness.credential.getToken(scope);
    const [header, , signature] = token.split('.');
    const forged = Buffer.from('{"aud":"https://graph.microsoft.com","exp":9999999999}').toString(
      'base64url',
    );
    const response = await fetch(groups(), {
      headers: { authorization: `Bearer ${header ?? ''}.${forged}.${signature ?? ''}` },
    });
    expect(response.status).toBe(401);
  });

  it('refuses a token after its lifetime', async () => {
    await harness.settings({ tokenLifetimeSeconds: 1 });
    const { token } = await newCredential(harness.simulator).getToken(scope);
    const call = () => fetch(groups(), { headers: { authorization: `Bearer ${token}` } });
    const end = Date.now() + 5000;
    let response = await call();
    while (response.ok && Date.now() < end) response = await call();
    expect(await response.json()).toMatchObject({
      error: { message: 'Lifetime validation failed, the token is expired.' },
    });
  });

  it('serves the client library as shipped', async () => {
    const shipped = newShippedClient(harness.simulator, harness.credential);
    const page = (await shipped.api('/groups').top(3).get()) as { value: object[] };
    expect(page.value).toHaveLength(3);
  });

  it('answers unknown paths and methods in its own error shape', async () => {
    expect(await failure(harness.graph.api('/planets').get())).toMatchObject({
      statusCode: 400,
      code: 'BadRequest',
    });
    expect(await failure(harness.graph.api('/invitations').get())).toMatchObject({ statusCode: 404 });
    expect(await failure(harness.graph.api('/groups').delete())).toMatchObject({ statusCode: 405 });
  });

  it.each([
    ['GET', '/groups', ['User.Invite.All'], 403, 'Authorization_RequestDenied'],
    ['GET', '/users', [], 403, 'Authorization_RequestDenied'],
    ['POST', '/invitations', ['User.Read.All'], 401, 'Unauthorized'],
  ])('%s %s with only %j is refused with %i', async (method, path, permissions, statusCode, code) => {
    await harness.settings({ permissions });
    const request = harness.graph.api(path);
    const call = method === 'GET' ? request.get() : request.post({});
    expect(await failure(call as Promise<unknown>)).toMatchObject({ statusCode, code });
  });
});
