import request from 'supertest';
import { startHarness, type Harness } from './harness.js';
import { ada, ana, bo, decode, dee, errorOf, mallory, relyingParty } from './signInHarness.js';

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
const claimsOf = async (oid: string, from = app) => decode((await from.tokens(oid)).id_token).claims;

describe('partners’ tenants', () => {
  it.each(['fabrikam.com', 'sales.fabrikam.com', 'LITWARE.com', 'northwind.se'])(
    '%s is resolved to the tenant that owns it',
    async (domain) => {
      const { issuer, token_endpoint } = await relyingParty(harness, domain).metadata();
      expect(issuer).toMatch(/\/[0-9a-f-]{36}\/v2\.0$/);
      expect(issuer).not.toContain(harness.simulator.tenantId);
      expect(token_endpoint).toContain(issuer.split('/').at(-2));
    },
  );

  it('sign in their own people, under their own issuer', async () => {
    const fabrikam = relyingParty(harness, 'fabrikam.com');
    const { issuer } = await fabrikam.metadata();
    const claims = await claimsOf(ana, fabrikam);
    expect(claims).toMatchObject({
      iss: issuer,
      tid: issuer.split('/').at(-2),
      email: 'ana@fabrikam.com',
      xms_edov: true,
    });
    for (const name of ['roles', 'groups']) expect(claims).not.toHaveProperty(name);
    expect(await claimsOf(bo, fabrikam)).not.toHaveProperty('email');
    await expect(fabrikam.signIn(ada)).rejects.toThrow(/AADSTS50034/);
    await expect(fabrikam.signIn(dee)).rejects.toThrow(/AADSTS50034/);
  });

  it('may claim any address, but cannot vouch for it', async () => {
    const claims = await claimsOf(mallory, relyingParty(harness, 'litware.com'));
    expect(claims).toMatchObject({ email: 'ana@fabrikam.com', preferred_username: 'mallory@litware.com' });
    expect(claims).not.toHaveProperty('xms_edov');
  });

  it('share the keys with ours, but not the codes', async () => {
    const fabrikam = relyingParty(harness, 'fabrikam.com');
    expect((await fabrikam.keys())[0]?.kid).toBe((await app.keys())[0]?.kid);
    const code = (await fabrikam.signIn(ana)).get('code') ?? '';
    expect(await errorOf(await app.redeem(code))).toMatchObject({ error_codes: [700005] });
  });

  it('are all signed in at organizations, each under its own issuer', async () => {
    const everybody = relyingParty(harness, 'organizations');
    const { issuer } = await everybody.metadata();
    expect(issuer).toBe(`${harness.simulator.authorityUrl}/{tenantid}/v2.0`);
    expect((await everybody.keys())[0]?.issuer).toBe(issuer);
    for (const oid of [ada, ana, dee]) {
      const { iss, tid } = await claimsOf(oid, everybody);
      expect(iss).toBe(issuer.replace('{tenantid}', String(tid)));
    }
    const page = await people().get(pathOf(await everybody.authorizeUrl()));
    expect(page.text).toContain('Fabrikam: ');
  });

  it('issue no app tokens: the app has no permissions there', async () => {
    const { clientId, clientSecret, authorityUrl } = harness.simulator;
    const answer = await fetch(`${authorityUrl}/fabrikam.com/oauth2/v2.0/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: clientSecret,
        scope: 'https://graph.microsoft.com/.default',
      }),
    });
    expect(await errorOf(answer)).toMatchObject({ error: 'unauthorized_client' });
  });

  it('that do not exist are told apart', async () => {
    const url = `${harness.simulator.authorityUrl}/unknown.example/v2.0/.well-known/openid-configuration`;
    const answer = await fetch(url);
    expect(answer.status).toBe(400);
    expect(await errorOf(answer)).toMatchObject({ error: 'invalid_tenant', error_codes: [90002] });
    const page = await people().get('/unknown.example/oauth2/v2.0/authorize').expect(400);
    expect(page.text).toContain('AADSTS90002');
  });
});
