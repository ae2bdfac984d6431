import request from 'supertest';
import { groups, startHarness, type Harness } from './harness.js';
import {
  ada,
  ana,
  arne,
  aud,
  callback,
  challenge,
  decode,
  errorOf,
  gro,
  isSigned,
  lia,
  nils,
  relyingParty,
  verifier,
} from './signInHarness.js';

let harness: Harness;
let app: ReturnType<typeof relyingParty>;

beforeAll(async () => {
  harness = await startHarness();
  app = relyingParty(harness);
});
afterAll(() => harness.simulator.close());
beforeEach(() => harness.control('POST', '/reset'));

const people = () => request(harness.simulator.peopleUrl);
const pathOf = (url: string) => url.slice(harness.simulator.peopleUrl.length);
const locationOf = (response: { headers: unknown }) =>
  new URL((response.headers as { location: string }).location);
const claimsOf = async (oid: string, from = app) => decode((await from.tokens(oid)).id_token).claims;

describe('the page', () => {
  it('offers one person of each kind of our own tenant, and lets forms go to the portal', async () => {
    const page = await people()
      .get(pathOf(await app.authorizeUrl()))
      .expect(200);
    for (const oid of [ada, arne, aud, nils, lia, gro]) expect(page.text).toContain(`value="${oid}"`);
    expect(page.text).not.toContain(ana);
    expect(page.text).not.toMatch(/<script|style="/);
    const policy = page.headers['content-security-policy'] as unknown as string;
    expect(policy).toContain("form-action 'self' http://localhost:3000;");
    expect(policy).not.toContain('unsafe');
  });

  it('sends the person back with a code and the state', async () => {
    const path = pathOf(await app.authorizeUrl());
    const answer = await people().post(path).type('form').send({ oid: ada }).expect(303);
    const location = locationOf(answer);
    expect(location.origin + location.pathname).toBe(callback);
    expect(location.searchParams.get('state')).toBe('the state');
    const tokens = await app.redeem(location.searchParams.get('code') ?? '');
    expect(tokens.status).toBe(200);
  });

  it('sends a person who cancels back without one', async () => {
    const path = pathOf(await app.authorizeUrl());
    const answer = await people().post(path).type('form').send({ cancel: 'yes' }).expect(303);
    expect(Object.fromEntries(locationOf(answer).searchParams)).toMatchObject({
      error: 'access_denied',
      error_subcode: 'cancel',
      state: 'the state',
    });
  });

  it('keeps a query that the redirect address brings', async () => {
    const path = pathOf(await app.authorizeUrl({ redirect_uri: `${callback}?to=admin` }));
    const answer = await people().post(path).type('form').send({ oid: ada }).expect(303);
    expect(locationOf(answer).searchParams.get('to')).toBe('admin');
  });

  it('answers by a form when the app wants one', async () => {
    const path = pathOf(await app.authorizeUrl({ response_mode: 'form_post' }));
    const page = await people().post(path).type('form').send({ oid: ada }).expect(200);
    expect(page.text).toContain(`action="${callback}"`);
    expect(page.text).toMatch(/name="code" value="[\w-]{64}"/);
    expect(page.text).toContain('name="state" value="the state"');
  });

  it('puts the person of the login hint first', async () => {
    const page = await people().get(pathOf(await app.authorizeUrl({ login_hint: 'GRO@contoso.com' })));
    expect(page.text.indexOf(gro)).toBeLessThan(page.text.indexOf(ada));
  });

  it('is not shown with prompt=none: a signed-in person goes on, any other does not', async () => {
    const silent = pathOf(await app.authorizeUrl({ prompt: 'none' }));
    const browser = request.agent(harness.simulator.peopleUrl);
    expect(locationOf(await browser.get(silent)).searchParams.get('error')).toBe('login_required');
    await browser
      .post(pathOf(await app.authorizeUrl()))
      .type('form')
      .send({ oid: ada });
    expect(locationOf(await browser.get(silent)).searchParams.get('code')).toBeTruthy();
  });

  it('refuses people who are blocked, deleted or unknown', async () => {
    const path = pathOf(await app.authorizeUrl());
    await harness.control('PATCH', `/users/${ada}`, { accountEnabled: false });
    await harness.control('PATCH', `/users/${arne}`, { deleted: true });
    for (const [oid, code] of [
      [ada, 'AADSTS50057'],
      [arne, 'AADSTS50034'],
      [ana, 'AADSTS50034'],
      ['', 'AADSTS50034'],
    ]) {
      const page = await people().post(path).type('form').send({ oid }).expect(400);
      expect(page.text).toContain(code);
    }
  });

  it.each([
    ['client_id', undefined, 'AADSTS900144'],
    ['client_id', '00000000-0000-4000-8000-000000000000', 'AADSTS700016'],
    ['redirect_uri', undefined, 'AADSTS900971'],
    ['redirect_uri', 'https://evil.example/auth/callback', 'AADSTS50011'],
    ['redirect_uri', 'http://localhost.evil.example/', 'AADSTS50011'],
    ['redirect_uri', 'http://localhost:3000@evil.example/', 'AADSTS50011'],
    ['redirect_uri', 'http://user@localhost:3000/', 'AADSTS50011'],
    ['redirect_uri', 'http://localhost:3000/#part', 'AADSTS50011'],
    ['redirect_uri', 'javascript://localhost/%0aalert(1)', 'AADSTS50011'],
    ['redirect_uri', 'nonsense', 'AADSTS50011'],
  ])('stays here when %s is %s', async (name, value, code) => {
    const path = pathOf(await app.authorizeUrl({ [name]: value }));
    for (const call of [people().get(path), people().post(path).type('form').send({ oid: ada })]) {
      const page = await call.expect(400);
      expect(page.text).toContain(code);
      expect(page.headers['content-security-policy']).not.toContain('evil');
    }
  });

  it.each([
    ['response_type', undefined, 'invalid_request'],
    ['response_type', 'id_token', 'unsupported_response_type'],
    ['response_mode', 'fragment', 'invalid_request'],
    ['scope', undefined, 'invalid_request'],
    ['code_challenge', 'without-a-method', 'invalid_request'],
    ['code_challenge_method', 'plain', 'invalid_request'],
    ['code_challenge_method', 'S256', 'invalid_request'],
  ])('goes back to the app with an error when %s is %s', async (name, value, error) => {
    const answer = await people()
      .get(pathOf(await app.authorizeUrl({ [name]: value })))
      .expect(303);
    expect(Object.fromEntries(locationOf(answer).searchParams)).toMatchObject({ error, state: 'the state' });
  });

  it('takes any port of this machine', async () => {
    for (const redirect of ['http://127.0.0.1:1/cb', 'https://localhost:8443/cb']) {
      expect((await app.signIn(ada, { redirect_uri: redirect })).get('code')).toBeTruthy();
    }
  });
});

describe('the code', () => {
  it('brings tokens of the person who signed in', async () => {
    const { access_token, id_token, token_type, expires_in } = await app.tokens(ada);
    expect({ token_type, expires_in }).toEqual({ token_type: 'Bearer', expires_in: 3599 });
    expect(decode(access_token).claims.aud).toBe('00000003-0000-0000-c000-000000000000');
    expect(isSigned(id_token, await app.keys())).toBe(true);
    const { header, claims } = decode(id_token);
    const { iat } = claims;
    expect(header).toEqual({ typ: 'JWT', alg: 'RS256', kid: (await app.keys())[0]?.kid });
    expect(claims).toEqual({
      ver: '2.0',
      iss: (await app.metadata()).issuer,
      aud: harness.simulator.clientId,
      acct: 0,
      tid: harness.simulator.tenantId,
      oid: ada,
      sub: expect.stringMatching(/^[\w-]{43}$/) as string,
      name: 'Ada Admin',
      preferred_username: 'ada@contoso.com',
      email: 'ada@contoso.com',
      roles: ['Portal.Admin'],
      nonce: 'the nonce',
      uti: expect.stringMatching(/^[\w-]{22}$/) as string,
      iat,
      nbf: iat,
      exp: iat + 3600,
    });
    expect(Math.abs(iat * 1000 - Date.now())).toBeLessThan(30_000);
  });

  it('brings what each kind of person has, and nothing empty', async () => {
    expect(await claimsOf(arne)).toMatchObject({ roles: ['Portal.Approver'] });
    expect(await claimsOf(aud)).toMatchObject({ roles: ['Portal.Auditor'] });
    expect(await claimsOf(gro)).toMatchObject({ groups: ['22222222-0000-4000-8000-000000000009'] });
    const plain = await claimsOf(nils);
    for (const name of ['roles', 'groups', 'email']) expect(plain).not.toHaveProperty(name);
  });

  it('brings only what the scope asks for', async () => {
    const { claims } = decode((await app.tokens(ada, { scope: 'openid' })).id_token);
    for (const name of ['oid', 'name', 'preferred_username', 'email'])
      expect(claims).not.toHaveProperty(name);
    expect(await app.tokens(ada, { scope: 'User.Read' })).not.toHaveProperty('id_token');
  });

  it('keeps the subject of a person, who differs from everybody else', async () => {
    const { sub } = await claimsOf(ada);
    expect((await claimsOf(ada)).sub).toBe(sub);
    expect((await claimsOf(arne)).sub).not.toBe(sub);
  });

  it('is redeemed once', async () => {
    const code = (await app.signIn(ada)).get('code') ?? '';
    expect((await app.redeem(code)).status).toBe(200);
    const again = await app.redeem(code);
    expect(again.status).toBe(400);
    expect(await errorOf(again)).toMatchObject({ error: 'invalid_grant', error_codes: [54005] });
  });

  it('expires', async () => {
    await harness.settings({ codeLifetimeSeconds: 0 });
    const code = (await app.signIn(ada)).get('code') ?? '';
    const late = await app.redeem(code);
    expect(await errorOf(late)).toMatchObject({ error: 'invalid_grant', error_codes: [70008] });
  });

  it.each([
    [{ code: 'made-up' }, 400, 'invalid_grant', 9002313],
    [{ redirect_uri: 'http://localhost:3001/auth/callback' }, 400, 'invalid_client', 500112],
    [{ client_secret: 'wrong' }, 401, 'invalid_client', 7000215],
    [{ client_id: '00000000-0000-4000-8000-000000000000' }, 400, 'unauthorized_client', 700016],
    [{ grant_type: 'password' }, 400, 'unsupported_grant_type', 70003],
  ])('with %j is refused, and stays good', async (change, status, error, code) => {
    const good = (await app.signIn(ada)).get('code') ?? '';
    const refused = await app.redeem(good, change);
    expect(refused.status).toBe(status);
    const body = await errorOf(refused);
    expect(body).toMatchObject({ error, error_codes: [code] });
    expect(body.error_description).toMatch(new RegExp(`^AADSTS${code}: `));
    expect((await app.redeem(good)).status).toBe(200);
  });

  it('is redeemed with Basic authentication too', async () => {
    const { clientId, clientSecret } = harness.simulator;
    const basic = (secret: string) => ({
      authorization: `Basic ${Buffer.from(`${clientId}:${encodeURIComponent(secret)}`).toString('base64')}`,
    });
    const code = (await app.signIn(ada)).get('code') ?? '';
    expect(await errorOf(await app.redeem(code, {}, basic('a:b')))).toMatchObject({
      error: 'invalid_client',
    });
    expect((await app.redeem(code, {}, basic(clientSecret))).status).toBe(200);
  });

  it('of a request with PKCE needs the verifier', async () => {
    const pkce = { code_challenge: challenge, code_challenge_method: 'S256' };
    const code = (await app.signIn(ada, pkce)).get('code') ?? '';
    for (const wrong of [{}, { code_verifier: 'w'.repeat(43) }] as Record<string, string>[]) {
      const refused = await errorOf(await app.redeem(code, wrong));
      expect(refused).toMatchObject({ error: 'invalid_grant', error_codes: [501481] });
    }
    expect((await app.redeem(code, { code_verifier: verifier })).status).toBe(200);
  });

  it('leaves neither code nor token nor secret in the ledger', async () => {
    const code = (await app.signIn(ada)).get('code') ?? '';
    const { id_token, access_token } = (await (await app.redeem(code)).json()) as Record<string, string>;
    const ledger = JSON.stringify(await harness.ledger());
    expect(ledger).toContain('authorization_code');
    for (const secret of [code, id_token, access_token, harness.simulator.clientSecret]) {
      expect(ledger).not.toContain(secret);
    }
  });

  it('does not open Graph: the access token is a person’s', async () => {
    const { access_token, id_token } = await app.tokens(ada);
    for (const token of [access_token, id_token]) {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`${harness.simulator.graphUrl}/v1.0/groups`, { headers });
      expect(answer.status).toBe(401);
    }
  });
});

describe('roles in the portal', () => {
  it('follow what control says, at the next sign-in', async () => {
    await harness.control('PATCH', `/users/${nils}`, { portalRoles: ['Portal.Admin', 'Portal.Auditor'] });
    await harness.control('PATCH', `/users/${ada}`, { portalRoles: [] });
    expect(await claimsOf(nils)).toMatchObject({ roles: ['Portal.Admin', 'Portal.Auditor'] });
    expect(await claimsOf(ada)).not.toHaveProperty('roles');
  });

  it('may be ones that the portal never declared', async () => {
    await harness.control('PATCH', `/users/${nils}`, { portalRoles: ['portal.admin'] });
    expect(await claimsOf(nils)).toMatchObject({ roles: ['portal.admin'] });
  });

  it('are app role assignments in Graph, through groups as well', async () => {
    const portal = `/servicePrincipals(appId='${harness.simulator.clientId}')`;
    const { id, appRoles } = (await harness.graph.api(portal).get()) as {
      id: string;
      appRoles: { id: string; value: string }[];
    };
    const assignments = (await harness.graph.api(`${portal}/appRoleAssignedTo`).get()) as {
      value: { principalDisplayName: string }[];
    };
    expect(assignments.value.map((one) => one.principalDisplayName)).toEqual([
      'Ada Admin',
      'Arne Approver',
      'Aud Auditor',
    ]);
    await harness.graph.api(`/groups/${groups.crm}/members/$ref`).post({
      '@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${nils}`,
    });
    const appRoleId = appRoles.find(({ value }) => value === 'Portal.Auditor')?.id;
    const assignment = { principalId: groups.crm, resourceId: id, appRoleId };
    await harness.graph.api(`/servicePrincipals/${id}/appRoleAssignedTo`).post(assignment);
    expect(await claimsOf(nils)).toMatchObject({ roles: ['Portal.Auditor'], groups: [groups.crm] });
  });

  it('may be held by any user, who is then offered', async () => {
    const made = await harness.control('POST', '/users', {
      mail: 'gus@fabrikam.com',
      accepted: true,
      portalRoles: ['Portal.Approver'],
    });
    const { id } = (await made.json()) as { id: string };
    expect((await people().get(pathOf(await app.authorizeUrl()))).text).toContain(id);
    expect(await claimsOf(id)).toMatchObject({ oid: id, preferred_username: 'gus@fabrikam.com' });
  });
});

describe('signing out', () => {
  const logout = (query: Record<string, string> = {}) =>
    `/${harness.simulator.tenantId}/oauth2/v2.0/logout?${new URLSearchParams(query).toString()}`;

  it('ends the sign-in and leads back to the portal', async () => {
    const browser = request.agent(harness.simulator.peopleUrl);
    await browser
      .post(pathOf(await app.authorizeUrl()))
      .type('form')
      .send({ oid: ada });
    expect((await browser.get(pathOf(await app.authorizeUrl()))).text).toContain('Signed in</span>');
    const out = await browser.get(logout({ post_logout_redirect_uri: 'http://localhost:3000/', state: 's' }));
    expect(out.status).toBe(302);
    expect(locationOf(out).href).toBe('http://localhost:3000/?state=s');
    expect((await browser.get(pathOf(await app.authorizeUrl()))).text).not.toContain('Signed in</span>');
  });

  it('stays here without an address, or with a foreign one', async () => {
    for (const query of [{}, { post_logout_redirect_uri: 'https://evil.example/' }]) {
      const page = await people()
        .get(logout(query as Record<string, string>))
        .expect(200);
      expect(page.text).toContain('You signed out');
    }
    await people().get('/unknown.example/oauth2/v2.0/logout').expect(400);
  });
});

describe('control signs in', () => {
  it('refuses what the page would refuse', async () => {
    const authorizeUrl = await app.authorizeUrl({ redirect_uri: 'https://evil.example/' });
    const refused = await harness.control('POST', '/sign-in', { oid: ada, authorizeUrl });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: expect.stringContaining('AADSTS50011') as string });
    for (const body of [{ oid: ada }, { oid: ada, authorizeUrl: 'http://localhost/elsewhere' }]) {
      expect((await harness.control('POST', '/sign-in', body)).status).toBe(400);
    }
  });

  it('says what a form would carry', async () => {
    const authorizeUrl = await app.authorizeUrl({ response_mode: 'form_post' });
    const answer = await harness.control('POST', '/sign-in', { oid: ada, authorizeUrl });
    expect(await answer.json()).toMatchObject({
      redirect: callback,
      form: { state: 'the state', code: expect.any(String) as string },
    });
  });
});

it('the overview says who can sign in', async () => {
  const page = await people().get('/').expect(200);
  expect(page.text).toContain('People who can sign in');
  for (const name of ['Ada Admin', 'Gro Group', 'Cy Northwind']) expect(page.text).toContain(name);
});
