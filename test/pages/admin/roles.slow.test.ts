import { createApp } from '../../../src/app.js';
import { aPartner, aPolicy } from '../../support/aPolicy.js';
import { startPortal, type TestPortal } from '../../support/portal.js';
import { routesOf } from '../../support/routes.js';
import { STAFF, type StaffName } from '../../support/staff.js';
import type { Visitor } from '../../support/visitor.js';

// Every route of the portal by every kind of person. A route that is missing here fails the test.

/** Whoever comes along. */
const PUBLIC = [
  'GET /',
  'GET /auth/callback',
  'GET /healthz',
  'GET /metrics',
  'GET /readyz',
  'GET /requests/:token',
  'GET /sign-in',
  'GET /sign-out',
  'GET /sign-up',
  'GET /sign-up/address',
  'GET /signed-out',
  'GET /terms',
  'GET /theme.css',
  'GET /verify/code/:token',
  'GET /verify/form',
  'GET /verify/link/:secret',
  'GET /verify/tenant',
  'GET /verify/tenant/:token',
  'GET /verify/tenant/:token/confirm',
  'POST /language',
  'POST /requests/:token/resend',
  'POST /sign-out',
  'POST /sign-up',
  'POST /sign-up/address',
  'POST /verify/code/:token',
  'POST /verify/code/:token/again',
  'POST /verify/form',
  'POST /verify/link/:secret',
  'POST /verify/tenant/:token/confirm',
];

const RIGHTS = {
  overview: ['GET /admin', 'GET /admin/overview', 'GET /admin/styleguide'],
  'requests.read': ['GET /admin/requests', 'GET /admin/requests.csv', 'GET /admin/requests/:id'],
  'requests.decide': [
    'GET /admin/requests/decide',
    'POST /admin/requests/:id/approve',
    'POST /admin/requests/:id/deny',
    'POST /admin/requests/:id/hold',
    'POST /admin/requests/:id/resend',
    'POST /admin/requests/:id/restore',
    'POST /admin/requests/:id/retry',
    'POST /admin/requests/decide',
    'POST /admin/requests/paced',
  ],
  'policy.read': [
    'GET /admin/apps',
    'GET /admin/apps/:key',
    'GET /admin/groups',
    'GET /admin/groups/:key',
    'GET /admin/partners',
    'GET /admin/partners/:id',
    'GET /admin/partners/rules',
    'GET /admin/pickers/names',
    'GET /admin/policy',
    'GET /admin/policy/explain',
    'GET /admin/policy/versions',
    'GET /admin/policy/versions/:id',
    'GET /admin/settings',
  ],
  'policy.write': [
    'GET /admin/apps/new',
    'GET /admin/groups/new',
    'GET /admin/partners/new',
    'GET /admin/pickers/apps',
    'GET /admin/pickers/groups',
    'GET /admin/pickers/people',
    'POST /admin/apps/:key',
    'POST /admin/apps/:key/remove',
    'POST /admin/apps/new',
    'POST /admin/groups/:key',
    'POST /admin/groups/:key/remove',
    'POST /admin/groups/new',
    'POST /admin/partners/:id',
    'POST /admin/partners/:id/disable',
    'POST /admin/partners/:id/enable',
    'POST /admin/partners/:id/remove',
    'POST /admin/partners/new',
    'POST /admin/partners/rules',
    'POST /admin/policy/preview',
    'POST /admin/policy/save',
    'POST /admin/settings',
  ],
  'bulk.read': [
    'GET /admin/bulk',
    'GET /admin/bulk/:template',
    'GET /admin/runs',
    'GET /admin/runs/:id',
    'GET /admin/runs/:id/:file',
    'GET /admin/runs/:id/progress',
  ],
  'bulk.run': [
    'GET /admin/runs/:id/undo',
    'POST /admin/bulk',
    'POST /admin/runs/:id/:action',
    'POST /admin/runs/:id/start',
  ],
  'licences.read': ['GET /admin/licences', 'GET /admin/licences.csv'],
  'licences.write': ['POST /admin/licences/owned', 'POST /admin/licences/read'],
  'audit.read': ['GET /admin/audit', 'GET /admin/audit.csv', 'POST /admin/audit/verify'],
  'doctor.read': ['GET /admin/doctor', 'GET /admin/doctor/findings', 'POST /admin/doctor'],
};
type Right = keyof typeof RIGHTS;

const READING: Right[] = [
  'overview',
  'requests.read',
  'policy.read',
  'bulk.read',
  'licences.read',
  'audit.read',
  'doctor.read',
];
const DECIDING: Right[] = ['overview', 'requests.read', 'requests.decide'];
const MAY: Record<StaffName, Right[]> = {
  ada: [...READING, 'requests.decide', 'policy.write', 'bulk.run', 'licences.write'],
  arne: DECIDING,
  aud: READING,
  nils: [],
  lia: DECIDING,
  gro: DECIDING,
};

let portal: TestPortal;
let routes: { method: string; path: string }[];

beforeAll(async () => {
  portal = await startPortal({
    worker: false,
    policy: aPolicy({
      partners: [
        aPartner(),
        aPartner({
          id: 'litware',
          domains: ['litware.com'],
          approvers: ['55555555-0000-4000-8000-000000000005', '22222222-0000-4000-8000-000000000009'],
        }),
      ],
    }),
  });
  routes = routesOf(createApp(portal.deps));
});
afterAll(() => portal.close());

const guarded = () => routes.filter(({ method, path }) => !PUBLIC.includes(`${method} ${path}`));
/** A path that leads to nothing in particular. */
const concrete = (path: string) => path.replace(/:\w+/g, '00000000-0000-4000-8000-000000000000');

async function ask(visitor: Visitor, { method, path }: { method: string; path: string }): Promise<number> {
  const answer =
    method === 'GET'
      ? await visitor.get(concrete(path))
      : await visitor.postRaw(concrete(path), { _csrf: await visitor.csrf('/sign-out') });
  return answer.status;
}

test('8.2.1 every route is public or asks for one right', () => {
  const known = [...PUBLIC, ...Object.values(RIGHTS).flat()].sort();
  expect(routes.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(known);
});

test('8.2.1 no route but the public ones answers a stranger, who is sent to sign in', async () => {
  expect(guarded().length).toBeGreaterThan(30);
  for (const route of guarded()) {
    const stranger = portal.visitor();
    const status = await ask(stranger, route);
    expect([route, status]).toEqual([route, route.method === 'GET' ? 303 : 403]);
  }
});

test.each(Object.keys(MAY) as StaffName[])(
  '%s passes where their rights reach, and is refused elsewhere',
  async (name) => {
    const person = await portal.staff(name);
    for (const route of guarded()) {
      const right = (Object.keys(RIGHTS) as Right[]).find((one) =>
        RIGHTS[one].includes(`${route.method} ${route.path}`),
      );
      const status = await ask(person, route);
      const passed = status !== 401 && status !== 403 && status < 500;
      expect([name, route, status, passed]).toEqual([
        name,
        route,
        status,
        right !== undefined && MAY[name].includes(right),
      ]);
    }
  },
);

test('refusals of one person are recorded once in ten minutes, not as often as they ask', async () => {
  const nils = await portal.staff('nils');
  const refusals = async () => {
    const { count } = await portal.deps.store.db
      .selectFrom('audit_event')
      .select(({ fn }) => fn.countAll<string>().as('count'))
      .where('action', '=', 'access.refused')
      .executeTakeFirstOrThrow();
    return Number(count);
  };
  await nils.get('/admin/audit');
  const before = await refusals();
  for (let count = 0; count < 5; count++) expect((await nils.get('/admin/audit')).status).toBe(403);
  expect(await refusals()).toBe(before);
});

test('16.3.2 denied access is in the log each time, with who and what, and in the audit trail', async () => {
  const nils = await portal.staff('nils');
  const who = `${portal.tenant.tenantId}/${STAFF.nils}`;
  const from = portal.logged().length;
  expect((await nils.get('/admin/policy')).status).toBe(403);
  expect((await nils.get('/admin/audit')).status).toBe(403);
  const refused = portal
    .logged()
    .slice(from)
    .filter(({ msg }) => msg === 'access refused');
  expect(refused).toMatchObject([
    { level: 'warn', person: who, right: 'policy.read' },
    { level: 'warn', person: who, right: 'audit.read' },
  ]);
  const events = await portal.deps.store.db
    .selectFrom('audit_event')
    .select('detail')
    .where('action', '=', 'access.refused')
    .where('actor', '=', who)
    .execute();
  expect(events[0]?.detail).toEqual({
    right: expect.any(String) as string,
    method: expect.stringMatching(/^(GET|POST)$/) as string,
    route: expect.stringMatching(/^\/admin/) as string,
  });
});
