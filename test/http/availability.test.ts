import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import supertest from 'supertest';
import { createApp } from '../../src/app.js';
import type { Config } from '../../src/config.js';
import type { Store } from '../../src/store/database.js';
import type { Database } from '../../src/store/schema.js';
import { textOf } from '../support/page.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { FORM } from '../support/visitor.js';

let portal: TestPortal;
let store: Store;

beforeAll(async () => {
  portal = await startPortal({ worker: false });
  // A database server where nobody listens.
  const pool = new pg.Pool({ host: '127.0.0.1', port: 1 });
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  store = {
    db,
    exclusive: false,
    ping: async () => {
      await sql`select 1`.execute(db);
    },
    close: () => db.destroy(),
  };
});
afterAll(async () => {
  await store.close();
  await portal.close();
});

const withoutStore = () => createApp({ ...portal.deps, store });

/** Opens the form and posts it, as a browser does. */
async function post(app: ReturnType<typeof createApp>, headers: Record<string, string>, fields = {}) {
  const agent = supertest.agent(app);
  const _csrf = /name="_csrf" value="([^"]+)"/.exec((await agent.get('/')).text)?.[1];
  return agent
    .post('/sign-up')
    .set(headers)
    .type('form')
    .send({ ...FORM, _csrf, ...fields });
}

describe('while the store is down', () => {
  test('a sign-up is not acknowledged: 503, and when to come back', async () => {
    const { status, headers, text } = await post(withoutStore(), {});
    expect(status).toBe(503);
    expect(headers['retry-after']).toBe('30');
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    expect(headers).not.toHaveProperty('location');
    expect(textOf(text)).toContain('Try again in a minute; asking twice does no harm.');
    expect(text).toContain(String(headers['x-request-id']));
    expect(text).not.toMatch(/ECONNREFUSED|127\.0\.0\.1|node_modules/);
  });

  test('a status page answers 503, to people and to machines', async () => {
    const path = `/requests/${'A'.repeat(22)}`;
    const page = await supertest(withoutStore()).get(path);
    const json = await supertest(withoutStore()).get(path).set('Accept', 'application/json');
    expect([page.status, json.status]).toEqual([503, 503]);
    expect(json.headers['retry-after']).toBe('30');
    expect(json.body).toMatchObject({ error: { id: 'unavailable' } });
  });

  test('the form is still shown, the process is alive, and not ready', async () => {
    const app = withoutStore();
    await supertest(app).get('/').expect(200);
    await supertest(app).get('/healthz').expect(200, { status: 'ok' });
    const ready = await supertest(app).get('/readyz');
    expect([ready.status, ready.body]).toEqual([
      503,
      { status: 'unavailable', store: false, policy: 'current' },
    ]);
  });
});

test('while the store answers the portal is ready', async () => {
  await portal.visitor().get('/readyz').expect(200, { status: 'ready', store: true, policy: 'current' });
});

describe('a client', () => {
  /** One of several instances, which count together in the store; on a store of its own it would count in memory. */
  const appWith = (config: Partial<Config>, exclusive = false) =>
    createApp({
      ...portal.deps,
      config: { ...portal.deps.config, ...config },
      store: { ...portal.deps.store, exclusive },
    });

  /** Says that a client has posted so often in the last minutes. */
  async function hasPosted(client: string, points: number) {
    await sql`insert into rate_limit (key, points, expire) values (${`client:${client}`}, ${points}, ${Date.now() + 300_000})
      on conflict (key) do update set points = excluded.points`.execute(portal.deps.store.db);
  }

  const clients = async () => {
    const { rows } = await sql<{ key: string }>`select key from rate_limit`.execute(portal.deps.store.db);
    return rows.map(({ key }) => key);
  };

  test('may post 120 times in ten minutes; after that it is told when to come back, with a page', async () => {
    const app = appWith({ trustProxy: 1 });
    const from = { 'X-Forwarded-For': '192.0.2.1:40001' };
    await hasPosted('192.0.2.1', 119);
    expect((await post(app, from, { email: '' })).status).toBe(422);
    const refused = await post(app, { 'X-Forwarded-For': '192.0.2.1:40002' }, { email: '' });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(60);
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(600);
    expect(textOf(refused.text)).toMatch(/A lot was sent from your network. Try again in \d+ minutes/);
    // Pages can be read all the same, and others are not concerned.
    await supertest(app).get('/').set(from).expect(200);
    expect((await post(app, { 'X-Forwarded-For': '192.0.2.2:40001' }, { email: '' })).status).toBe(422);
  });

  test('is counted in memory where the process has its store to itself', async () => {
    const app = appWith({ trustProxy: 1 }, true);
    const from = { 'X-Forwarded-For': '192.0.2.3:40001' };
    for (let posted = 0; posted < 120; posted++) {
      expect((await post(app, from, { email: '' })).status).toBe(422);
    }
    expect((await post(app, from, { email: '' })).status).toBe(429);
    expect(await clients()).not.toContain('client:192.0.2.3');
  });

  test.each([
    ['198.51.100.7', '198.51.100.7'],
    ['198.51.100.8:61234', '198.51.100.8'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::2]:61234', '2001:db8::2'],
    ['203.0.113.9, 198.51.100.9:443', '198.51.100.9'],
  ])('behind a proxy that writes %s is counted as %s', async (header, client) => {
    await post(appWith({ trustProxy: 1 }), { 'X-Forwarded-For': header }, { email: '' });
    expect(await clients()).toContain(`client:${client}`);
  });

  test('cannot pass for another when no proxy is trusted', async () => {
    const before = await clients();
    for (const forged of ['10.0.0.1', '10.0.0.2:99']) {
      await post(
        appWith({ trustProxy: 0 }),
        { 'X-Forwarded-For': forged, Forwarded: `for=${forged}` },
        { email: '' },
      );
    }
    const added = (await clients()).filter((key) => !before.includes(key));
    expect(added).toHaveLength(1);
    expect(added[0]).toMatch(/127\.0\.0\.1|::1/);
  });
});
