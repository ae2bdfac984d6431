import { sql } from 'kysely';
import supertest from 'supertest';
import { createApp } from '../../src/app.js';
import type { Config } from '../../src/config.js';
import { aPolicy } from '../support/aPolicy.js';
import { textOf, valueOf } from '../support/page.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { routesOf } from '../support/routes.js';
import { FORM } from '../support/visitor.js';

let portal: TestPortal;

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
    }),
  });
});
afterAll(() => portal.close());

/** The same portal with other settings. */
const appWith = (config: Partial<Config>) =>
  createApp({ ...portal.deps, config: { ...portal.deps.config, ...config } });

const countRows = async () => {
  const tables = ['request', 'step', 'audit_event', 'pgboss.job', 'rate_limit'];
  const counts = tables.map(
    (table) => sql<{ n: number }>`select count(*)::int as n from ${sql.table(table)}`,
  );
  return Promise.all(counts.map(async (query) => (await query.execute(portal.deps.store.db)).rows[0]?.n));
};

const POLICY =
  "default-src 'self';img-src https://cdn.contoso.com 'self' data:;object-src 'none';base-uri 'none';form-action 'self';frame-ancestors 'none'";

const ASKED: [status: number, what: string, ask: () => PromiseLike<supertest.Response>][] = [
  [200, 'the form', () => portal.visitor().get('/')],
  [200, 'a style sheet', () => portal.visitor().get('/assets/portal.css')],
  [200, 'the health check', () => portal.visitor().get('/healthz')],
  [303, 'a redirect', () => portal.visitor().get('/sign-up')],
  [400, 'a path that does not decode', () => portal.visitor().get('/requests/%E0%A4%A')],
  [403, 'a form without its token', () => portal.visitor().postRaw('/sign-up', FORM)],
  [404, 'no page', () => portal.visitor().get('/nothing')],
  [413, 'a huge form', () => portal.visitor().postRaw('/sign-up', { reason: 'x'.repeat(1_000_000) })],
  [415, 'JSON', () => supertest(portal.url).post('/sign-up').send({ a: 1 })],
  [422, 'an empty form', () => portal.visitor().post('/sign-up', {})],
];

describe('every answer', () => {
  test.each(ASKED)('%i, %s, carries the security headers', async (status, _, ask) => {
    const { status: answered, headers } = await ask();
    expect(answered).toBe(status);
    expect(headers).toMatchObject({
      'content-security-policy': expect.stringMatching(
        /^default-src 'self';.*frame-ancestors 'none'$/,
      ) as string,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    });
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('strict-transport-security');
  });

  test('allows of other origins the logo alone, and nothing inline', async () => {
    const { headers, text } = await portal.visitor().get('/');
    expect(headers['content-security-policy']).toBe(POLICY);
    expect(text).toContain('<img class="logo" src="https://cdn.contoso.com/logo.svg" alt="" />');
    expect(text).not.toMatch(/<script(?![^>]* src=)|<style| style=| on\w+="/);
  });

  test('shows the organisation in its colour, with text that can be read on it', async () => {
    const { text, headers } = await portal.visitor().get('/theme.css').expect(200);
    expect(headers['content-type']).toMatch(/^text\/css/);
    expect(text).toBe(':root { --accent: #ffcc00; --on-accent: var(--ink); --link: var(--ink); }\n');
  });

  test('over https pins https, and the cookie belongs to this host alone', async () => {
    const app = appWith({ baseUrl: 'https://partners.contoso.com' });
    const { headers } = await supertest(app).get('/');
    expect(headers['strict-transport-security']).toBe('max-age=63072000; includeSubDomains');
    expect(headers['content-security-policy']).toBe(`${POLICY};upgrade-insecure-requests`);
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(/^__Host-portal\.csrf=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    ]);
  });

  test.each([
    '/.git/config',
    '/.env',
    '/data',
    '/.data/store',
    '/package.json',
    '/assets/',
    '/assets/.env',
    '/assets/../package.json',
    '/assets/%2e%2e/package.json',
    '/assets/..%2fpackage.json',
    '/assets/bootstrap.min.css.map',
    '/assets/bootstrap.css.map',
  ])('to %s is 404', async (path) => {
    const { status, text } = await portal.visitor().get(path);
    expect(status).toBe(404);
    expect(textOf(text)).toContain('There is nothing here');
  });

  test('to an impossible range of a style sheet is no fault of ours', async () => {
    const { status, text } = await portal
      .visitor()
      .get('/assets/bootstrap.css', { Range: 'bytes=99999999-' });
    expect(status).toBe(200);
    expect(text).not.toContain('node_modules');
  });

  test('is a link to nowhere else, whatever host the request names', async () => {
    const forged = { 'X-Forwarded-Host': 'evil.com', 'X-Forwarded-Proto': 'https', Host: 'evil.com' };
    const { text, headers } = await portal.visitor().get('/', forged);
    expect(`${text}${JSON.stringify(headers)}`).not.toContain('evil.com');
  });
});

describe('a form', () => {
  const posts = () =>
    routesOf(createApp(portal.deps))
      .filter(({ method }) => method === 'POST')
      .map(({ path }) => path.replace(/:\w+/g, 'AAAAAAAAAAAAAAAAAAAAAA'));

  test('is refused on every route unless it carries the token of its own browser', async () => {
    expect(posts()).toContain('/sign-up');
    const foreign = await portal.visitor().csrf();
    const stale = await supertest(appWith({ secrets: ['another-secret-0123456789-0123456789'] })).get('/');
    const before = await countRows();
    for (const path of posts()) {
      const cookie = (stale.headers['set-cookie'] as unknown as string[])[0]?.split(';')[0] ?? '';
      const staleToken = /name="_csrf" value="([^"]+)"/.exec(stale.text)?.[1];
      const answers = await Promise.all([
        portal.visitor().postRaw(path, FORM),
        portal.visitor().postRaw(path, { ...FORM, _csrf: foreign }),
        portal.visitor().post(path, { ...FORM, _csrf: foreign }),
        portal.visitor().post(path, { ...FORM, _csrf: [foreign, foreign] }),
        portal.visitor({ Cookie: cookie }).postRaw(path, { ...FORM, _csrf: staleToken }),
        portal.visitor().postRaw(`${path}?_csrf=${foreign}`, FORM),
        supertest(portal.url).post(path),
      ]);
      expect(answers.map(({ status }) => [path, status])).toEqual(answers.map(() => [path, 403]));
      const hasSession = /^\/(admin|sign-out)/.test(path);
      expect(textOf(answers[0].text)).toContain(
        hasSession ? 'You have been signed out meanwhile' : 'The form is out of date',
      );
      // What somebody had typed is not lost.
      expect(valueOf(answers[0].text, 'typed-4')).toBe(FORM.reason);
    }
    expect(await countRows()).toEqual(before);
  });

  test('of before the secret was renewed is still taken, and a cookie of a lost secret is replaced', async () => {
    const old = 'old-secret-0123456789-0123456789-0123';
    const fresh = 'new-secret-0123456789-0123456789-0123';
    const agent = supertest.agent(appWith({ secrets: [old] }));
    const first = await agent.get('/');
    const cookie = (first.headers['set-cookie'] as unknown as string[])[0]?.split(';')[0] ?? '';
    const _csrf = /name="_csrf" value="([^"]+)"/.exec(first.text)?.[1];
    const rotated = await supertest(appWith({ secrets: [fresh, old] }))
      .post('/sign-up')
      .set('Cookie', cookie)
      .type('form')
      .send({ _csrf });
    expect(rotated.status).toBe(422);
    const replaced = await supertest(appWith({ secrets: [fresh] }))
      .get('/')
      .set('Cookie', cookie);
    expect(replaced.status).toBe(200);
    expect(replaced.headers['set-cookie']).toHaveLength(1);
  });

  test.each(['PUT', 'PATCH', 'DELETE'] as const)('cannot be sent by %s', async (method) => {
    const request = supertest(portal.url)[method.toLowerCase() as 'put' | 'patch' | 'delete']('/sign-up');
    expect((await request.type('form').send(FORM)).status).toBe(403);
  });

  test('looking at any page changes nothing', async () => {
    const path = await portal.visitor().apply({ email: 'look@fabrikam.com' });
    const token = path.split('/').at(-1) ?? '';
    const before = await countRows();
    const gets = routesOf(createApp(portal.deps)).filter(({ method }) => method === 'GET');
    for (const { path } of gets) {
      const { status } = await portal.visitor().get(path.replace(':token', token));
      expect([path, status]).toEqual([path, expect.any(Number)]);
      expect(status).toBeLessThan(500);
    }
    await portal.visitor().get(`${path}/resend`).expect(404);
    expect(await countRows()).toEqual(before);
  });
});

describe('the log', () => {
  test('has one line a request, with neither address, token, cookie, query nor line breaks of the sender', async () => {
    const from = portal.logged().length;
    const visitor = portal.visitor({ 'User-Agent': 'x{"level":"error"}', Referer: 'http://secret.example/' });
    const path = await visitor.apply({
      email: 'denied@competitor.com',
      company: 'Evil\\n{"level":"fatal","msg":"forged"}',
      reason: 'first\r\n{"level":"fatal","msg":"forged"}',
    });
    await visitor.get(`${path}?secret=query`);
    await visitor.get('/nothing%0A%7B%22forged%22?secret=query');
    await visitor.postRaw('/sign-up', { email: 'denied@competitor.com' });
    const lines = portal.logged().slice(from);
    // GET of the form, POST, status page, no page, refused form.
    expect(lines.map(({ method, route, status }) => [method, route, status])).toEqual([
      ['GET', '/', 200],
      ['POST', '/sign-up', 303],
      ['GET', '/requests/:token', 200],
      ['GET', null, 404],
      ['POST', null, 403],
    ]);
    const text = JSON.stringify(lines);
    expect(text).not.toMatch(/denied@|competitor|secret|forged|csrf/);
    expect(text).not.toContain(path.split('/').at(-1));
  });
});

describe('a fault of ours', () => {
  const broken = async (work: () => Promise<void>) => {
    await sql`alter table request rename column company to elsewhere`.execute(portal.deps.store.db);
    try {
      await work();
    } finally {
      await sql`alter table request rename column elsewhere to company`.execute(portal.deps.store.db);
    }
  };

  test('shows a fixed sentence and the id of the request, which the log has too', async () => {
    await broken(async () => {
      const { status, text, headers } = await portal.visitor().signUp({ email: 'fault@fabrikam.com' });
      expect(status).toBe(500);
      expect(textOf(text)).toContain('Something went wrong on our side');
      expect(text).not.toMatch(/elsewhere|column|at .*\.ts|node_modules|insert into/);
      expect(text).toContain(`<code>${String(headers['x-request-id'])}</code>`);
      const lines = portal.logged().filter((line) => line.httpRequestId === headers['x-request-id']);
      expect(lines.map(({ level }) => level)).toEqual(['error', 'warn']);
    });
  });

  test('leaves nothing that somebody typed in the log', async () => {
    await broken(async () => {
      const from = portal.logged().length;
      await portal.visitor().signUp({ email: 'typed@competitor.com', reason: 'Frobnicate' });
      expect(JSON.stringify(portal.logged().slice(from))).not.toMatch(/typed@|Frobnicate/);
    });
  });

  test('is told to machines as JSON', async () => {
    await broken(async () => {
      const form = await portal.visitor().get('/');
      const cookie = (form.headers['set-cookie'] as unknown as string[])[0]?.split(';')[0] ?? '';
      const _csrf = /name="_csrf" value="([^"]+)"/.exec(form.text)?.[1];
      const answer = await supertest(portal.url)
        .post('/sign-up')
        .set({ Cookie: cookie, Accept: 'application/json' })
        .type('form')
        .send({ ...FORM, _csrf, email: 'fault@fabrikam.com' });
      expect(answer.status).toBe(500);
      expect(answer.body).toEqual({
        error: {
          id: 'internal',
          message: 'We have been told. Try again later.',
          requestId: answer.headers['x-request-id'],
        },
      });
    });
  });
});
