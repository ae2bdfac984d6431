import { sql } from 'kysely';
import { previewSheet } from '../../src/bulk/preview.js';
import { startRun } from '../../src/bulk/runs.js';
import { loadConfig } from '../../src/config.js';
import { openDeps, type Deps } from '../../src/deps.js';
import { createLog } from '../../src/log.js';
import { countRows } from '../../src/store/runRows.js';
import { findRun } from '../../src/store/runs.js';
import { BY, CHOICE } from '../support/aRun.js';
import { freePort } from '../support/freePort.js';
import { portalSettings } from '../support/portal.js';
import { postgresPrograms, startPostgresServer, type PostgresServer } from '../support/postgresServer.js';
import { waitFor } from '../support/waitFor.js';
import { openSite, type PortalProcess, type Site } from './portalProcess.js';

// A run belongs to no process: it goes on after each death, and any portal may work on it. What the tenant's own records say
// afterwards is what counts.

const ROWS = 200;
const SHARED = 100;
const WIDTH = 8;
const GRAPH_MS = 40;
/** Long enough that several tries of the portal are refused. */
const AWAY_MS = 3_000;
const LONGEST_MS = 120_000;

// The embedded store belongs to one process, and would be closed to the test.
const onPostgres = postgresPrograms && process.env.DATABASE_URL ? describe : describe.skip;

onPostgres('a run', () => {
  let site: Site;
  let deps: Deps;
  let portal: PortalProcess;
  // One that can be restarted without disturbing other tests.
  let server: PostgresServer;

  beforeAll(async () => {
    server = await startPostgresServer();
    const databaseUrl = await server.createDatabase('portal');
    site = await openSite({
      env: { DATABASE_URL: databaseUrl, BULK_MAILS_PER_MINUTE: '100000', BULK_WIDTH: String(WIDTH) },
    });
    await site.tenant.settings({ latencyMs: GRAPH_MS });
    deps = await openDeps(
      loadConfig({
        ...portalSettings(site.tenant, true),
        DATABASE_URL: databaseUrl,
        DATA_DIR: site.database.dataDir,
        POLICY_FILE: site.policyFile,
      }),
      createLog('silent'),
    );
    portal = await site.start();
  });
  afterAll(async () => {
    await deps.close();
    await site.close();
    await server.close();
  });

  /** Starts a run of people whose addresses begin with `prefix`. */
  async function begin(prefix: string, count: number): Promise<{ id: string; people: string[] }> {
    const people = Array.from({ length: count }, (_, row) => `${prefix}${row}@fabrikam.com`);
    const bytes = Buffer.from(['Email', ...people].join('\n'));
    const preview = await previewSheet(deps, { bytes, name: 'people.csv', choice: CHOICE, by: BY });
    if (!preview.ok) throw new Error(`The file cannot be read: ${preview.fault.code}`);
    expect(await startRun(deps, preview.runId, BY)).toBe('started');
    return { id: preview.runId, people };
  }

  const provisioned = async (id: string) => (await countRows(deps.store.db, id)).get('provisioned') ?? 0;

  const untilProvisioned = (id: string, rows: number) =>
    waitFor(`${rows} rows to be provisioned`, async () => (await provisioned(id)) >= rows, LONGEST_MS);

  const untilDone = (id: string) =>
    waitFor(
      'the run to be done',
      async () => (await findRun(deps.store.db, id))?.state === 'done',
      LONGEST_MS,
    );

  /** Everybody is one guest in both groups with one mail, or with none that is on record as of unknown fate. */
  async function expectOneEach(id: string, people: string[]): Promise<void> {
    expect(await countRows(deps.store.db, id)).toEqual(new Map([['provisioned', people.length]]));
    const { users, mails } = await site.tenant.state();
    const guests = people.map((address) => users.filter(({ mail }) => mail === address));
    expect(guests.filter((found) => found.length !== 1)).toEqual([]);
    expect(guests.flat().filter(({ groups }) => groups.length !== 2)).toEqual([]);
    const received = (address: string) => mails.filter(({ to }) => to.includes(address)).length;
    expect(people.filter((address) => received(address) > 1)).toEqual([]);
    const { rows } = await sql<{ address: string }>`
      select address from request join step on request_id = request.id
      where run_id = ${id} and step.key = 'mail' and step.state = 'unconfirmed'`.execute(deps.store.db);
    const unconfirmed = new Set(rows.map(({ address }) => address));
    expect(people.filter((address) => received(address) === 0 && !unconfirmed.has(address))).toEqual([]);
  }

  test('that is cut twice by a kill in its middle ends with one guest and one mail for each row', async () => {
    const { id, people } = await begin('cut', ROWS);
    for (const rows of [ROWS / 3, (2 * ROWS) / 3]) {
      await untilProvisioned(id, rows);
      expect((await portal.end('SIGKILL')).signal).toBe('SIGKILL');
      expect(await provisioned(id)).toBeLessThan(ROWS);
      portal = await site.start();
    }
    await untilDone(id);
    await expectOneEach(id, people);
  }, 300_000);

  test('whose PostgreSQL server restarts in its middle goes on with the same portal', async () => {
    const { id, people } = await begin('restarted', SHARED);
    for (const rows of [SHARED / 4, (2 * SHARED) / 3]) {
      await untilProvisioned(id, rows);
      await server.restart(AWAY_MS);
      expect(await provisioned(id)).toBeLessThan(SHARED);
    }
    await untilDone(id);
    await expectOneEach(id, people);
  }, 300_000);

  test('that two portals work on keeps its width, and is ended by either when the other stops', async () => {
    const other = await site.start({ PORT: String(await freePort()) });
    const before = new Map([portal, other].map((one) => [one, rowsDoneBy(one)]));
    const share = (one: PortalProcess) => rowsDoneBy(one) - (before.get(one) ?? 0);
    const { id, people } = await begin('shared', SHARED);
    let widest = 0;
    let stopped = false;
    await waitFor(
      'the run to be done',
      async () => {
        const { rows } = await sql<{ leases: number }>`
          select count(*)::int as leases from request where run_id = ${id} and lease_until > now()`.execute(
          deps.store.db,
        );
        widest = Math.max(widest, rows[0]?.leases ?? 0);
        if (!stopped && (await provisioned(id)) > SHARED / 3) {
          stopped = true;
          // Whichever of them did more.
          const [busier] = [portal, other].sort((one, two) => share(two) - share(one));
          await busier?.end('SIGTERM');
          expect(await provisioned(id)).toBeLessThan(SHARED);
        }
        return (await findRun(deps.store.db, id))?.state === 'done';
      },
      LONGEST_MS,
    );
    expect(widest).toBeLessThanOrEqual(WIDTH);
    expect(stopped).toBe(true);
    await expectOneEach(id, people);
  }, 300_000);
});

/** How many requests a portal has brought to their end, as its log says. */
function rowsDoneBy(portal: PortalProcess): number {
  return portal.logged().filter(({ msg, state }) => msg === 'turn ended' && state === 'provisioned').length;
}
