import { sql } from 'kysely';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { textOf } from '../support/page.js';
import { proseware } from '../support/partnerPeople.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { putPolicy } from '../support/putPolicy.js';
import { answerTenant, signIn, STAFF } from '../support/staff.js';
import type { Visitor } from '../support/visitor.js';

// What a browser may bring back from the tenant, or make up: nobody gets in by it. Partners' sign-ins: pages/verify/tenant.test.ts.

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({ worker: false });
});
afterAll(() => portal.close());

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

/** Comes back with `path`, and expects to be refused for `reason`, with nothing left behind. */
async function expectRefusal(visitor: Visitor, path: string, reason: string): Promise<void> {
  const answer = await visitor.get(path);
  expect([answer.status, textOf(answer.text).includes("We couldn't sign you in")]).toEqual([401, true]);
  expect(await sessions()).toBe(0);
  expect((await visitor.get('/admin')).status).toBe(303);
  expect(await lastRefusal()).toEqual({ actor: 'portal', detail: { reason } });
  const lines = portal.logged().filter(({ msg }) => msg === 'sign-in refused');
  expect(lines.at(-1)).toMatchObject({ level: 'warn', reason });
}

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

  test('10.2.1 with the state of another browser stays out, and so the code of an attacker is worth nothing', async () => {
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

  test('again and again leaves one line in the audit trail, also while a partner’s sign-in is under way there', async () => {
    const visitor = portal.visitor();
    await visitor.get('/sign-in');
    const before = await refusals();
    // A session in which something is under way is kept.
    await putPolicy(portal, aPolicy({ partners: [aPartner(), proseware()] }));
    await visitor.get('/verify/tenant');
    for (let count = 0; count < 5; count++) {
      expect((await visitor.get('/auth/callback?state=forged&code=x')).status).toBe(401);
    }
    expect(await sessions()).toBe(1);
    expect(await refusals()).toBe(before + 1);
    await sql`delete from session`.execute(portal.deps.store.db);
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

  test('10.2.1 a second time with the same answer gains nothing, and keeps the session that the first began', async () => {
    const { visitor, path } = await begin();
    expect((await visitor.get(path)).status).toBe(303);
    expect((await visitor.get(path)).status).toBe(303);
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

  test('3.7.2 to a place elsewhere lands in the admin area', async () => {
    const visitor = portal.visitor();
    const path = await answerTenant(visitor, portal.tenant, STAFF.ada, '//evil.com/admin');
    expect((await visitor.get(path)).headers.location).toBe('/admin');
  });
});
