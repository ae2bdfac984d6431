import { sql } from 'kysely';
import supertest from 'supertest';
import { createApp } from '../../src/app.js';
import { verifyAudit } from '../../src/audit/verify.js';
import type { Store } from '../../src/store/database.js';
import { aPartner, aPolicy } from '../support/aPolicy.js';
import { aTrail, emptyTrail, tamper } from '../support/auditTrail.js';
import { signUpUntil } from '../support/journey.js';
import { openTestStore } from '../support/openTestStore.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { putPolicy } from '../support/putPolicy.js';
import { STAFF } from '../support/staff.js';
import { FORM } from '../support/visitor.js';
import { filled, routesWith } from './walk.js';

// OWASP ASVS 5.0.0, chapter 16: what was refused is known, what is secret is not written down, and nothing fails open.

let portal: TestPortal;

const policy = () =>
  aPolicy({
    partners: [aPartner(), aPartner({ id: 'litware', domains: ['litware.com'], approval: 'manual' })],
  });

beforeAll(async () => {
  portal = await startPortal({ worker: false, policy: policy() });
});
afterAll(() => portal.close());

const db = () => portal.deps.store.db;
const newest = async () =>
  db()
    .selectFrom('audit_event')
    .select(['actor', 'action', 'detail'])
    .orderBy('id', 'desc')
    .executeTakeFirst();

describe('16.2 log', () => {
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

  test('16.3.2 denied access is in the log each time, with who and what, and in the audit trail', async () => {
    const nils = await portal.staff('nils');
    const who = `${portal.tenant.tenantId}/${STAFF.nils}`;
    const from = portal.logged().length;
    expect((await nils.get('/admin/policy')).status).toBe(403);
    expect(await newest()).toMatchObject({
      actor: who,
      action: 'access.refused',
      detail: { right: 'policy.read', method: 'GET', route: '/admin/policy' },
    });
    expect((await nils.get('/admin/audit')).status).toBe(403);
    const refused = portal
      .logged()
      .slice(from)
      .filter(({ msg }) => msg === 'access refused');
    expect(refused).toMatchObject([
      { level: 'warn', person: who, right: 'policy.read' },
      { level: 'warn', person: who, right: 'audit.read' },
    ]);
  });
});

describe('16.4 audit trail', () => {
  test.each([
    ['edited', "update audit_event set actor = 'eve' where id = 5", 'altered'],
    ['deleted', 'delete from audit_event where id = 5', 'missing'],
    ['moved', 'update audit_event set id = default where id = 5', ''],
    ['cut off at the end', 'delete from audit_seal where seq > 6', 'truncated'],
    [
      'cut off at the end with its events',
      'delete from audit_seal where seq > 6; delete from audit_event where id > 6',
      'truncated',
    ],
    ['taken out of the chain', 'delete from audit_seal where seq = 5', ''],
  ])('16.4.2 an event that was %s shows', async (_what, statement) => {
    const store = await openTestStore();
    try {
      await emptyTrail(store.db);
      await aTrail(store.db, 8);
      const { head, findings } = await verifyAudit(store.db);
      expect(findings).toEqual([]);
      await tamper(store.db, ...statement.split('; '));
      expect((await verifyAudit(store.db, head)).findings).not.toEqual([]);
    } finally {
      await store.remove();
    }
  });

  test.each([
    'update audit_event set actor = null',
    'delete from audit_event',
    'truncate audit_event',
    'delete from audit_seal',
  ])('16.4.2 the store refuses: %s', async (statement) => {
    await expect(sql.raw(statement).execute(db())).rejects.toThrow();
  });
});

describe('16.5 faults', () => {
  /** The portal while a table has lost a column: a fault that nobody foresaw. */
  async function broken<T>(table: string, column: string, work: () => Promise<T>): Promise<T> {
    await sql`alter table ${sql.table(table)} rename column ${sql.ref(column)} to elsewhere`.execute(db());
    try {
      return await work();
    } finally {
      await sql`alter table ${sql.table(table)} rename column elsewhere to ${sql.ref(column)}`.execute(db());
    }
  }

  test('16.5.1 no page shows a stack, a statement or a path, whatever goes wrong on whatever route', async () => {
    const ada = await portal.staff('ada');
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

  test('16.5.2 without its store the portal lets nobody in and acknowledges nothing', async () => {
    const ada = await portal.staff('ada');
    const cookie = ((await ada.get('/healthz')) as unknown as { request: { cookies: string } }).request
      .cookies;
    const down = () =>
      Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
    const dead = new Proxy(portal.deps.store.db, {
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

  test('16.5.3 a policy that turns faulty lets nobody else in: the good one stays', async () => {
    const hash = portal.deps.policy.current().hash;
    const faulty = aPolicy({ unlisted: 'allow' });
    await expect(putPolicy(portal, faulty)).rejects.toThrow();
    expect(portal.deps.policy.current().hash).toBe(hash);
    const path = await portal.visitor().apply({ email: 'eve@unlisted.com' });
    expect((await portal.visitor().status(path)).status).toBe('denied');
    await putPolicy(portal, policy());
  });

  test('16.5.3 a directory that refuses, hangs or answers nonsense makes nobody a guest', async () => {
    portal.startWorker();
    await portal.tenant.fault({
      on: 'graph',
      times: 0,
      path: '/invitations$',
      fault: {
        kind: 'status',
        status: 403,
        body: { error: { code: 'Authorization_RequestDenied', message: 'x' } },
      },
    });
    const path = await portal.visitor().apply({ email: 'closed@fabrikam.com' });
    await signUpUntil(portal, 'held', 'closed@fabrikam.com', path);
    await portal.tenant.clearFaults();
    await portal.stopWorker();
    expect(await portal.tenant.guest('closed@fabrikam.com')).toBeUndefined();
  });
});
