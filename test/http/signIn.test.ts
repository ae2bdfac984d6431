import { sql } from 'kysely';
import { namesOf } from '../../src/store/persons.js';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { textOf } from '../support/page.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { answerTenant, APPROVERS, signIn, STAFF } from '../support/staff.js';

let portal: TestPortal;

beforeAll(async () => {
  portal = await startPortal({
    worker: false,
    policy: aPolicy({ partners: [aPartner({ approvers: [STAFF.lia, APPROVERS] })] }),
  });
});
afterAll(() => portal.close());
afterEach(async () => {
  await portal.tenant.clearFaults();
  await portal.tenant.settings({ groupsClaim: true });
});

const eventsOf = async (action: string) =>
  portal.deps.store.db
    .selectFrom('audit_event')
    .select(['actor', 'detail'])
    .where('action', '=', action)
    .orderBy('id', 'desc')
    .execute();
const keyOf = (oid: string) => `${portal.tenant.tenantId}/${oid}`;
const sessionCookie = (answer: { headers: Record<string, unknown> }) =>
  ((answer.headers['set-cookie'] as string[] | undefined) ?? []).find((one) =>
    one.startsWith('portal.session='),
  );

test('a page that asks for signing in leads to the tenant and back to the page', async () => {
  const visitor = portal.visitor();
  const page = '/admin/audit?page=2';
  const asked = await visitor.get(page);
  expect(asked.status).toBe(303);
  expect(asked.headers.location).toBe(`/sign-in?returnTo=${encodeURIComponent(page)}`);
  const back = await visitor.get(await answerTenant(visitor, portal.tenant, STAFF.ada, page));
  expect([back.status, back.headers.location]).toEqual([303, page]);
});

test('the tenant is asked for a code, by an address that comes back to the portal', async () => {
  const { headers } = await portal.visitor().get('/sign-in');
  const url = new URL(String(headers.location));
  expect(url.pathname).toBe(`/${portal.tenant.tenantId}/oauth2/v2.0/authorize`);
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    client_id: portal.tenant.clientId,
    response_type: 'code',
    response_mode: 'query',
    redirect_uri: 'http://localhost:3000/auth/callback',
    scope: 'openid profile email offline_access',
    state: expect.stringMatching(/^.{32}$/) as string,
    nonce: expect.stringMatching(/^.{32}$/) as string,
  });
});

test('whoever signs in is known by tenant and object id, and noted under the name of today', async () => {
  await portal.staff('arne');
  expect((await eventsOf('signIn.succeeded'))[0]).toEqual({
    actor: keyOf(STAFF.arne),
    detail: { roles: ['Portal.Approver'] },
  });
  expect(await namesOf(portal.deps.store.db, [keyOf(STAFF.arne), keyOf(STAFF.lia), 'partner'])).toEqual(
    new Map([[keyOf(STAFF.arne), 'Arne Approver']]),
  );
});

test.each([
  ['ada', 200],
  ['arne', 200],
  ['aud', 200],
  ['lia', 200],
  ['gro', 200],
  ['nils', 403],
] as const)('%s is answered with %i', async (name, status) => {
  const answer = await (await portal.staff(name)).get('/admin/overview');
  expect(answer.status).toBe(status);
});

test('somebody without any right is told whom to ask, and can sign out', async () => {
  const nils = await portal.staff('nils');
  const { text } = await nils.get('/admin');
  expect(textOf(text)).toContain("You're signed in as Nils Norole, but you don't have a role in the portal");
  expect(textOf(text)).toContain('Ask partners@contoso.com');
  const answer = await nils.post('/sign-out', {}, { from: '/admin' });
  expect(answer.status).toBe(303);
});

test('a guest who decides is known by the address of the invitation too', async () => {
  const address = 'ext@fabrikam.com';
  const userPrincipalName = 'ext_fabrikam.com#EXT#@contoso.onmicrosoft.com';
  const { id } = await portal.tenant.addUser({
    mail: address,
    userType: 'Member',
    userPrincipalName,
    portalRoles: ['Portal.Approver'],
  });
  const guest = portal.visitor();
  await signIn(guest, portal.tenant, id);
  const { rows } = await sql<{ addresses: string[] }>`
    select sess -> 'person' -> 'addresses' as addresses from session
    where sess -> 'person' ->> 'oid' = ${id}`.execute(portal.deps.store.db);
  expect(rows).toEqual([{ addresses: [address] }]);
});

test('7.2.4 the session that begins has another id than the one before', async () => {
  const visitor = portal.visitor();
  const begun = await visitor.get('/sign-in');
  const again = await answerTenant(visitor, portal.tenant, STAFF.ada);
  const back = await visitor.get(again);
  const [before, after] = [sessionCookie(begun), sessionCookie(back)];
  expect(before).toBeDefined();
  expect(after).toBeDefined();
  expect(after?.split(';')[0]).not.toBe(before?.split(';')[0]);
  const intruder = portal.visitor({ Cookie: before?.split(';')[0] ?? '' });
  expect((await intruder.get('/admin')).status).toBe(303);
});

test('the cookie is for this portal alone, out of reach of scripts, and gone with the browser', async () => {
  const cookie = sessionCookie(await portal.visitor().get('/sign-in'));
  expect(cookie?.split('; ').slice(1).sort()).toEqual(['HttpOnly', 'Path=/', 'SameSite=Lax']);
});

test('public pages begin no session', async () => {
  const count = async () =>
    (await sql<{ n: number }>`select count(*)::int as n from session`.execute(portal.deps.store.db)).rows[0]
      ?.n;
  const before = await count();
  for (const path of ['/', '/terms', '/signed-out', '/healthz', '/admin', '/admin/requests']) {
    expect(sessionCookie(await portal.visitor().get(path))).toBeUndefined();
  }
  expect(await count()).toBe(before);
});

test('to sign out ends the session here and at the tenant', async () => {
  const ada = await portal.staff('ada');
  expect((await ada.get('/sign-out')).status).toBe(200);
  expect((await ada.get('/admin')).status).toBe(200);
  const answer = await ada.post('/sign-out', {}, { from: '/sign-out' });
  expect(answer.status).toBe(303);
  const url = new URL(String(answer.headers.location));
  expect(url.origin).toBe(portal.tenant.peopleUrl);
  expect(url.pathname).toBe(`/${portal.tenant.tenantId}/oauth2/v2.0/logout`);
  expect(url.searchParams.get('post_logout_redirect_uri')).toBe('http://localhost:3000/signed-out');
  expect((await ada.get('/admin')).status).toBe(303);
  expect((await eventsOf('signOut'))[0]).toMatchObject({ actor: keyOf(STAFF.ada) });
  const farewell = await portal.visitor().get('/signed-out');
  expect(farewell.status).toBe(200);
  expect(farewell.text).toContain('href="/sign-in"');
});

test('the page with the button lets its form lead on to the tenant', async () => {
  const { headers } = await (await portal.staff('ada')).get('/sign-out');
  expect(headers['content-security-policy']).toMatch(
    new RegExp(`form-action ${portal.tenant.peopleUrl} 'self'`),
  );
});

describe('groups', () => {
  const without = (fault: object) => portal.tenant.fault({ on: 'graph', path: '/memberOf', times: 0, fault });

  test('that the token names are not asked for again', async () => {
    const before = (await portal.tenant.graphCalls('GET', /memberOf$/)).length;
    await portal.staff('gro');
    expect(await portal.tenant.graphCalls('GET', /memberOf$/)).toHaveLength(before);
  });

  test('that the token leaves out are asked for at Graph', async () => {
    await portal.tenant.settings({ groupsClaim: false });
    const gro = await portal.staff('gro');
    expect((await gro.get('/admin/overview')).status).toBe(200);
    expect(await portal.tenant.graphCalls('GET', /memberOf$/)).not.toEqual([]);
  });

  test.each([
    ['answers 503', { kind: 'status', status: 503 }],
    ['answers with HTML', { kind: 'html', status: 200 }],
    ['refuses', { kind: 'status', status: 403, body: { error: { code: 'Authorization_RequestDenied' } } }],
  ])('are missing when Graph %s, and the sign-in succeeds', async (_what, fault) => {
    await portal.tenant.settings({ groupsClaim: false });
    await without(fault);
    expect((await (await portal.staff('gro')).get('/admin')).status).toBe(403);
    expect((await (await portal.staff('ada')).get('/admin')).status).toBe(200);
    const warnings = portal.logged().filter(({ level }) => level === 'warn');
    expect(warnings.at(-1)).toMatchObject({ msg: 'the groups of a person could not be read' });
  });
});

const newest = () =>
  portal.deps.store.db
    .selectFrom('audit_event')
    .select(['actor', 'action', 'detail'])
    .orderBy('id', 'desc')
    .executeTakeFirst();

test('16.3.1 a sign-in, and one that is refused, are in the log and in the audit trail', async () => {
  await portal.staff('ada');
  expect(await newest()).toMatchObject({
    actor: `${portal.tenant.tenantId}/${STAFF.ada}`,
    action: 'signIn.succeeded',
  });
  const visitor = portal.visitor();
  await visitor.get('/sign-in');
  expect((await visitor.get('/auth/callback?code=x&state=x')).status).toBe(401);
  expect(await newest()).toMatchObject({ actor: 'portal', action: 'signIn.refused' });
  expect(
    portal
      .logged()
      .filter(({ msg }) => msg === 'sign-in refused')
      .at(-1),
  ).toMatchObject({ level: 'warn' });
});

test('each of several tabs goes back to the page that it wanted', async () => {
  const visitor = portal.visitor();
  const first = await answerTenant(visitor, portal.tenant, STAFF.ada, '/admin/requests');
  const second = await answerTenant(visitor, portal.tenant, STAFF.ada, '/admin/policy');
  expect((await visitor.get(first)).headers.location).toBe('/admin/requests');
  expect((await visitor.get(second)).headers.location).toBe('/admin/policy');
  expect((await visitor.get('/admin')).status).toBe(200);
});

test('whoever has signed in and goes back to the answer of the tenant is in, and is told nothing else', async () => {
  const visitor = portal.visitor();
  const back = await answerTenant(visitor, portal.tenant, STAFF.ada, '/admin/requests');
  await visitor.get(back);
  const again = await visitor.get(back);
  expect([again.status, again.headers.location]).toEqual([303, '/admin/requests']);
  const elsewhere = await visitor.get('/auth/callback?state=x&error=access_denied');
  expect([elsewhere.status, elsewhere.headers.location]).toEqual([303, '/admin']);
  expect((await visitor.get('/admin')).status).toBe(200);
});
