import supertest from 'supertest';
import { createApp } from '../../src/app.js';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { textOf, valueOf } from '../support/page.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { answerTenant, STAFF } from '../support/staff.js';
import { FORM, type Visitor } from '../support/visitor.js';
import { inProduction, type SecurePortal } from './inProduction.js';
import { contentsOf, cookiesOf, filled, routesWith, type Names } from './walk.js';

// OWASP ASVS 5.0.0, chapter 3: what keeps a browser on the side of whoever sits before it.

let portal: TestPortal;
let secure: SecurePortal;
let ada: Visitor;
/** A request that waits for approval. */
let names: Required<Names>;

beforeAll(async () => {
  portal = await startPortal({
    worker: false,
    policy: aPolicy({
      portal: {
        organization: 'Contoso',
        contact: 'partners@contoso.com',
        logo: 'https://cdn.contoso.com/logo.svg',
        colour: '#ffcc00',
      },
      partners: [
        aPartner(),
        aPartner({ id: 'litware', name: 'Litware', domains: ['litware.com'], approval: 'manual' }),
      ],
    }),
  });
  secure = await inProduction(portal);
  ada = await portal.staff('ada');
  names = await waiting('dee@litware.com');
});
afterAll(async () => {
  await secure.close();
  await portal.close();
});

const db = () => portal.deps.store.db;

async function waiting(email: string): Promise<Required<Names>> {
  const token = (await portal.visitor().apply({ email })).split('/').at(-1) ?? '';
  const { id } = await db()
    .selectFrom('request')
    .select('id')
    .where('address', '=', email)
    .executeTakeFirstOrThrow();
  return { token, id };
}

describe('3.3 cookies', () => {
  test('3.3.1-3.3.4 every cookie in production is __Host-, Secure, HttpOnly, Lax and of this host alone', async () => {
    const visitor = secure.visitor();
    const form = await visitor.get('/');
    const _csrf = /name="_csrf" value="([^"]+)"/.exec(form.text)?.[1];
    const answers = [
      form,
      await visitor.postRaw('/sign-up', { ...FORM, email: 'cookies@fabrikam.com', _csrf }),
      await visitor.get('/sign-in'),
      await visitor.get(await answerTenant(visitor, portal.tenant, STAFF.ada)),
      await visitor.get('/sign-out'),
      await visitor.get('/admin'),
    ];
    const cookies = answers.flatMap(cookiesOf);
    const named = new Set(cookies.map((cookie) => cookie.split('=')[0]));
    expect([...named].sort()).toEqual([
      '__Host-portal.browser',
      '__Host-portal.csrf',
      '__Host-portal.csrf.session',
      '__Host-portal.session',
    ]);
    for (const cookie of cookies) {
      const attributes = cookie.split('; ').slice(1);
      expect(attributes).toEqual(expect.arrayContaining(['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax']));
      expect(cookie).not.toMatch(/domain=/i);
    }
  });

  test('3.3.1 a cookie without its prefix, as another host of the domain could plant it, counts for nothing', async () => {
    const admin = await secure.staff('ada');
    const sent = (await admin.get('/admin')) as unknown as { status: number; request: { cookies: string } };
    expect(sent.status).toBe(200);
    const planted = secure.visitor({ Cookie: sent.request.cookies.replaceAll('__Host-', '') });
    expect((await planted.get('/admin')).status).toBe(303);
  });

  test('3.3.5 a page sets what it needs and nothing more: no session for whoever only looks', async () => {
    for (const path of ['/', `/requests/${names.token}`, '/terms', '/nothing', '/signed-out']) {
      const set = cookiesOf(await secure.visitor().get(path)).map((cookie) => cookie.split('=')[0]);
      expect([path, set.filter((name) => name !== '__Host-portal.csrf')]).toEqual([path, []]);
    }
  });
});

describe('3.4 headers', () => {
  test('3.4.1-3.4.8 every answer carries them, of each route by each method, and each kind of error', async () => {
    const admin = await secure.staff('ada');
    const answers: [string, supertest.Response][] = [];
    for (const { path } of routesWith(portal)) {
      for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE'] as const) {
        const at = filled(path, names);
        answers.push([
          `${method} ${path}`,
          await supertest(secure.url)[method.toLowerCase() as 'get' | 'head' | 'options' | 'post'](at),
        ]);
      }
      if (path !== '/sign-out') answers.push([`GET ${path} as ada`, await admin.get(filled(path, names))]);
    }
    expect(answers.length).toBeGreaterThan(300);
    for (const [what, answer] of answers) expect([what, missing(answer)]).toEqual([what, []]);
  });

  const broken = (table: string, column: string) => async (ask: () => Promise<supertest.Response>) => {
    await db().schema.alterTable(table).renameColumn(column, 'elsewhere').execute();
    try {
      return await ask();
    } finally {
      await db().schema.alterTable(table).renameColumn('elsewhere', column).execute();
    }
  };

  const page = (path: string, headers?: Record<string, string>) => secure.visitor().get(path, headers);
  const ERRORS: [status: number, what: string, ask: () => PromiseLike<supertest.Response>][] = [
    [303, 'a redirect', () => page('/sign-up')],
    [304, 'what the browser has', async () => notModified('/assets/portal.css')],
    [400, 'a path that does not decode', () => page('/requests/%E0%A4%A')],
    [401, 'a sign-in that nobody began', () => page('/auth/callback?code=x&state=x')],
    [403, 'a form without its token', () => secure.visitor().postRaw('/sign-up', FORM)],
    [404, 'no page', () => page('/nothing')],
    [404, 'no asset', () => page('/assets/nothing.css')],
    [409, 'a decision too late', async () => decidedTwice()],
    [413, 'a huge form', () => secure.visitor().postRaw('/sign-up', { reason: 'x'.repeat(1_000_000) })],
    [415, 'JSON', () => supertest(secure.url).post('/sign-up').send({ a: 1 })],
    [415, 'an unknown encoding', () => encoded('/sign-up', 'br,x')],
    [422, 'an empty form', () => secure.visitor().post('/sign-up', {})],
    [429, 'a client in a hurry', async () => tooOften()],
    [500, 'a fault of ours', () => broken('request', 'company')(() => secure.visitor().signUp())],
    [500, 'the same for machines', async () => machineFault()],
  ];

  test.each(ERRORS)('3.4.1-3.4.8 %i, %s, has them too', async (status, _what, ask) => {
    const answer = await ask();
    expect([answer.status, missing(answer)]).toEqual([status, []]);
  });

  test('3.4.3 the policy allows of other origins the logo alone, and nothing inline', async () => {
    const { headers, text } = await page('/');
    expect(headers['content-security-policy']).toBe(
      "default-src 'self';img-src https://cdn.contoso.com 'self' data:;object-src 'none';base-uri 'none';" +
        "form-action 'self';frame-ancestors 'none';upgrade-insecure-requests",
    );
    expect(text).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle=|\son\w+=/);
  });

  test('3.4.3 no page of the portal has anything inline', async () => {
    for (const { path } of routesWith(portal, 'GET')) {
      const { text, headers } = await ada.get(filled(path, names));
      if (!String(headers['content-type']).startsWith('text/html')) continue;
      expect([
        path,
        /<script(?![^>]* src=)[^>]*>|<style|\sstyle="|\son\w+="|javascript:/i.exec(text),
      ]).toEqual([path, null]);
    }
  });

  /** Which of the headers an answer lacks. */
  function missing({ headers }: supertest.Response): string[] {
    const expected: Record<string, RegExp> = {
      'content-security-policy':
        /^default-src 'self';img-src [^;*]+;object-src 'none';base-uri 'none';form-action (https?:[^;* ]+ )?'self';frame-ancestors 'none';upgrade-insecure-requests$/,
      'strict-transport-security': /^max-age=63072000; includeSubDomains$/,
      'x-content-type-options': /^nosniff$/,
      'referrer-policy': /^no-referrer$/,
      'x-frame-options': /^DENY$/,
      'cross-origin-opener-policy': /^same-origin$/,
      'cross-origin-resource-policy': /^same-origin$/,
      'x-request-id': /^[0-9a-f-]{36}$/,
    };
    const wrong = Object.keys(expected).filter((name) => !expected[name]?.test(String(headers[name])));
    const given = headers as Record<string, unknown>;
    const telling = ['x-powered-by', 'server', 'access-control-allow-origin'].filter((name) => name in given);
    return [...wrong, ...telling];
  }

  async function notModified(path: string) {
    const { headers } = await page(path);
    return page(path, { 'If-None-Match': String(headers.etag) });
  }

  function encoded(path: string, encoding: string) {
    return supertest(secure.url)
      .post(path)
      .set('Content-Encoding', encoding)
      .type('form')
      .send('email=ana%40fabrikam.com');
  }

  async function decidedTwice() {
    const { id } = await waiting('twice@litware.com');
    const admin = await secure.staff('ada');
    const at = `/admin/requests/${id}`;
    const fields = { action: 'approve', version: '1', reason: 'No', note: '' };
    await admin.post(`${at}/deny`, fields, { from: at });
    return admin.post(`${at}/deny`, fields, { from: at });
  }

  async function tooOften() {
    const app = await inProduction(portal, { trustProxy: 1 });
    const visitor = app.visitor({ 'X-Forwarded-For': '203.0.113.99' });
    try {
      const _csrf = await visitor.csrf();
      let answer = await visitor.postRaw('/sign-up', { _csrf });
      for (let count = 0; count < 300 && answer.status !== 429; count++) {
        answer = await visitor.postRaw('/sign-up', { _csrf });
      }
      return answer;
    } finally {
      await app.close();
    }
  }

  async function machineFault() {
    return broken(
      'request',
      'token_hash',
    )(() => Promise.resolve(page(`/requests/${names.token}`, { Accept: 'application/json' })));
  }
});

describe('3.5 requests of other sites', () => {
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
      const title = /^\/(admin|sign-out)/.test(path)
        ? 'You have been signed out meanwhile'
        : 'The form is out of date';
      expect(textOf(answers[0].text)).toContain(path === '/verify/form' ? 'Your sign-in has ended' : title);
      expect(valueOf(answers[0].text, 'typed-4')).toBe(FORM.reason);
    }
    expect(await contentsOf(db())).toEqual(before);
  });

  test('3.5.1 the same in a session: neither a public token nor one of another session does', async () => {
    const posts = routesWith(portal, 'POST').map(({ path }) => path);
    const [own, other, open] = await Promise.all([
      ada.csrf('/admin'),
      portal.staff('arne').then((arne) => arne.csrf('/admin')),
      portal.visitor().csrf(),
    ]);
    const before = await contentsOf(db());
    for (const path of posts) {
      const at = filled(path, names);
      const answers = [
        await ada.postRaw(at, FORM),
        await ada.postRaw(at, { ...FORM, _csrf: other }),
        await ada.postRaw(at, { ...FORM, _csrf: open }),
        await ada.postRaw(`${at}?_csrf=${encodeURIComponent(own)}`, FORM),
        await ada.postRaw(at, { ...FORM, _csrf: [own, own] }),
      ];
      expect(answers.map(({ status }) => [path, status])).toEqual(answers.map(() => [path, 403]));
    }
    expect(await contentsOf(db())).toEqual(before);
    // The same person's own token is taken.
    const form = await ada.post('/admin/audit/verify', {}, { from: '/admin/audit' });
    expect(form.status).toBe(200);
  });

  test.each(['text/plain', 'application/json', 'multipart/form-data; boundary=x', 'application/xml', ''])(
    '3.5.1 a form that another site can send as %j is not read, on any POST route',
    async (type) => {
      const _csrf = await ada.csrf('/admin');
      const cookie = ((await ada.get('/admin')) as unknown as { request: { cookies: string } }).request
        .cookies;
      for (const { path } of routesWith(portal, 'POST')) {
        const { status } = await fetch(portal.url + filled(path, names), {
          method: 'POST',
          headers: { cookie, ...(type !== '' && { 'content-type': type }) },
          body: Buffer.from(`_csrf=${encodeURIComponent(_csrf)}&version=1&reason=x`),
        });
        expect([path, [403, 415]]).toEqual([path, expect.arrayContaining([status]) as number[]]);
      }
    },
  );

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
        ...(path.startsWith('/auth/') ? [] : [await ada.get(at)]),
      ];
      for (const { status } of answers) expect([path, status < 500]).toEqual([path, true]);
    }
    // That somebody took lists along is noted; nothing else is.
    expect((await actions()).slice(events.length).sort()).toEqual(EXPORTED);
    const rest = (contents: Record<string, string>) => ({ ...contents, 'public.audit_event': '' });
    expect(rest(await contentsOf(db()))).toEqual(rest(before));
    expect((await ada.get('/admin')).status).toBe(200);
  });

  const EXPORTED = ['audit.exported', 'requests.exported'];
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

describe('3.7 other origins', () => {
  const HOSTILE = [
    'https://evil.com',
    'HTTPS:evil.com',
    'https:/evil.com',
    '//evil.com',
    '///evil.com',
    '/\\evil.com',
    '\\\\evil.com',
    '/\\/evil.com',
    '/\tevil.com',
    '/\n/evil.com',
    '/\r\nSet-Cookie: x=y',
    ' //evil.com',
    '/..//evil.com',
    '/.//evil.com',
    '/%2f/evil.com',
    '/%5cevil.com',
    '/%255cevil.com',
    '/admin/%2e%2e//evil.com',
    '/admin\\..\\..\\evil.com',
    'javascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    '@evil.com',
    '／／evil.com',
    '/\u2028evil.com',
  ];

  test.each(HOSTILE)('3.7.2 after a sign-in, %j stays here', async (returnTo) => {
    const visitor = portal.visitor();
    const back = await visitor.get(await answerTenant(visitor, portal.tenant, STAFF.ada, returnTo));
    expect([back.status, back.headers.location]).toEqual([303, '/admin']);
  });

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
      for (const visitor of [portal.visitor(), ada]) {
        if (path === '/auth/callback' && visitor === ada) continue;
        const { location } = (await visitor.get(at)).headers as { location?: string };
        const target = new URL(location ?? '/', 'https://portal.invalid');
        const ours = [tenant, portal.tenant.peopleUrl, 'https://portal.invalid'].map(
          (url) => new URL(url).origin,
        );
        expect([path, ours]).toEqual([path, expect.arrayContaining([target.origin]) as string[]]);
      }
    }
    expect(textOf((await ada.get('/admin')).text)).toContain('Ada Admin');
  });
});
