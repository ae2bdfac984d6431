import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { startIdentityEndpoint, type IdentityEndpoint } from '../support/identityEndpoint.js';
import { invitationsOf, signUpUntil } from '../support/journey.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import type { Tenant } from '../support/tenant.js';
import { startTokenGate, type TokenGate } from '../support/tokenGate.js';
import { waitFor } from '../support/waitFor.js';

// The gate stands before a PostgreSQL; the embedded store has nobody who signs in.
const onPostgres = process.env.DATABASE_URL ? describe : describe.skip;
const RESOURCE = 'https://ossrdbms-aad.database.windows.net';

let database: TestDatabase;
let endpoint: IdentityEndpoint;
let gate: TokenGate;
let portal: TestPortal;

/** A token for Graph, from the tenant: the site's identity has the rights there that the portal's secret has. */
async function graphToken({ authorityUrl, tenantId, clientId, clientSecret }: Tenant): Promise<string> {
  const answer = await fetch(`${authorityUrl}/${tenantId}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      scope: 'https://graph.microsoft.com/.default',
    }),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

const ready = async () => (await portal.visitor().get('/readyz')).status;
const provisioned = (email: string, path?: string) => signUpUntil(portal, 'provisioned', email, path);
const tokensAsked = () => endpoint.asked.filter((resource) => resource === RESOURCE).length;

onPostgres('a portal without a password to its database, nor a secret for Graph', () => {
  beforeAll(async () => {
    database = await createTestDatabase();
    endpoint = await startIdentityEndpoint(() => graphToken(portal.tenant));
    endpoint.lifeSeconds = 4;
    gate = await startTokenGate({
      databaseUrl: database.databaseUrl ?? '',
      folder: database.dataDir,
      user: 'portal-site',
      accepts: (token) => endpoint.accepts(token, RESOURCE),
    });
    portal = await startPortal({
      env: { ...endpoint.env, DATABASE_URL: gate.url() },
      limits: { backoffSeconds: 0.1 },
    });
  });
  afterEach(() => {
    endpoint.trouble = null;
  });
  afterAll(async () => {
    await portal.close();
    await gate.close();
    await endpoint.close();
    await database.remove();
  });

  test('serves people over the lives of several tokens, and nobody notices', async () => {
    const until = Date.now() + 10_000;
    let people = 0;
    while (Date.now() < until) {
      people += 1;
      await provisioned(`person${people}@fabrikam.com`);
      expect(await ready()).toBe(200);
    }
    expect(people).toBeGreaterThan(3);
    expect(tokensAsked()).toBeGreaterThanOrEqual(3);
    expect(gate.offered).toHaveLength(gate.admitted.length);
    const troubles = portal.logged().filter(({ level }) => level === 'warn' || level === 'error');
    // A machine that is busy answers late, which has nothing to do with tokens.
    expect(troubles.filter((line) => !JSON.stringify(line).includes('No answer within'))).toEqual([]);
  });

  test('says that it is down while no token is to be had, and goes on where it was', async () => {
    const path = await portal.visitor().apply({ email: 'early@fabrikam.com' });
    endpoint.trouble = { status: 500, body: { message: 'An unexpected error occurred' } };
    // A token that was on its way may come yet.
    const last = () => Math.max(...endpoint.secrets().map((token) => endpoint.endOf(token)));
    const seen = new Set<number>();
    while (Date.now() < last()) seen.add((await portal.visitor().get(path)).status);
    gate.cut();
    await waitFor('the portal to say so', async () => (await ready()) === 503);
    const refused = await portal.visitor().signUp({ email: 'refused@fabrikam.com' });
    expect(refused.status).toBe(503);
    expect(refused.text).not.toMatch(/identity|token|eyJ/i);
    seen.add((await portal.visitor().get(path)).status);
    expect([...seen].sort()).toEqual([200, 503]);

    endpoint.trouble = null;
    await waitFor('the portal to be back', async () => (await ready()) === 200);
    await provisioned('early@fabrikam.com', path);
    await provisioned('refused@fabrikam.com');
    expect(await invitationsOf(portal, 'early@fabrikam.com')).toHaveLength(1);
  });

  test('asks for another token when its own is taken back', async () => {
    const before = tokensAsked();
    const path = await portal.visitor().apply({ email: 'revoked@fabrikam.com' });
    endpoint.revoke();
    gate.cut();
    await waitFor('another token', async () => (await ready()) === 200 && tokensAsked() > before);
    await provisioned('revoked@fabrikam.com', path);
    expect(endpoint.asked).toContain('https://graph.microsoft.com');
    expect(await invitationsOf(portal, 'revoked@fabrikam.com')).toHaveLength(1);
  });

  test('has written no token down', () => {
    const written = JSON.stringify(portal.logged());
    for (const secret of endpoint.secrets()) expect(written).not.toContain(secret);
    expect(written).not.toContain('eyJ');
  });
});
