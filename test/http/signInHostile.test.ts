import { sql } from 'kysely';
import { idTokenChanges, type IdTokenChange } from '../../src/simulator/faults.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { answerTenant, signIn, STAFF } from '../support/staff.js';
import type { Visitor } from '../support/visitor.js';

// Whatever comes back from the tenant or from somebody who pretends to: nobody gets in, and the process goes on.

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({ worker: false });
});
afterAll(() => portal.close());
afterEach(() => portal.tenant.clearFaults());

const sessions = async () =>
  (await sql<{ n: number }>`select count(*)::int as n from session`.execute(portal.deps.store.db)).rows[0]?.n;
const lastRefusal = async () =>
  portal.deps.store.db
    .selectFrom('audit_event')
    .select(['actor', 'detail'])
    .where('action', '=', 'signIn.refused')
    .orderBy('id', 'desc')
    .executeTakeFirst();
const refusals = async () =>
  (
    await portal.deps.store.db
      .selectFrom('audit_event')
      .select('id')
      .where('action', '=', 'signIn.refused')
      .execute()
  ).length;
const rotateKeys = (keepOld: boolean) =>
  fetch(`${portal.tenant.peopleUrl}/control/keys/rotate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ keepOld }),
  });

/** Comes back with `path`, and expects to be refused for `reason`, with nothing left behind. */
async function expectRefusal(visitor: Visitor, path: string, reason: string): Promise<void> {
  const answer = await visitor.get(path);
  expect([answer.status, answer.text.includes('You could not be signed in')]).toEqual([401, true]);
  expect(await sessions()).toBe(0);
  expect((await visitor.get('/admin')).status).toBe(303);
  expect(await lastRefusal()).toEqual({ actor: 'portal', detail: { reason } });
  const lines = portal.logged().filter(({ msg }) => msg === 'sign-in refused');
  expect(lines.at(-1)).toMatchObject({ level: 'warn', reason });
  const secrets = [...new URL(path, portal.url).searchParams.values()].filter((text) => text.length > 20);
  for (const text of [...secrets, 'eyJ']) expect(JSON.stringify(portal.logged())).not.toContain(text);
}

async function expectGoodSignIn(): Promise<void> {
  const ada = await portal.staff('ada');
  expect((await ada.get('/admin')).status).toBe(200);
  await ada.post('/sign-out', {}, { from: '/sign-out' });
}

describe('an id_token', () => {
  const reasons: Record<IdTokenChange, string> = {
    wrongIssuer: 'issuer',
    wrongAudience: 'audience',
    wrongTenant: 'tenant',
    wrongNonce: 'nonce',
    noNonce: 'nonce',
    expired: 'expired',
    notYetValid: 'expired',
    algNone: 'signature',
    hs256WithPublicKey: 'signature',
    badSignature: 'signature',
    unknownKid: 'signature',
    missingSub: 'token',
    missingOid: 'token',
  };

  test.each(idTokenChanges)(
    'that is bad (%s) lets nobody in, and the next sign-in is good',
    async (change) => {
      await portal.tenant.fault({ on: 'signIn', fault: { kind: 'idToken', change } });
      const visitor = portal.visitor();
      await expectRefusal(visitor, await answerTenant(visitor, portal.tenant, STAFF.ada), reasons[change]);
      await expectGoodSignIn();
    },
  );
});

describe('keys', () => {
  const json = (body: unknown) => ({ kind: 'status', status: 200, body, contentType: 'application/json' });

  test.each([
    ['answer 503', { kind: 'status', status: 503 }, 'unreachable'],
    ['answer 503 with HTML', { kind: 'html', status: 503 }, 'unreachable'],
    ['are HTML', { kind: 'html', status: 200 }, 'unreadable'],
    ['are cut off', { kind: 'truncate' }, 'unreadable'],
    ['are a redirect', { kind: 'status', status: 302, headers: { location: '/' } }, 'unreachable'],
    ['are null', json('null'), 'unreadable'],
    ['are a number', json({ keys: 5 }), 'unreadable'],
    ['are no keys', json({ keys: [null, 1, 'x', {}, { kid: 'x', kty: 'RSA' }] }), 'signature'],
    ['are a megabyte', json({ keys: [], more: 'x'.repeat(1_000_000) }), 'unreadable'],
    ['break off', { kind: 'reset', when: 'before' }, 'unreachable'],
    ['do not come', { kind: 'hang', when: 'before', ms: 8_000 }, 'unreachable'],
  ])(
    'that %s let nobody in, and are asked for again',
    async (_what, fault, reason) => {
      await rotateKeys(false);
      await portal.tenant.fault({ on: 'token', path: '/keys$', fault });
      const visitor = portal.visitor();
      await expectRefusal(visitor, await answerTenant(visitor, portal.tenant, STAFF.ada), reason);
      await expectGoodSignIn();
    },
    20_000,
  );

  test.each([true, false])('that change are fetched anew; the old ones kept: %s', async (keepOld) => {
    await expectGoodSignIn();
    await rotateKeys(keepOld);
    await expectGoodSignIn();
  });
});

describe('the token endpoint', () => {
  const json = (body: unknown) => ({ kind: 'status', status: 200, body, contentType: 'application/json' });
  const tokens = { token_type: 'Bearer', access_token: 'a', id_token: 'a.b.c' };

  test.each([
    ['answers 500', { kind: 'status', status: 500 }, 'unreachable'],
    ['answers with HTML', { kind: 'html', status: 200 }, 'unreadable'],
    ['answers null', json('null'), 'unreadable'],
    ['brings no id_token', json({ ...tokens, id_token: undefined }), 'unreadable'],
    ['brings a number', json({ ...tokens, id_token: 5 }), 'unreadable'],
    ['brings a token of another type', json({ ...tokens, token_type: 7 }), 'unreadable'],
    ['brings what is no token', json(tokens), 'token'],
    ['brings an encrypted token', json({ ...tokens, id_token: 'a.b.c.d.e' }), 'token'],
    ['breaks off', { kind: 'reset', when: 'after' }, 'unreachable'],
    ['refuses us', { kind: 'status', status: 401, body: { error: 'invalid_client' } }, 'clientRefused'],
    ['refuses the code', { kind: 'status', status: 400, body: { error: 'invalid_grant' } }, 'grantRefused'],
  ])('that %s lets nobody in', async (_what, fault, reason) => {
    const visitor = portal.visitor();
    const path = await answerTenant(visitor, portal.tenant, STAFF.ada);
    await portal.tenant.fault({ on: 'token', fault });
    await expectRefusal(visitor, path, reason);
    await expectGoodSignIn();
  });
});

describe('the metadata', () => {
  const ANOTHER_TENANT = '117a0000-0000-4000-8000-000000000002';
  let fresh: TestPortal;

  // What is good once is kept: this portal sees nothing that is until the last test.
  beforeAll(async () => {
    fresh = await startPortal({ worker: false });
  });
  afterAll(() => fresh.close());

  const withFault = async (fault: object) => {
    await fresh.tenant.fault({ on: 'token', path: 'openid-configuration', fault });
    const { status, headers } = await fresh.visitor().get('/sign-in');
    const left: unknown = await (await fetch(`${fresh.tenant.peopleUrl}/control/faults`)).json();
    return { status, location: headers.location, left };
  };
  // No fault is left: the metadata was asked for, and what the test before it got was not kept.
  const refused = { status: 503, location: undefined, left: [] };

  test.each([
    ['answers 503', { kind: 'status', status: 503 }],
    ['is HTML', { kind: 'html', status: 200 }],
    ['names nothing', { kind: 'status', status: 200, body: {} }],
  ])('that %s is answered with 503', async (_what, fault) => {
    expect(await withFault(fault)).toEqual(refused);
  });

  test('of another tenant is not believed', async () => {
    const { authorityUrl, tenantId } = fresh.tenant;
    const address = `${authorityUrl}/${tenantId}/v2.0/.well-known/openid-configuration`;
    const good = (await (await fetch(address)).json()) as { issuer: string };
    expect(good.issuer).toContain(tenantId);
    const body = { ...good, issuer: good.issuer.replace(tenantId, ANOTHER_TENANT) };
    expect(await withFault({ kind: 'status', status: 200, body })).toEqual(refused);
  });

  test('is asked for again after all that, and a good one lets people in', async () => {
    await fresh.staff('ada');
  });
});

describe('whoever comes back', () => {
  const begin = async (oid: string = STAFF.ada) => {
    const visitor = portal.visitor();
    return { visitor, path: await answerTenant(visitor, portal.tenant, oid) };
  };
  const changed = (path: string, change: (query: URLSearchParams) => void) => {
    const url = new URL(path, portal.url);
    change(url.searchParams);
    return `${url.pathname}${url.search}`;
  };

  test('with the state of another browser stays out, and so the code of an attacker is worth nothing', async () => {
    const attacker = await begin(STAFF.nils);
    await expectRefusalOf(attacker.path, 'state');
    async function expectRefusalOf(path: string, reason: string) {
      const victim = portal.visitor();
      await victim.get('/sign-in');
      const answer = await victim.get(path);
      expect(answer.status).toBe(401);
      expect(await lastRefusal()).toMatchObject({ detail: { reason } });
      expect((await victim.get('/admin')).status).toBe(303);
    }
    await signIn(portal.visitor(), portal.tenant, STAFF.ada);
    await sql`delete from session`.execute(portal.deps.store.db);
  });

  test('without a cookie stays out', async () => {
    const { path } = await begin();
    await sql`delete from session`.execute(portal.deps.store.db);
    const before = await refusals();
    expect((await portal.visitor().get(path)).status).toBe(401);
    expect(await sessions()).toBe(0);
    // Nobody can fill the audit trail by asking for an address.
    expect(await refusals()).toBe(before);
  });

  test('with a state of their own stays out', async () => {
    const { visitor, path } = await begin();
    await expectRefusal(
      visitor,
      changed(path, (query) => {
        query.set('state', 'x'.repeat(32));
      }),
      'state',
    );
  });

  test.each([
    ['access_denied', 'denied'],
    ['login_required', 'denied'],
    ['server_error', 'callback'],
    ['<script>alert(1)</script>', 'callback'],
  ])('with the error %s is told that it did not work', async (error, reason) => {
    const { visitor, path } = await begin();
    const denied = changed(path, (query) => {
      query.delete('code');
      query.set('error', error);
      query.set('error_description', 'AADSTS65004: a text that is not shown <b>here</b>');
    });
    expect((await portal.visitor().get(denied)).text).not.toContain('AADSTS');
    await expectRefusal(visitor, denied, reason);
  });

  test('a second time with the same answer gains nothing, and keeps the session that the first began', async () => {
    const { visitor, path } = await begin();
    expect((await visitor.get(path)).status).toBe(303);
    expect((await visitor.get(path)).status).toBe(401);
    expect((await visitor.get('/admin')).status).toBe(200);
    expect((await portal.visitor().get(path)).status).toBe(401);
    await sql`delete from session`.execute(portal.deps.store.db);
  });

  test.each([
    '/auth/callback',
    '/auth/callback?code=x',
    '/auth/callback?state=x',
    '/auth/callback?code=x&state=',
    '/auth/callback?code=x&code=y&state=x',
    `/auth/callback?code=x&${'state=x&'.repeat(60)}`,
    '/auth/callback?id_token=x&state=x',
    '/auth/callback?access_token=x&state=x&code=x',
    `/auth/callback?code=x&state=${'x'.repeat(5_000)}`,
    '/auth/callback?code[a]=x&state[length]=99',
  ])('with %s stays out', async (path) => {
    expect((await portal.visitor().get(path)).status).toBe(401);
    const { visitor } = await begin();
    expect((await visitor.get(path)).status).toBe(401);
    expect((await visitor.get('/admin')).status).toBe(303);
    expect(await sessions()).toBe(0);
  });

  test('with a code in the address of the sign-in page is sent to the tenant like anybody', async () => {
    const { headers, status } = await portal.visitor().get('/sign-in?code=x&state=x&error=y&prompt=none&p=x');
    expect(status).toBe(302);
    expect(headers.location).toContain(portal.tenant.tenantId);
    expect(headers.location).not.toContain('prompt');
    await sql`delete from session`.execute(portal.deps.store.db);
  });

  test('to a place elsewhere lands in the admin area', async () => {
    const visitor = portal.visitor();
    const path = await answerTenant(visitor, portal.tenant, STAFF.ada, '//evil.com/admin');
    expect((await visitor.get(path)).headers.location).toBe('/admin');
  });
});
