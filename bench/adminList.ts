import pg from 'pg';
import { openStore } from '../src/store/database.js';
import { createLog } from '../src/log.js';
import { insertManyRequests } from '../test/support/manyRequests.js';
import { STAFF } from '../test/support/staff.js';
import { figure, type Row } from './report.js';
import { median, percentile } from './support/numbers.js';
import { startPortal } from './support/portal.js';
import type { ServerProcess } from './support/processes.js';
import { signInAt } from './support/signIn.js';
import { createStore, storeKinds, type BenchStore } from './support/stores.js';
import { settingsOf, startTenant } from './support/tenant.js';
import { sized } from './support/sized.js';

const REQUESTS = sized(100_000, 200);
const ROUNDS = sized(40, 2);
const TARGET_MS = 100;

/** The first page of the list of requests, as an admin's browser gets it, compared with the select that it needs. */
export async function benchAdminList(): Promise<Row[]> {
  if (!storeKinds.includes('PostgreSQL')) {
    console.log('skipped: so many requests are for PostgreSQL, and DATABASE_URL names none');
    return [];
  }
  const store = await createStore('PostgreSQL');
  await fill(store);
  const tenant = await startTenant(0);
  // The tenant sends people back to this machine alone.
  const portal = await startPortal(store, { env: { ...settingsOf(tenant), BASE_URL: 'https://localhost' } });
  const cookie = await signInAt(portal.url, tenant, STAFF.ada);
  const client = new pg.Client({ connectionString: store.env.DATABASE_URL });
  await client.connect();

  const times: { portal: number; bare: number }[] = [];
  await round(portal, cookie, client);
  for (let count = 0; count < ROUNDS; count++) times.push(await round(portal, cookie, client));

  await client.end();
  await portal.stop();
  await Promise.all([tenant.stop(), store.remove()]);
  return toRows(times);
}

async function fill({ env }: BenchStore): Promise<void> {
  const opened = await openStore({ databaseUrl: env.DATABASE_URL, dataDir: env.DATA_DIR }, createLog('warn'));
  await insertManyRequests(opened.db, REQUESTS);
  await opened.close();
}

async function round(
  { url }: ServerProcess,
  cookie: string,
  client: pg.Client,
): Promise<{ portal: number; bare: number }> {
  return {
    bare: await timed(async () => {
      const { rows } = await client.query('select * from request order by created_at desc limit 25');
      return rows.length === 25;
    }),
    portal: await timed(async () => {
      const answer = await fetch(`${url}/admin/requests`, { headers: { cookie }, redirect: 'manual' });
      return (await answer.text()).match(/<th scope="row">/g)?.length === 25;
    }),
  };
}

async function timed(work: () => Promise<boolean>): Promise<number> {
  const start = performance.now();
  if (!(await work())) throw new Error('A list of requests did not have 25 of them');
  return performance.now() - start;
}

function toRows(times: { portal: number; bare: number }[]): Row[] {
  const [portal, bare] = [times.map((one) => one.portal), times.map((one) => one.bare)];
  const both = (values: number[]) =>
    `${figure(median(values), 'ms')}, p90 ${figure(percentile(values, 90), 'ms')}`;
  return [
    {
      what: `First page of ${REQUESTS.toLocaleString('en')} requests, \`GET /admin/requests\`, PostgreSQL`,
      portal: both(portal),
      bare: `${both(bare)}, its select alone`,
      ratio: median(times.map((one) => one.portal / one.bare)),
      target: `median < ${TARGET_MS} ms`,
      met: median(portal) < TARGET_MS,
    },
  ];
}
