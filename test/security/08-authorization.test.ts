import { aPartner, aPolicy } from '../support/aPolicy.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { STAFF, type StaffName } from '../support/staff.js';
import type { Visitor } from '../support/visitor.js';
import { contentsOf, filled, routesWith, type Route } from './walk.js';

// OWASP ASVS 5.0.0, chapter 8: who may do what. Each single route by each role is in test/pages/admin/roles.test.ts; here the
// rules are shown to hold for routes that nobody has listed.

let portal: TestPortal;
const people = {} as Record<StaffName, Visitor>;
/** A request of each partner; Lia approves those of Litware. */
const ids = { fabrikam: '', litware: '' };

beforeAll(async () => {
  portal = await startPortal({
    worker: false,
    policy: aPolicy({
      partners: [
        aPartner({ approval: 'manual' }),
        aPartner({ id: 'contoso', domains: ['contoso.com'], approval: 'manual' }),
        aPartner({ id: 'litware', domains: ['litware.com'], approval: 'manual', approvers: [STAFF.lia] }),
      ],
    }),
  });
  for (const name of Object.keys(STAFF) as StaffName[]) people[name] = await portal.staff(name);
  for (const partner of ['fabrikam', 'litware'] as const) {
    await portal.visitor().apply({ email: `someone@${partner}.com` });
    const { id } = await portal.deps.store.db
      .selectFrom('request')
      .select('id')
      .where('partner', '=', partner)
      .executeTakeFirstOrThrow();
    ids[partner] = id;
  }
});
afterAll(() => portal.close());

const ofStaff = () => routesWith(portal).filter(({ path }) => path.startsWith('/admin'));

async function ask(visitor: Visitor, { method, path }: Route, id = ids.fabrikam) {
  const at = filled(path, { id });
  if (method === 'GET') return visitor.get(at);
  return visitor.postRaw(at, {
    _csrf: await visitor.csrf('/sign-out'),
    version: '1',
    reason: 'No',
    note: '',
  });
}

test('8.2.1 every route of the admin area refuses strangers and people without a role', async () => {
  expect(ofStaff().length).toBeGreaterThan(45);
  const before = await contentsOf(portal.deps.store.db);
  for (const route of ofStaff()) {
    const { status, headers } = await ask(portal.visitor(), route);
    expect([route, status]).toEqual([route, route.method === 'GET' ? 303 : 403]);
    if (status === 303) expect(headers.location).toMatch(/^\/sign-in\?/);
    expect([route, (await ask(people.nils, route)).status]).toEqual([route, 403]);
  }
  const after = await contentsOf(portal.deps.store.db);
  expect({ ...after, 'public.audit_event': '' }).toEqual({ ...before, 'public.audit_event': '' });
});

test('8.2.1 an auditor changes nothing, whatever they post', async () => {
  const before = await contentsOf(portal.deps.store.db);
  for (const route of ofStaff().filter(({ method }) => method === 'POST')) {
    const { status } = await ask(people.aud, route);
    // Two things are reading, though they are asked for by a button.
    const reading = ['/admin/audit/verify', '/admin/doctor'].includes(route.path);
    expect([route, status === 403]).toEqual([route, !reading]);
  }
  const after = await contentsOf(portal.deps.store.db);
  expect({ ...after, 'public.audit_event': '' }).toEqual({ ...before, 'public.audit_event': '' });
});

test('8.2.1 only an admin writes the policy', async () => {
  const writing = ofStaff().filter(
    ({ method, path }) => method === 'POST' && /partners|apps|groups|settings|policy/.test(path),
  );
  expect(writing.length).toBeGreaterThan(10);
  for (const route of writing) {
    for (const name of ['arne', 'aud', 'lia', 'gro', 'nils'] as const) {
      expect([name, route, (await ask(people[name], route)).status]).toEqual([name, route, 403]);
    }
  }
});

test('8.2.1 odd spellings of a path lead round no guard', async () => {
  const spellings = [
    '/admin/',
    '//admin',
    '/./admin',
    '/admin/.',
    '/x/../admin',
    '/admin//requests',
    '/admin/%72equests',
    '/%61dmin',
    '/admin%2frequests',
    '/admin;x=1/requests',
    '/admin/requests/',
    '/admin/requests;',
    '/admin/requests.json',
    '/ADMIN',
    '/Admin/requests',
    '/admin%00',
    '/admin\\requests',
    '/admin/requests%20',
    '/admin/requests?/../../healthz',
    '/healthz/../admin',
    '/assets/../admin',
    '/assets/..%2fadmin',
  ];
  for (const spelling of spellings) {
    for (const [who, cookie] of [
      ['a stranger', ''],
      ['nils', await cookieOf(people.nils)],
    ] as const) {
      // As it is: fetch and supertest would tidy the path.
      const { status, body } = await raw(spelling, cookie);
      expect([spelling, who, status]).not.toEqual([spelling, who, 200]);
      expect(body).not.toContain('someone@');
    }
  }
});

test('8.2.2 another request’s id is 404, the same as one that does not exist', async () => {
  const nothing = '00000000-0000-4000-8000-000000000000';
  const ofRequests = ofStaff().filter(({ path }) => path.startsWith('/admin/requests/:id'));
  expect(ofRequests.length).toBeGreaterThan(5);
  for (const route of ofRequests) {
    const [theirs, none] = [await ask(people.lia, route), await ask(people.lia, route, nothing)];
    expect([route, theirs.status, none.status]).toEqual([route, 404, 404]);
    expect(masked(theirs.text)).toBe(masked(none.text));
  }
  expect((await people.lia.get(`/admin/requests/${ids.litware}`)).status).toBe(200);
  expect((await people.lia.get('/admin/requests')).text).not.toContain('someone@fabrikam.com');
});

test('8.2.2 a decision on several passes over the ids that are not theirs', async () => {
  const before = await contentsOf(portal.deps.store.db);
  const answer = await people.lia.postRaw('/admin/requests/decide', {
    _csrf: await people.lia.csrf('/admin/requests'),
    action: 'deny',
    reason: 'No',
    request: [`${ids.fabrikam}:1`],
  });
  expect(answer.text).not.toContain('someone@fabrikam.com');
  expect((await contentsOf(portal.deps.store.db))['public.request']).toBe(before['public.request']);
});

test.each([
  'abc',
  '1',
  '-1',
  '1 or 1=1',
  "' or 1=1--",
  '%00',
  '../requests',
  '{}',
  'null',
  'A'.repeat(5_000),
])('8.2.2 a hostile id (%s) is no page', async (id) => {
  const at = `/admin/requests/${encodeURIComponent(id)}`;
  expect([400, 404]).toContain((await people.ada.get(at)).status);
  const status = `/requests/${encodeURIComponent(id)}`;
  expect([400, 404]).toContain((await portal.visitor().get(status)).status);
});

describe('8.3 decisions', () => {
  async function waiting(email: string): Promise<string> {
    await portal.visitor().apply({ email });
    const { id } = await portal.deps.store.db
      .selectFrom('request')
      .select('id')
      .where('address', '=', email)
      .executeTakeFirstOrThrow();
    return id;
  }
  const approve = async (visitor: Visitor, id: string, version: string) =>
    visitor.postRaw(`/admin/requests/${id}/approve`, { _csrf: await visitor.csrf('/sign-out'), version });
  const stateOf = async (id: string) =>
    portal.deps.store.db
      .selectFrom('request')
      .select(['state', 'version'])
      .where('id', '=', id)
      .executeTakeFirst();

  test('8.3.1 nobody decides their own request, not even with the right to decide all', async () => {
    for (const name of ['arne', 'ada'] as const) {
      const id = await waiting(`${name}@contoso.com`);
      expect([name, (await approve(people[name], id, '1')).status]).toEqual([name, 403]);
      expect(await stateOf(id)).toEqual({ state: 'pending', version: 1 });
    }
  });

  test('8.3.1 a decision counts for what its form showed: another version is refused', async () => {
    const id = await waiting('version@fabrikam.com');
    await portal.deps.store.db.updateTable('request').set({ version: 2 }).where('id', '=', id).execute();
    for (const [version, status] of [
      ['1', 409],
      ['3', 409],
      ['0', 409],
      ['-1', 400],
      ['1e3', 400],
      ['', 400],
      ['x', 400],
    ] as const) {
      const answer = await approve(people.arne, id, version);
      expect([version, [status, 400].includes(answer.status)]).toEqual([version, true]);
    }
    expect(await stateOf(id)).toEqual({ state: 'pending', version: 2 });
    expect((await approve(people.arne, id, '2')).status).toBe(303);
  });
});

const masked = (html: string) =>
  html.replace(/name="_csrf" value="[^"]*"/g, '').replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'id');

async function cookieOf(visitor: Visitor): Promise<string> {
  return ((await visitor.get('/healthz')) as unknown as { request: { cookies: string } }).request.cookies;
}

async function raw(path: string, cookie: string): Promise<{ status: number; body: string }> {
  const { request } = await import('node:http');
  const { hostname, port } = new URL(portal.url);
  return new Promise((resolve, reject) => {
    const asking = request({ hostname, port, path, headers: { cookie } }, (answer) => {
      let body = '';
      answer.on('data', (part: Buffer) => (body += part.toString()));
      answer.on('end', () => {
        resolve({ status: answer.statusCode ?? 0, body });
      });
    });
    asking.on('error', reject);
    asking.end();
  });
}
