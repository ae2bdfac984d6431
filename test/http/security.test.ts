import { sql } from 'kysely';
import supertest from 'supertest';
import { createApp } from '../../src/app.js';
import type { Config } from '../../src/config.js';
import { aPolicy } from '../support/aPolicy.js';
import { textOf } from '../support/page.js';
import { startPortal, type TestPortal } from '../support/portal.js';
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

// What every answer, form and route must hold is in test/security; here is what is particular.

describe('an answer', () => {
  test('shows the organisation in its colour, with text that can be read on it', async () => {
    const { text, headers } = await portal.visitor().get('/theme.css').expect(200);
    expect(headers['content-type']).toMatch(/^text\/css/);
    expect(text).toContain(':root { --accent: #ffcc00; --accent-hover: #ffd426; --on-accent: #17202b;');
  });

  const sheet = async () => {
    const { text } = await portal.visitor().get('/');
    return /href="(\/assets\/portal\.\w{8}\.css)"/.exec(text)?.[1] ?? '';
  };

  test('is packed when it is a style sheet, and kept for good', async () => {
    const path = await sheet();
    const plain = await portal.visitor().get(path, { 'Accept-Encoding': 'identity' });
    const packed = await portal.visitor().get(path, { 'Accept-Encoding': 'gzip, br' });
    expect([plain.status, packed.status]).toEqual([200, 200]);
    expect(packed.headers['content-encoding']).toBe('br');
    expect(packed.headers.vary).toContain('Accept-Encoding');
    expect(Number(packed.headers['content-length'])).toBeLessThan(
      Number(plain.headers['content-length']) / 2,
    );
    expect(packed.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(packed.text).toBe(plain.text);
  });

  test.each([
    ['br;q=0, gzip', 'gzip'],
    ['gzip;q=0', undefined],
  ])('to %s is packed as %s', async (accepted, encoding) => {
    const { headers } = await portal.visitor().get(await sheet(), { 'Accept-Encoding': accepted });
    expect(headers['content-encoding']).toBe(encoding);
  });

  test('that the browser has keeps its validator and its cache', async () => {
    const path = await sheet();
    const { headers } = await portal.visitor().get(path);
    const again = await portal.visitor().get(path, { 'If-None-Match': `"x", ${String(headers.etag)}` });
    expect([again.status, again.headers.etag, again.headers['cache-control']]).toEqual([
      304,
      headers.etag,
      headers['cache-control'],
    ]);
  });

  test('to a style sheet of another version of the portal is the one of this version, and is not kept', async () => {
    const path = (await sheet()).replace(/\w{8}(?=\.css)/, 'ABCDEFGH');
    const { status, headers } = await portal.visitor().get(path);
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    expect((await portal.visitor().get('/assets/nothing.ABCDEFGH.css')).status).toBe(404);
  });

  test('is never packed when it is a page: it has tokens beside what was typed', async () => {
    const { headers } = await portal.visitor().get('/', { 'Accept-Encoding': 'gzip, br' });
    expect(headers['content-encoding']).toBeUndefined();
  });

  test.each(['bytes=99999999-', 'bytes=50-20', 'bytes=-10', 'items=0-5'])(
    'to the range %s of a style sheet is all of it',
    async (range) => {
      const { status, headers } = await portal.visitor().get(await sheet(), { Range: range });
      expect([status, headers['content-range']]).toEqual([200, undefined]);
    },
  );
});

describe('a form', () => {
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

describe('a log line', () => {
  test('16.2.5 no line holds an address of a denied person, a token, a code, a cookie or what was typed', async () => {
    const from = portal.logged().length;
    const visitor = portal.visitor({ 'User-Agent': 'secret-agent', Referer: 'http://secret.example/' });
    const path = await visitor.apply({
      email: 'denied@competitor.com',
      firstName: 'Zebedee',
      reason: 'Frobnicate',
    });
    await visitor.get(`${path}?secret=query`);
    await visitor.postRaw('/sign-up', { email: 'denied@competitor.com', firstName: 'Zebedee' });
    await visitor.postRaw(`/verify/code/${path.split('/').at(-1)}`, { code: '314159' });
    await portal.staff('ada');
    const lines = JSON.stringify(portal.logged().slice(from));
    const cookies = ((await visitor.get('/healthz')) as unknown as { request: { cookies: string } }).request
      .cookies;
    for (const cookie of cookies.split('; ')) expect(lines).not.toContain(cookie.split('=')[1]);
    expect(lines).not.toContain(path.split('/').at(-1));
    expect(lines).not.toMatch(/denied@|competitor|Zebedee|Frobnicate|secret|314159|eyJ|_csrf/);
  });

  const LINES = ['\r\n', '\n', '%0d%0a', '\u2028', '\u0085', '\u001b[2J'];
  test.each(LINES)('16.4.1 a line break (%j) forges no line', async (lineBreak) => {
    const forged = `x${lineBreak}{"level":"fatal","msg":"forged"}`;
    const from = portal.logged().length;
    const visitor = portal.visitor();
    await visitor.signUp({ email: forged, firstName: forged, company: forged, reason: forged });
    await visitor.get(`/nothing/${encodeURIComponent(forged)}?${encodeURIComponent(forged)}`);
    await visitor.get(`/requests/${encodeURIComponent(forged)}`);
    await visitor.get(`/sign-in?returnTo=${encodeURIComponent(forged)}`);
    await visitor.get(
      `/auth/callback?error=${encodeURIComponent(forged)}&error_description=${encodeURIComponent(forged)}`,
    );
    await supertest(portal.url).get('/').set('X-Request-Id', 'forged').set('User-Agent', '{"msg":"forged"}');
    // Each line parses by itself, and none is what somebody sent.
    for (const line of portal.logged().slice(from)) {
      expect(line.level).not.toBe('fatal');
      expect(line.msg).not.toBe('forged');
      expect(line.httpRequestId).not.toBe('forged');
    }
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
          message: "We've been told about it. Please try again later.",
          requestId: answer.headers['x-request-id'],
        },
      });
    });
  });
});

test.each(['portal.csrf', 'portal.browser'])('a cookie %s of another shape counts as none', async (name) => {
  const before = portal.logged().length;
  for (const value of ['j:{"a":1}', 'j:[1]', '%00', 'x'.repeat(3_000)]) {
    const visitor = portal.visitor({ Cookie: `${name}=${value}` });
    expect((await visitor.get('/')).status).toBe(200);
    expect((await visitor.postRaw('/sign-up', {})).status).toBe(403);
  }
  expect(
    portal
      .logged()
      .slice(before)
      .filter(({ level }) => level === 'error'),
  ).toEqual([]);
});
