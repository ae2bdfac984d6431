import { request } from 'node:http';
import supertest from 'supertest';
import { createApp } from '../../src/app.js';
import { erasePerson } from '../../src/privacy/erasePerson.js';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { requestAt } from '../support/ageRequest.js';
import { signUpUntil } from '../support/journey.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { answerTenant, STAFF } from '../support/staff.js';
import { FORM, Visitor } from '../support/visitor.js';
import { inProduction, type SecurePortal } from './inProduction.js';
import { httpServer } from './servers.js';
import { cookiesOf, filled, routesWith, waitingRequest, type Names } from './walk.js';

// What every answer of the portal carries and what none of them tells, whichever route, error or file is asked for.

const SECRETS = { CLIENT_SECRET: 'simulated-secret', SESSION_SECRET: 'kept-secret-0123456789-0123456789-01' };

let portal: TestPortal;
let secure: SecurePortal;
let ada: Visitor;
/** A request that waits for approval. */
let names: Required<Names>;

beforeAll(async () => {
  portal = await startPortal({
    worker: false,
    env: { SESSION_SECRET: SECRETS.SESSION_SECRET },
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
  names = await waitingRequest(portal, 'dee@litware.com');
});
afterAll(async () => {
  await secure.close();
  await portal.close();
});

const db = () => portal.deps.store.db;
/** The portal while a table has lost a column: a fault that nobody foresaw. */
async function broken<T>(table: string, column: string, work: () => PromiseLike<T>): Promise<T> {
  await db().schema.alterTable(table).renameColumn(column, 'elsewhere').execute();
  try {
    return await work();
  } finally {
    await db().schema.alterTable(table).renameColumn('elsewhere', column).execute();
  }
}

const page = (path: string, headers?: Record<string, string>) => secure.visitor().get(path, headers);

describe('cookies', () => {
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

describe('headers', () => {
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

  const ERRORS: [status: number, what: string, ask: () => PromiseLike<supertest.Response>][] = [
    [303, 'a redirect', () => page('/sign-up')],
    [304, 'what the browser has', async () => notModified(await sheet())],
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
    [500, 'a fault of ours', () => broken('request', 'company', () => secure.visitor().signUp())],
    [500, 'the same for machines', async () => machineFault()],
  ];

  test.each(ERRORS)('3.4.1-3.4.8 %i, %s, has them too', async (status, _what, ask) => {
    const answer = await ask();
    expect([answer.status, missing(answer)]).toEqual([status, []]);
  });

  test('3.4.3 the policy allows of other origins the logo alone, and nothing inline', async () => {
    const { headers, text } = await page('/');
    expect(headers['content-security-policy']).toBe(
      "default-src 'self';img-src https://cdn.contoso.com 'self';object-src 'none';base-uri 'none';" +
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

  test('14.3.2 no answer but style sheets, scripts and images may be stored, errors and redirects included', async () => {
    const stored: string[] = [];
    for (const { path } of routesWith(portal, 'GET')) {
      for (const [who, visitor] of [
        ['a stranger', portal.visitor()],
        ['ada', ada],
      ] as const) {
        const { headers } = await visitor.get(filled(path, names));
        if (headers['cache-control'] !== 'no-store')
          stored.push(`${path} (${who}): ${headers['cache-control']}`);
      }
    }
    for (const visitor of [portal.visitor(), ada]) {
      const posted = await visitor.postRaw('/sign-up', FORM);
      expect([posted.status, posted.headers['cache-control']]).toEqual([403, 'no-store']);
    }
    expect(stored).toEqual([]);
  });

  test('13.4.6 no answer names the software or its version', async () => {
    const { headers, text } = await portal.visitor().get('/nothing');
    expect(JSON.stringify(headers)).not.toMatch(/express|node|x-powered-by/i);
    expect(text).not.toMatch(/express|node\.js|ejs|\b0\.1\.0\b/i);
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

  async function sheet(): Promise<string> {
    return /href="(\/assets\/[^"]+\.css)"/.exec((await page('/')).text)?.[1] ?? '';
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
    const { id } = await waitingRequest(portal, 'twice@litware.com');
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

  function machineFault() {
    return broken('submission', 'token_hash', () =>
      page(`/requests/${names.token}`, { Accept: 'application/json' }),
    );
  }
});

const FORGED = {
  Host: 'evil.com',
  'X-Forwarded-Host': 'evil.com',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Port': '666',
  'X-Forwarded-Prefix': '/evil.com',
  'X-Forwarded-Server': 'evil.com',
  'X-Original-URL': '/admin',
  'X-Rewrite-URL': '/admin',
  'X-HTTP-Method-Override': 'DELETE',
  Forwarded: 'for=203.0.113.1;host=evil.com;proto=https',
  'X-Original-Host': 'evil.com',
  'X-Host': 'evil.com',
};

test.each([0, 1, 2])(
  '4.1.3 forged ones change no link and no redirect of any page (TRUST_PROXY=%i)',
  async (trustProxy) => {
    const { url, close } = await httpServer(
      createApp({ ...portal.deps, config: { ...portal.deps.config, trustProxy } }),
    );
    try {
      const path = await portal.visitor().apply({ email: `links${trustProxy}@fabrikam.com` });
      const token = path.split('/').at(-1) ?? '';
      for (const { path } of routesWith(portal, 'GET')) {
        const { text, headers, status } = await new Visitor(url, FORGED).get(filled(path, { token }));
        const answer = `${text}${JSON.stringify(headers)}`;
        expect([path, status < 500, answer.includes('evil.com'), answer.includes(':666')]).toEqual([
          path,
          true,
          false,
          false,
        ]);
      }
    } finally {
      await close();
    }
  },
);

describe('what no answer tells', () => {
  test('13.3.1 no secret is in a log line or in a page, an admin’s included', async () => {
    const path = await portal.visitor().apply({ email: 'secret@fabrikam.com' });
    portal.startWorker();
    await signUpUntil(portal, 'provisioned', 'secret@fabrikam.com', path);
    await portal.stopWorker();
    const { id } = await portal.deps.store.db
      .selectFrom('request')
      .select('id')
      .where('address', '=', 'secret@fabrikam.com')
      .executeTakeFirstOrThrow();
    const token = path.split('/').at(-1) ?? '';
    await portal.visitor().get(path);
    const pages: string[] = [];
    for (const { path } of routesWith(portal, 'GET').filter((route) => route.path !== '/auth/callback')) {
      const { text } = await ada.get(filled(path, { id }));
      pages.push(text);
    }
    const everything = [...pages, JSON.stringify(portal.logged())];
    for (const text of everything) {
      for (const secret of [...Object.values(SECRETS), 'eyJ', '/redeem?']) expect(text).not.toContain(secret);
    }
    // The status page's address is the applicant's alone: neither the log nor an admin's page holds it.
    for (const text of everything) expect(text).not.toContain(token);
  });

  test('16.5.1 no page shows a stack, a statement or a path, whatever goes wrong on whatever route', async () => {
    let faults = 0;
    await broken('request', 'state', async () => {
      for (const { method, path } of routesWith(portal)) {
        if (path === '/auth/callback' || path === '/sign-out' || path.startsWith('/assets/')) continue;
        const at = filled(path);
        for (const visitor of [portal.visitor(), ada]) {
          const answer =
            method === 'GET' ? await visitor.get(at) : await visitor.post(at, FORM, { from: '/' });
          if (answer.status >= 500) faults++;
          const { text, headers } = answer;
          expect([
            path,
            /elsewhere|relation "|column "|node_modules|\.ts:|\.js:\d|\bat \w+ \(|insert into|select .* from/.exec(
              text,
            )?.[0],
          ]).toEqual([path, undefined]);
          if (answer.status === 500) expect(text).toContain(String(headers['x-request-id']));
        }
      }
    });
    expect(faults).toBeGreaterThan(3);
  });

  test('14.2.1 nothing personal stands in an address that the portal makes', async () => {
    const answer = await portal.visitor().signUp({ email: 'private@fabrikam.com', firstName: 'Zebedee' });
    expect(answer.headers.location).toMatch(/^\/requests\/[\w-]{22}$/);
    const page = await portal.visitor().get(String(answer.headers.location));
    for (const [, link = ''] of page.text.matchAll(/(?:href|action|src)="([^"]*)"/g)) {
      expect(link).not.toMatch(/private@|private%40|zebedee/i);
    }
  });

  test('14.2.6 the status page shows nothing that was typed but the address, to people or machines', async () => {
    const typed = { firstName: 'Zebedee', lastName: 'Quux', company: 'Xyzzy AB', reason: 'Frobnicate' };
    const path = await portal.visitor().apply({ email: 'shown@fabrikam.com', ...typed });
    const visitor = portal.visitor();
    const page = await visitor.get(path);
    const json = await visitor.get(path, { Accept: 'application/json' });
    for (const text of Object.values(typed)) expect(`${page.text}${json.text}`).not.toContain(text);
    expect(json.text).not.toContain('shown@');
    expect(page.text).toContain('noindex');
  });

  test('14.2.7 what can be removed need not be looked for in the audit trail: it never holds an address, a name or what was typed', async () => {
    const typed = { firstName: 'Zebedee', lastName: 'Quux', company: 'Xyzzy AB', reason: 'Frobnicate' };
    const path = await portal.visitor().apply({ email: 'kept.quux@litware.com', ...typed });
    const { id } = await requestAt(portal, path);
    const at = `/admin/requests/${id}`;
    await ada.post(`${at}/hold`, { version: '1', note: 'Xyzzy?' }, { from: at });
    await ada.post(`${at}/deny`, { version: '2', reason: 'Xyzzy!', note: 'Quux' }, { from: at });
    expect((await requestAt(portal, path)).state).toBe('denied');
    await ada.get('/admin/requests.csv?search=kept.quux@litware.com');
    await ada.get('/admin/audit.csv');
    const nils = await portal.staff('nils');
    await nils.get('/admin/requests?search=kept.quux');
    await erasePerson(portal.deps.store.db, { address: 'kept.quux@litware.com' });
    const events = await portal.deps.store.db.selectFrom('audit_event').selectAll().execute();
    const actions = new Set<string>(events.map(({ action }) => action));
    for (const action of [
      'request.held',
      'request.denied',
      'requests.exported',
      'access.refused',
      'privacy.erased',
    ]) {
      expect(actions).toContain(action);
    }
    expect(JSON.stringify(events)).not.toMatch(/quux|zebedee|xyzzy|frobnicate|@|ada admin|nils/i);
  });
});

describe('files', () => {
  const HIDDEN = [
    '/.git',
    '/.git/config',
    '/.git/HEAD',
    '/.env',
    '/.env.example',
    '/.data',
    '/.data/store',
    '/data',
    '/data/store',
    '/package.json',
    '/package-lock.json',
    '/node_modules/express/package.json',
    '/src/server.ts',
    '/dist/server.js',
    '/views/status.ejs',
    '/locales/en/public.json',
    '/policies/partners.json',
    '/partners.json',
    '/policies/policy.schema.json',
    '/Dockerfile',
    '/web.config',
    '/assets',
    '/assets/',
    '/assets/.env',
    '/assets/package.json',
    '/assets/.git/config',
    '/assets/../package.json',
    '/assets/%2e%2e/package.json',
    '/assets/..%2fpackage.json',
    '/assets/..%5cpackage.json',
    '/assets/....//package.json',
    '/assets//etc/passwd',
    '/assets/%00',
    '/assets/portal.css%00.js',
    '/assets/manifest.json',
    '/assets/build.ts',
    '/assets/styles/base.css',
    '/assets/portal.css',
    '/assets/htmx.min.js',
    '/server.js.map',
    '/server-status',
    '/metrics/../.env',
    '/debug',
    '/actuator/env',
  ];

  test.each(HIDDEN)('13.4.1 %s is not there', async (path) => {
    const { status, body } = await raw(path);
    expect([400, 404]).toContain(status);
    expect(body).not.toMatch(/"dependencies"|\[core\]|root:|SESSION_SECRET/);
  });

  test('13.4.5 the health checks tell no more than they must', async () => {
    const [alive, ready] = [await portal.visitor().get('/healthz'), await portal.visitor().get('/readyz')];
    expect(alive.body).toEqual({ status: 'ok' });
    expect(Object.keys(ready.body as object).sort()).toEqual(['policy', 'queue', 'status', 'store']);
  });

  /** Asks for a path as it is: clients tidy it. */
  function raw(path: string): Promise<{ status: number; body: string }> {
    const { hostname, port } = new URL(portal.url);
    return new Promise((resolve, reject) => {
      const asking = request({ hostname, port, path }, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('end', () => {
          resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(parts).toString() });
        });
      });
      asking.on('error', reject).end();
    });
  }
});
