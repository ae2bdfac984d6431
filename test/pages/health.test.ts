import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { sql } from 'kysely';
import pg from 'pg';
import supertest from 'supertest';
import { createApp } from '../../src/app.js';
import { createLog } from '../../src/log.js';
import { openStore } from '../../src/store/database.js';
import { startPortal, type TestPortal } from '../support/portal.js';
import { waitFor } from '../support/waitFor.js';

let portal: TestPortal;
beforeAll(async () => {
  portal = await startPortal({ limits: { stuckSeconds: 1.5 } });
});
afterAll(() => portal.close());

const READY = { status: 'ready', store: true, queue: true, policy: 'current' };
const readiness = async () => {
  const answer = await portal.visitor().get('/readyz');
  return { code: answer.status, body: answer.body as Record<string, unknown> };
};
const until = (what: string, code: number, found: object) =>
  waitFor(what, async () => {
    const now = await readiness();
    return now.code === code && JSON.stringify(now.body) === JSON.stringify(found);
  });

test('13.4.5 with everything there, it is ready, and tells no more', async () => {
  expect(await readiness()).toEqual({ code: 200, body: READY });
});

test('a flood of questions is one look a second', async () => {
  let pings = 0;
  const store = {
    ...portal.deps.store,
    ping: () => {
      pings++;
      return portal.deps.store.ping();
    },
  };
  const app = createApp({ ...portal.deps, store });
  const server = app.listen(0);
  await once(server, 'listening');
  const began = performance.now();
  try {
    const agent = supertest(server);
    for (let round = 0; round < 5; round++)
      await Promise.all(Array.from({ length: 20 }, () => agent.get('/readyz').expect(200)));
  } finally {
    server.close();
  }
  expect(pings).toBeLessThanOrEqual(1 + (performance.now() - began) / 1000);
});

test('a loop that is stuck: not ready, and the log says which', async () => {
  // A loop of which nothing more is heard.
  const pulse = portal.deps.pulses.begin('requests');
  await until('it to be noticed', 503, {
    status: 'unavailable',
    store: true,
    queue: false,
    policy: 'current',
  });
  expect(portal.logged()).toContainEqual(
    expect.objectContaining({ msg: 'not ready', reasons: ['loop requests'] }),
  );
  pulse.beat();
  await until('it to be ready again', 200, READY);
  pulse.end();
});

test('the worker’s own loops give signs of life, and are not waited for once it has stopped', async () => {
  const { pulses } = portal.deps;
  await portal.stopWorker();
  expect(pulses.late(-1)).toEqual([]);
  const began = performance.now();
  portal.startWorker();
  const applicants = 'notices to applicants';
  const loops = [applicants, applicants, applicants, 'notices to approvers', 'requests'];
  expect(pulses.late(-1).sort()).toEqual(loops);
  // By then they would be late, had they not been heard of since their beginning.
  const longEnough = () => performance.now() - began > 1_000;
  await waitFor('all to have gone round', () => longEnough() && pulses.late(1_000).length === 0);
});

const onPostgres = process.env.DATABASE_URL ? test : test.skip;

onPostgres('a worker that hangs in the table of requests is stuck', async () => {
  const { db } = portal.deps.store;
  await db.transaction().execute(async (trx) => {
    await sql`lock table request in access exclusive mode`.execute(trx);
    await until('it to be noticed', 503, {
      status: 'unavailable',
      store: true,
      queue: false,
      policy: 'current',
    });
  });
  await until('it to be ready again', 200, READY);
});

test('a database that takes connections and says nothing: 503, without waiting for it', async () => {
  const silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const store = await openStore(
    { databaseUrl: `postgres://nobody@127.0.0.1:${port}/nothing`, dataDir: '' },
    createLog('silent'),
    { migrate: false },
  );
  const answer = await supertest(createApp({ ...portal.deps, store })).get('/readyz');
  expect([answer.status, answer.body]).toEqual([
    503,
    { status: 'unavailable', store: false, queue: true, policy: 'current' },
  ]);
  await store.close();
  silent.close();
});

(process.env.DATABASE_URL ? test : test.skip)(
  'a database that can only be read: not ready once a write was refused, until one is possible again',
  async () => {
    const { db } = portal.deps.store;
    const name =
      (await sql<{ name: string }>`select current_database() as name`.execute(db)).rows[0]?.name ?? '';
    const admin = new pg.Client({ connectionString: process.env.DATABASE_URL });
    await admin.connect();
    const readOnly = async (value: 'on' | 'off') => {
      await admin.query(`alter database "${name}" set default_transaction_read_only = ${value}`);
      // It is for connections that begin later.
      await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
    };
    await readOnly('on');
    await until('it to notice', 503, { ...READY, status: 'unavailable', store: false });
    await readOnly('off');
    await until('it to be ready again', 200, READY);
    await admin.end();
  },
);

test('a process that stops says so at once', async () => {
  portal.deps.stopping.abort();
  expect(await readiness()).toEqual({ code: 503, body: { status: 'stopping' } });
  await portal.visitor().get('/healthz').expect(200, { status: 'ok' });
});
