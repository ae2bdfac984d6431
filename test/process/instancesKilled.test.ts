import { sql } from 'kysely';
import { createLog } from '../../src/log.js';
import { openStore } from '../../src/store/database.js';
import { waitFor } from '../support/waitFor.js';
import { openCluster, type Cluster } from './cluster.js';
import { startCrowd, type Crowd } from './crowd.js';
import { provisionedAddresses } from './provisioned.js';

// Instances die without a word while people sign up. What the tenant's own records say afterwards is what counts.

const INSTANCES = 3;
const KILLS = 6;
/** Quicker than the launch that the portal is to carry (200 a minute). */
const EVERY_MS = 200;
/** A sign-up takes about as long as the kills are apart from each other. */
const GRAPH_MS = 150;

// The embedded store belongs to one process.
const onPostgres = process.env.DATABASE_URL ? describe : describe.skip;

onPostgres('three instances that are killed one after the other under load', () => {
  let cluster: Cluster;
  let crowd: Crowd;

  beforeAll(async () => {
    cluster = await openCluster(INSTANCES);
    await cluster.site.tenant.settings({
      latencyMs: GRAPH_MS,
      resourceUnitsPer10s: 1e9,
      writesPer150s: 1e9,
    });
    crowd = startCrowd(cluster, EVERY_MS);
    for (let kill = 0; kill < KILLS; kill++) {
      const before = crowd.acknowledged.size;
      await waitFor('work to be under way', () => crowd.acknowledged.size >= before + 12, 30_000);
      expect((await cluster.end(kill % INSTANCES, 'SIGKILL')).signal).toBe('SIGKILL');
      await cluster.start(kill % INSTANCES);
    }
    await crowd.stop();
  }, 180_000);
  afterAll(() => cluster.close());

  test('every request that was acknowledged ends provisioned', async () => {
    expect(crowd.acknowledged.size).toBeGreaterThan(12 * KILLS);
    const visitor = cluster.newcomer();
    for (const [email, path] of crowd.acknowledged) {
      // The lease of whoever was killed last has to run out.
      const isAnswered = async () => (await visitor.status(path)).status === 'answered';
      await waitFor(`${email} to be answered`, isAnswered, 60_000);
    }
    const provisioned = await provisionedAddresses(cluster.newcomer(), cluster.site.tenant);
    expect([...crowd.acknowledged.keys()].filter((email) => !provisioned.has(email))).toEqual([]);
  }, 120_000);

  test('nobody is a guest twice, and nobody has two mails', async () => {
    const { users, mails } = await cluster.site.tenant.state();
    const guests = (email: string) => users.filter(({ mail }) => mail === email).length;
    const received = (email: string) => mails.filter(({ to }) => to.includes(email)).length;
    const acknowledged = [...crowd.acknowledged.keys()];
    expect(acknowledged.filter((email) => guests(email) !== 1)).toEqual([]);
    const everybody = [...acknowledged, ...crowd.unanswered.map(({ email }) => email)];
    expect(everybody.filter((email) => guests(email) > 1 || received(email) > 1)).toEqual([]);
    // A mail that was under way when its sender died is not sent again by itself, and admins are told.
    const without = acknowledged.filter((email) => received(email) === 0);
    expect(without.sort()).toEqual(await unconfirmed(cluster));
  });

  test('who was on a dying instance was told by a broken connection, and nobody by anything worse', () => {
    for (const { status } of crowd.unanswered) expect([502, null]).toContain(status);
    for (const { why } of cluster.balancer.lost) expect(why).toMatch(/ECONNRESET|socket hang up/);
  });
});

/** Whose mail is on record as of unknown fate, of those who have none. */
async function unconfirmed({ site: { database, tenant } }: Cluster): Promise<string[]> {
  const store = await openStore(database, createLog('silent'), { migrate: false });
  const { rows } = await sql<{ address: string }>`
    select distinct address from request
    join audit_event on audit_event.request_id = request.id and action = 'step.unconfirmed'`.execute(
    store.db,
  );
  await store.close();
  const { mails } = await tenant.state();
  const mailed = new Set(mails.flatMap(({ to }) => to));
  return rows
    .map(({ address }) => address)
    .filter((email) => !mailed.has(email))
    .sort();
}
