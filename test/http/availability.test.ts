import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import supertest from 'supertest';
import { createApp } from '../../src/app.js';
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
  test('16.5.2 a sign-up is not acknowledged: 503, and when to come back', async () => {
    const { status, headers, text } = await post(withoutStore(), {});
    expect(status).toBe(503);
    expect(headers['retry-after']).toBe('30');
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    expect(headers).not.toHaveProperty('location');
    expect(textOf(text)).toContain('Try again in a minute. Sending it twice does no harm.');
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
      { status: 'unavailable', store: false, queue: true, policy: 'current' },
    ]);
  });
});

test('while the store answers the portal is ready', async () => {
  await portal
    .visitor()
    .get('/readyz')
    .expect(200, { status: 'ready', store: true, queue: true, policy: 'current' });
});
