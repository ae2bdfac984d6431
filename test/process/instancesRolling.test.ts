import { signIn, STAFF } from '../support/staff.js';
import type { Visitor } from '../support/visitor.js';
import { waitFor } from '../support/waitFor.js';
import { openCluster, type Cluster } from './cluster.js';
import { startCrowd, type Crowd } from './crowd.js';
import type { Ended } from './portalProcess.js';
import { provisionedAddresses } from './provisioned.js';

// A deployment: one instance after the other is asked to end, and started again, while people go on as if nothing happened.

const INSTANCES = 3;

// The embedded store belongs to one process.
const onPostgres = process.env.DATABASE_URL ? describe : describe.skip;

onPostgres('a rolling restart under load', () => {
  let cluster: Cluster;
  let crowd: Crowd;
  let ada: Visitor;
  /** How each instance ended, and whether it still answered when the balancer had turned away from it. */
  const lives: { ended: Ended; ms: number; answered: boolean }[] = [];
  /** What those were answered who looked at pages meanwhile. */
  const seen: { page: string; status: number }[] = [];

  beforeAll(async () => {
    cluster = await openCluster(INSTANCES);
    await cluster.site.tenant.settings({ resourceUnitsPer10s: 1e9, writesPer150s: 1e9 });
    ada = cluster.newcomer();
    await signIn(ada, cluster.site.tenant, STAFF.ada);
    const visitor = cluster.newcomer();
    const page = await visitor.apply({ email: 'first@fabrikam.com' });

    crowd = startCrowd(cluster, 200);
    let over = false;
    const look = async (who: Visitor, path: string) => {
      while (!over) seen.push({ page: path, status: (await who.get(path)).status });
    };
    const looking = Promise.all([look(visitor, page), look(ada, '/admin')]);
    for (let index = 0; index < INSTANCES; index++) {
      const target = cluster.targets[index] ?? '';
      const began = performance.now();
      const ending = cluster.end(index, 'SIGTERM');
      await waitFor('the balancer to turn away', () => !cluster.balancer.inRotation().includes(target));
      const answered = await fetch(`${target}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      );
      lives.push({ ended: await ending, ms: performance.now() - began, answered });
      await cluster.start(index);
    }
    await crowd.stop();
    over = true;
    await looking;
  }, 180_000);
  afterAll(() => cluster.close());

  test('loses no request', () => {
    expect(cluster.balancer.lost).toEqual([]);
    expect(crowd.unanswered).toEqual([]);
    expect(crowd.acknowledged.size).toBeGreaterThan(30);
  });

  test('signs nobody out, and every status page goes on', () => {
    expect(seen.length).toBeGreaterThan(50);
    expect(seen.filter(({ status }) => status !== 200)).toEqual([]);
  });

  test('lets the balancer turn away first, and ends each instance by itself and in time', () => {
    for (const { ended, ms, answered } of lives) {
      expect(answered).toBe(true);
      expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
      expect(ms).toBeLessThan(25_000);
    }
  });

  test('ends every request provisioned, with one guest and one mail', async () => {
    const visitor = cluster.newcomer();
    for (const [email, path] of crowd.acknowledged) {
      const isAnswered = async () => (await visitor.status(path)).status === 'answered';
      await waitFor(`${email} to be answered`, isAnswered, 60_000);
    }
    const provisioned = await provisionedAddresses(cluster.newcomer(), cluster.site.tenant);
    expect([...crowd.acknowledged.keys()].filter((email) => !provisioned.has(email))).toEqual([]);
    const { users, mails } = await cluster.site.tenant.state();
    for (const email of crowd.acknowledged.keys()) {
      expect(users.filter(({ mail }) => mail === email)).toHaveLength(1);
      expect(mails.filter(({ to }) => to.includes(email))).toHaveLength(1);
    }
  }, 120_000);
});
