import { request } from 'node:http';
import { sql } from 'kysely';
import supertest from 'supertest';
import { createApp } from '../../src/app.js';
import type { Store } from '../../src/store/database.js';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { invitationsOf, signUpUntil } from '../support/journey.js';
import { textOf } from '../support/page.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { answerTenant, STAFF, type StaffName } from '../support/staff.js';
import { FORM, type Visitor } from '../support/visitor.js';
import { workOn } from '../support/workOn.js';
import { contentsOf, cookiesOf, filled, routesWith, waitingRequest, type Names, type Route } from './walk.js';

// What no route does, whoever asks and however: take a form of another site, change by GET, lead elsewhere, skip a step, or open
// to somebody who may not.

let portal: TestPortal;
const people = {} as Record<StaffName, Visitor>;
/** A request of Litware that waits for Lia's approval. */
let names: Required<Names>;
/** The id of one that is not for her to decide. */
let theirs: string;

beforeAll(async () => {
  portal = await startPortal({
    worker: false,
    env: { TRUST_PROXY: '1' },
    policy: aPolicy({
      partners: [
        aPartner(),
        aPartner({ id: 'contoso', domains: ['contoso.com'], approval: 'manual' }),
        aPartner({ id: 'litware', domains: ['litware.com'], approval: 'manual', approvers: [STAFF.lia] }),
        aPartner({ id: 'wingtip', name: 'Wingtip Toys', domains: ['wingtiptoys.com'], proof: 'mailbox' }),
        aPartner({ id: 'proseware', name: 'Proseware', domains: ['proseware.com'], proof: 'tenant' }),
      ],
    }),
  });
  for (const name of Object.keys(STAFF) as StaffName[]) people[name] = await portal.staff(name);
  names = await waitingRequest(portal, 'dee@litware.com');
  theirs = (await waitingRequest(portal, 'someone@contoso.com')).id;
});
afterAll(() => portal.close());

const db = () => portal.deps.store.db;
const requestsOf = (address: string) =>
  db().selectFrom('request').selectAll().where('address', '=', address).execute();
const isDue = async (id: string | undefined) =>
  (await db().selectFrom('request').select('due_at').where('id', '=', String(id)).executeTakeFirst())
    ?.due_at != null;

let clients = 0;
/** Somebody who comes from an address of their own. */
const somebody = () => {
  clients++;
  return portal.visitor({ 'X-Forwarded-For': `198.51.${Math.floor(clients / 250)}.${1 + (clients % 250)}` });
};

describe('a form of another site', () => {
  test('3.5.1 a missing, foreign or stale token is 403 on every POST route, without a session', async () => {
    const posts = routesWith(portal, 'POST').map(({ path }) => path);
    expect(posts).toEqual(expect.arrayContaining(['/sign-up', '/sign-out', '/admin/policy/save']));
    const foreign = await portal.visitor().csrf();
    const { config } = portal.deps;
    const elsewhere = createApp({
      ...portal.deps,
      config: { ...config, secrets: ['another-secret-0123456789-0123456789'] },
    });
    const stale = await supertest(elsewhere).get('/');
    const Cookie = cookiesOf(stale)[0]?.split(';')[0] ?? '';
    const staleToken = /name="_csrf" value="([^"]+)"/.exec(stale.text)?.[1];
    const before = await contentsOf(db());
    for (const path of posts) {
      const at = filled(path, names);
      const answers = await Promise.all([
        portal.visitor().postRaw(at, FORM),
        portal.visitor().postRaw(at, { ...FORM, _csrf: foreign }),
        portal.visitor().post(at, { ...FORM, _csrf: foreign }, { from: '/' }),
        portal.visitor().post(at, { ...FORM, _csrf: [foreign, foreign] }, { from: '/' }),
        portal.visitor().post(at, { ...FORM, _csrf: '' }, { from: '/' }),
        portal.visitor({ Cookie }).postRaw(at, { ...FORM, _csrf: staleToken }),
        portal.visitor().postRaw(`${at}?_csrf=${foreign}`, FORM),
        supertest(portal.url).post(at),
      ]);
      expect(answers.map(({ status }) => [path, status])).toEqual(answers.map(() => [path, 403]));
      // The page says why, and what somebody had typed is not lost.
      const title = /^\/(admin|sign-out)/.test(path) ? "You've been signed out" : 'This page has expired';
      expect(textOf(answers[0].text)).toContain(path === '/verify/form' ? 'Your sign-in has expired' : title);
      expect(answers[0].text).toContain(FORM.reason);
    }
    expect(await contentsOf(db())).toEqual(before);
  });

  test('3.5.1 the same in a session: neither a public token nor one of another session does', async () => {
    const posts = routesWith(portal, 'POST').map(({ path }) => path);
    const [own, other, open] = await Promise.all([
      people.ada.csrf('/admin'),
      portal.staff('arne').then((arne) => arne.csrf('/admin')),
      portal.visitor().csrf(),
    ]);
    const before = await contentsOf(db());
    for (const path of posts) {
      const at = filled(path, names);
      const answers = [
        await people.ada.postRaw(at, FORM),
        await people.ada.postRaw(at, { ...FORM, _csrf: other }),
        await people.ada.postRaw(at, { ...FORM, _csrf: open }),
        await people.ada.postRaw(`${at}?_csrf=${encodeURIComponent(own)}`, FORM),
        await people.ada.postRaw(at, { ...FORM, _csrf: [own, own] }),
      ];
      expect(answers.map(({ status }) => [path, status])).toEqual(answers.map(() => [path, 403]));
    }
    expect(await contentsOf(db())).toEqual(before);
    // The same person's own token is taken.
    const form = await people.ada.post('/admin/audit/verify', {}, { from: '/admin/audit' });
    expect(form.status).toBe(200);
  });

  test.each(['text/plain', 'application/json', 'multipart/form-data; boundary=x', 'application/xml', ''])(
    '3.5.1 a form that another site can send as %j is not read, on any POST route',
    async (type) => {
      const _csrf = await people.ada.csrf('/admin');
      const cookie = ((await people.ada.get('/admin')) as unknown as { request: { cookies: string } }).request
        .cookies;
      for (const { path } of routesWith(portal, 'POST')) {
        const { status } = await fetch(portal.url + filled(path, names), {
          method: 'POST',
          headers: { cookie, ...(type !== '' && { 'content-type': type }) },
          body: Buffer.from(`_csrf=${encodeURIComponent(_csrf)}&version=1&reason=x`),
        });
        // One page takes files: what is no such form is refused before its token is looked for.
        const refusals = path === '/admin/bulk' && type.startsWith('multipart') ? [400] : [403, 415];
        expect([path, refusals]).toEqual([path, expect.arrayContaining([status]) as number[]]);
      }
    },
  );
});

describe('a method', () => {
  test('3.5.3 GET, HEAD and OPTIONS change nothing, on any route, for a stranger or an admin', async () => {
    const before = await contentsOf(db());
    const events = await actions();
    for (const { path } of routesWith(portal)) {
      const at = filled(path, names);
      const visitor = portal.visitor();
      const answers = [
        await visitor.get(at),
        await supertest(portal.url).head(at),
        await supertest(portal.url).options(at),
        ...(path.startsWith('/auth/') ? [] : [await people.ada.get(at)]),
      ];
      for (const { status } of answers) expect([path, status < 500]).toEqual([path, true]);
    }
    // That somebody took lists along is noted; nothing else is.
    expect((await actions()).slice(events.length).sort()).toEqual(EXPORTED);
    const rest = (contents: Record<string, string>) => ({ ...contents, 'public.audit_event': '' });
    expect(rest(await contentsOf(db()))).toEqual(rest(before));
    expect((await people.ada.get('/admin')).status).toBe(200);
  });

  const EXPORTED = ['audit.exported', 'licences.exported', 'requests.exported'];

  const actions = async () =>
    (await db().selectFrom('audit_event').select('action').orderBy('id').execute()).map(
      ({ action }) => action,
    );

  test.each(['PUT', 'PATCH', 'DELETE'] as const)('3.5.3 %s reaches no route', async (method) => {
    const verb = method.toLowerCase() as 'put' | 'patch' | 'delete';
    for (const { path } of routesWith(portal)) {
      expect([
        path,
        (await supertest(portal.url)[verb](filled(path, names)).type('form').send(FORM)).status,
      ]).toEqual([path, 403]);
    }
  });
});

describe('a redirect', () => {
  test('3.7.2 a repeated return target is none, and one of ours is kept', async () => {
    const visitor = portal.visitor();
    const repeated = await visitor.get('/sign-in?returnTo=/admin/audit&returnTo=//evil.com');
    expect(repeated.status).toBe(302);
    const back = await visitor.get(
      await answerTenant(visitor, portal.tenant, STAFF.ada, '/admin/audit?page=2'),
    );
    expect(back.headers.location).toBe('/admin/audit?page=2');
  });

  test('3.7.2 whatever path a stranger asks for, the way to sign in and back stays here', async () => {
    for (const path of [
      '/admin//evil.com',
      '/admin/..%2f..%2f/evil.com',
      '/admin/?x=//evil.com',
      '/admin/%0d%0aa',
    ]) {
      const { status, headers } = await portal.visitor().get(path);
      expect([303, 404]).toContain(status);
      if (status === 303) expect(headers.location).toMatch(/^\/sign-in\?returnTo=%2Fadmin[!-~]*$/);
    }
  });

  test('3.7.2 no redirect of the portal leaves it but to the tenant', async () => {
    const tenant = new URL(portal.tenant.authorityUrl).origin;
    for (const { path } of routesWith(portal, 'GET')) {
      const at = `${filled(path, names)}?next=//evil.com&url=//evil.com&returnTo=//evil.com&redirect=//evil.com`;
      for (const visitor of [portal.visitor(), people.ada]) {
        if (path === '/auth/callback' && visitor === people.ada) continue;
        const { location } = (await visitor.get(at)).headers as { location?: string };
        const target = new URL(location ?? '/', 'https://portal.invalid');
        const ours = [tenant, portal.tenant.peopleUrl, 'https://portal.invalid'].map(
          (url) => new URL(url).origin,
        );
        expect([path, ours]).toEqual([path, expect.arrayContaining([target.origin]) as string[]]);
      }
    }
    expect(textOf((await people.ada.get('/admin')).text)).toContain('Ada Admin');
  });
});

describe('a step', () => {
  test.each([
    ['wingtiptoys.com', 'unproven'],
    ['proseware.com', 'unproven'],
    ['litware.com', 'pending'],
  ])('2.3.1 at %s a request stays %s, whatever address is asked for instead', async (domain, state) => {
    const email = `skip@${domain}`;
    const path = await somebody().apply({ email });
    const token = path.split('/').at(-1) ?? '';
    const [request] = await requestsOf(email);
    expect(request?.state).toBe(state);
    const visitor = somebody();
    const _csrf = await visitor.csrf();
    const statuses: [string, number][] = [];
    for (const to of [
      `${path}/resend`,
      `${path}/approve`,
      `${path}/prove`,
      `/verify/code/${token}`,
      `/verify/link/${token}`,
      '/verify/form',
      `/admin/requests/${request?.id}/approve`,
    ]) {
      const fields = { _csrf, code: '000000', approved: 'true', state: 'provisioned', version: '1' };
      statuses.push([to, (await visitor.postRaw(to, fields)).status]);
    }
    for (const [to, status] of statuses) expect([to, status >= 400 && status < 500]).toEqual([to, true]);
    // A worker that is sent to it has nothing to do there.
    await workOn(portal.deps, request?.id ?? '');
    expect((await requestsOf(email)).map((row) => row.state)).toEqual([state]);
    expect(await isDue(request?.id)).toBe(false);
    expect(await invitationsOf(portal, email)).toEqual([]);
  });

  test.each([
    ['approve', 409],
    ['retry', 409],
    // Whose answer is the request's page, which says why.
    ['resend', 303],
  ])('2.3.1 an approver cannot %s past a missing proof: %i, and nothing follows', async (action, answer) => {
    const email = `${action}@wingtiptoys.com`;
    await somebody().apply({ email });
    const [request] = await requestsOf(email);
    const arne = await portal.staff('arne', { 'X-Forwarded-For': '192.0.2.1' });
    const at = `/admin/requests/${request?.id}`;
    const { status } = await arne.post(
      `${at}/${action}`,
      { version: String(request?.version), reason: '', note: '' },
      { from: at },
    );
    expect(status).toBe(answer);
    expect(await requestsOf(email)).toMatchObject([{ state: 'unproven', version: request?.version }]);
    expect(await isDue(request?.id)).toBe(false);
  });

  test.each([
    ['audit_event', 'the audit event'],
    ['request', 'the request'],
  ])('2.3.3 a fault while %s is written leaves nothing of the request (%s)', async (table) => {
    const before = await contentsOf(db());
    await sql`create function break_it() returns trigger language plpgsql as $$ begin raise 'broken'; end $$`.execute(
      db(),
    );
    await sql`create trigger break_it before insert on ${sql.table(table)} for each row execute function break_it()`.execute(
      db(),
    );
    try {
      const { status, headers } = await somebody().signUp({ email: 'whole@fabrikam.com' });
      expect([status, headers.location]).toEqual([500, undefined]);
    } finally {
      await sql`drop trigger break_it on ${sql.table(table)}`.execute(db());
      await sql`drop function break_it()`.execute(db());
    }
    expect(await contentsOf(db())).toEqual(before);
    await somebody().apply({ email: 'whole@fabrikam.com' });
    expect(await requestsOf('whole@fabrikam.com')).toMatchObject([{ state: 'queued' }]);
    await db().deleteFrom('step').execute();
    await db().deleteFrom('request').where('address', '=', 'whole@fabrikam.com').execute();
  });
});

describe('the admin area', () => {
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
    const ofRequests = routesWith(portal).filter(({ path }) => path.startsWith('/admin/requests/:id'));
    expect(ofRequests.length).toBeGreaterThan(5);
    for (const route of ofRequests) {
      const [other, none] = [await ask(people.lia, route, theirs), await ask(people.lia, route, nothing)];
      expect([route, other.status, none.status]).toEqual([route, 404, 404]);
      expect(masked(other.text)).toBe(masked(none.text));
    }
    expect((await people.lia.get(`/admin/requests/${names.id}`)).status).toBe(200);
    expect((await people.lia.get('/admin/requests')).text).not.toContain('someone@contoso.com');
  });

  test('8.2.2 a decision on several passes over the ids that are not theirs', async () => {
    const before = await contentsOf(db());
    const answer = await people.lia.postRaw('/admin/requests/decide', {
      _csrf: await people.lia.csrf('/admin/requests'),
      action: 'deny',
      reason: 'No',
      request: [`${theirs}:1`],
    });
    expect(answer.text).not.toContain('someone@contoso.com');
    expect((await contentsOf(db()))['public.request']).toBe(before['public.request']);
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

  test('16.5.2 without its store the portal lets nobody in and acknowledges nothing', async () => {
    const cookie = ((await people.ada.get('/healthz')) as unknown as { request: { cookies: string } }).request
      .cookies;
    const down = () =>
      Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
    const dead = new Proxy(db(), {
      get(target, name) {
        if (name === 'executeQuery') return down;
        if (name === 'transaction') return () => ({ execute: down });
        const value: unknown = Reflect.get(target, name);
        if (['selectFrom', 'insertInto', 'updateTable', 'deleteFrom', 'getExecutor'].includes(String(name))) {
          return () => {
            throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
          };
        }
        return value;
      },
    });
    const store: Store = { ...portal.deps.store, db: dead };
    const app = createApp({ ...portal.deps, store });
    for (const { method, path } of routesWith(portal).filter((route) => route.path.startsWith('/admin'))) {
      const asking = supertest(app)[method === 'GET' ? 'get' : 'post'](filled(path)).set('Cookie', cookie);
      const { status } = await asking;
      expect([path, status]).toEqual([path, expect.any(Number)]);
      expect([path, status >= 400]).toEqual([path, true]);
    }
    const page = await supertest(app).get('/');
    const _csrf = /name="_csrf" value="([^"]+)"/.exec(page.text)?.[1];
    const csrf = (page.headers['set-cookie'] as unknown as string[])[0]?.split(';')[0] ?? '';
    const posted = await supertest(app)
      .post('/sign-up')
      .set('Cookie', csrf)
      .type('form')
      .send({ ...FORM, _csrf });
    expect([posted.status, posted.headers.location]).toEqual([503, undefined]);
  });

  async function ask(visitor: Visitor, { method, path }: Route, id: string) {
    const at = filled(path, { id });
    if (method === 'GET') return visitor.get(at);
    return visitor.postRaw(at, {
      _csrf: await visitor.csrf('/sign-out'),
      version: '1',
      reason: 'No',
      note: '',
    });
  }

  const masked = (html: string) =>
    html.replace(/name="_csrf" value="[^"]*"/g, '').replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'id');

  async function cookieOf(visitor: Visitor): Promise<string> {
    return ((await visitor.get('/healthz')) as unknown as { request: { cookies: string } }).request.cookies;
  }

  async function raw(path: string, cookie: string): Promise<{ status: number; body: string }> {
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
});

describe('fields that no form has', () => {
  /** Everything that somebody might hope the portal takes from a form. */
  const EXTRA: Record<string, unknown> = {
    approved: 'true',
    approval: 'automatic',
    state: 'provisioned',
    status: 'provisioned',
    outcome: 'invite',
    partner: 'fabrikam',
    proof: 'tenant',
    proven: 'tenant',
    'proof[kind]': 'mailbox',
    'groups[]': ['22222222-0000-4000-8000-000000000006'],
    groups: ['roleAssignable', 'crm'],
    'apps[]': ['wiki'],
    'grants[groups][]': 'roleAssignable',
    role: 'Portal.Admin',
    roles: ['Portal.Admin'],
    userType: 'Member',
    id: '00000000-0000-4000-8000-000000000000',
    token: 'A'.repeat(22),
    token_hash: 'x',
    guest_id: '11111111-0000-4000-8000-000000000001',
    address: 'eve@evil.com',
    canonical: 'eve@evil.com',
    to: 'eve@evil.com',
    redirectUrl: 'https://evil.com',
    inviteRedirectUrl: 'https://evil.com',
    message: 'Buy now',
    language: 'xx',
    suspicions: '',
    decision: '{}',
    due_at: '2000-01-01',
    version: '99',
    __proto__: 'x',
    'constructor[prototype][state]': 'provisioned',
    '__proto__[state]': 'provisioned',
    hasOwnProperty: 'x',
    toString: 'x',
    constructor: 'x',
  };

  test('15.3.3 extra fields of the form are ignored, in what is stored and in what Graph is asked for', async () => {
    const plain = 'plain@fabrikam.com';
    const over = 'over@fabrikam.com';
    await portal.visitor().apply({ email: plain });
    await portal.visitor().apply({ ...EXTRA, email: over });
    const same = async (email: string) => {
      // What is each request's own.
      const own = {
        id: '',
        token_hash: '',
        address: '',
        created_at: '',
        slot_at: '',
        updated_at: '',
        due_at: '',
        asked_at: '',
        browser_hash: '',
      };
      return { ...(await requestsOf(email))[0], ...own };
    };
    expect(await same(over)).toEqual(await same(plain));
    portal.startWorker();
    for (const email of [plain, over])
      await signUpUntil(portal, 'provisioned', email, await portal.visitor().apply({ email }));
    await portal.stopWorker();
    const asked = async (email: string) => {
      const calls = await portal.tenant.graphCalls('POST', /\/invitations$/);
      const bodies = calls.map(({ requestBody }) => requestBody as Record<string, unknown>);
      const body = bodies.find((one) => one.invitedUserEmailAddress === email);
      return JSON.stringify(body)
        .replaceAll(email, '<address>')
        .replace(/[\w-]{22}(?=")/, '');
    };
    expect(await asked(over)).toBe(await asked(plain));
    const guests = await Promise.all([over, plain].map((email) => portal.tenant.guest(email)));
    expect(guests[0]?.groups).toEqual(guests[1]?.groups);
    expect(guests[0]?.userType).toBe('Guest');
  });

  test('15.3.3 nor do they get a request past approval', async () => {
    await portal.visitor().apply({ ...EXTRA, email: 'over@litware.com' });
    expect((await requestsOf('over@litware.com'))[0]).toMatchObject({
      state: 'pending',
      partner: 'litware',
      review: null,
      proof: null,
      guest_id: null,
    });
  });

  test.each([
    ['names of every object', 'hasOwnProperty=x&toString=x&valueOf=x&constructor=x&__proto__=x&prototype=x'],
    ['nested names', 'a[b][c][d][e]=x&__proto__[polluted]=x&constructor[prototype][polluted]=x'],
    ['too many fields', Array.from({ length: 60 }, (_, n) => `f${n}=x`).join('&')],
    ['a field ten times', 'email=x&'.repeat(10)],
    ['no name', '=x&=y&&&&'],
    ['broken escapes', 'email=%&firstName=%zz&lastName=%c3%28'],
    ['NUL', 'email=a%00b&firstName=%00'],
    ['semicolons', 'email=a;firstName=b'],
  ])('15.3.6 %s in a form: a clear 4xx, nothing polluted', async (_what, body) => {
    const visitor = portal.visitor();
    const _csrf = await visitor.csrf();
    const cookie = ((await visitor.get('/healthz')) as unknown as { request: { cookies: string } }).request
      .cookies;
    const answer = await fetch(`${portal.url}/sign-up`, {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
      body: `_csrf=${encodeURIComponent(_csrf)}&${body}`,
    });
    expect([403, 413, 422]).toContain(answer.status);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('15.3.5 a query that is repeated or nested breaks no page', async () => {
    const queries = [
      'q=a&q=b',
      'q[a]=b',
      'state=pending&state=denied',
      'page[]=1',
      '__proto__[x]=1',
      'q=%00',
      'q=%',
    ];
    for (const path of [
      '/admin/requests',
      '/admin/audit',
      '/admin/partners',
      '/admin/policy/explain',
      '/',
      '/sign-in',
    ]) {
      for (const query of queries) {
        const { status } = await people.ada.get(`${path}?${query}&address=a&address=b`);
        expect([path, query, status < 500]).toEqual([path, query, true]);
      }
    }
  });
});
