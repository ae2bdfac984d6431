import { setTimeout as sleep } from 'node:timers/promises';
import { figure, type Row } from './report.js';
import { startCluster, type BenchCluster } from './support/cluster.js';
import { countOf, median, percentile } from './support/numbers.js';
import { startPeople, type People } from './support/people.js';
import { createStore, storeKinds } from './support/stores.js';
import { startTenant, type Tenant } from './support/tenant.js';
import { sized } from './support/sized.js';

const INSTANCES = sized(3, 2);
const PER_MINUTE = 200;
const LASTS_MS = sized(180_000, 8_000);
const KILL_EVERY_MS = sized(20_000, 4_000);
const LATENCY_MS = sized(100, 5);
/** A lease of 15 s, a sweep of 5 s, and the backlog. */
const SETTLE_WITHIN_MS = 90_000;
const TARGET_P99_MS = 500;
const TARGET_READY_MS = 5_000;

/**
 * Three instances on one PostgreSQL while people sign up and one instance is killed every 20 s. The acknowledged requests are
 * counted in the tenant's own records.
 *
 * @throws when a request that was acknowledged is not provisioned, or a person has two guests or two mails
 */
export async function benchInstances(lastsMs = LASTS_MS): Promise<Row[]> {
  if (!storeKinds.includes('PostgreSQL')) return [];
  const [tenant, store] = [await startTenant(LATENCY_MS), await createStore('PostgreSQL')];
  const cluster = await startCluster(INSTANCES, store, tenant);
  const people = startPeople(cluster.balancer.url, 60_000 / PER_MINUTE);
  const kills = await killAgainAndAgain(cluster, lastsMs);
  people.nobodyElse();
  const until = performance.now() + SETTLE_WITHIN_MS;
  while (people.waiting() > 0 && performance.now() < until) await sleep(500);
  await people.stop();
  const guests = await requireOnce(tenant, people);
  await cluster.close();
  await Promise.all([tenant.stop(), store.remove()]);
  return toRows(people, kills, guests, cluster.starts);
}

async function killAgainAndAgain(cluster: BenchCluster, lastsMs: number): Promise<number> {
  const began = performance.now();
  let kills = 0;
  for (let next = KILL_EVERY_MS; next <= lastsMs; next += KILL_EVERY_MS) {
    await sleep(Math.max(0, began + next - performance.now()));
    if (next === lastsMs) break;
    await cluster.killAndStart(kills % INSTANCES);
    kills++;
  }
  return kills;
}

type Directory = { users: { mail: string | null }[]; mails: { to: string[] }[] };

/** @returns how many of those who were acknowledged have had their mail */
async function requireOnce(tenant: Tenant, people: People): Promise<number> {
  const answer = await fetch(`${tenant.peopleUrl}/control/state`);
  const { users, mails } = (await answer.json()) as Directory;
  const guests = countOf(users.map(({ mail }) => mail ?? ''));
  const received = countOf(mails.flatMap(({ to }) => to));
  for (const [address, status] of people.acknowledged) {
    if (status !== 'answered' || guests.get(address) !== 1)
      throw new Error(`${address} is ${status}, with ${guests.get(address) ?? 0} guests`);
  }
  // Including people who never got an answer.
  for (const counts of [guests, received]) {
    for (const [address, count] of counts)
      if (address !== '' && count > 1) throw new Error(`${address} is there ${count} times`);
  }
  return [...people.acknowledged.keys()].filter((address) => received.has(address)).length;
}

function toRows(people: People, kills: number, mailed: number, starts: number[]): Row[] {
  const count = people.acknowledged.size;
  const asked = people.broken.length + Object.values(people.times).flat().length;
  // The first ones had the machine for themselves.
  const restarts = starts.slice(INSTANCES);
  const page = (name: string, times: number[]): Row => ({
    what: `${name} meanwhile, median and p99 of ${figure(times.length)}`,
    portal: `${figure(median(times), 'ms')}, ${figure(percentile(times, 99), 'ms')}`,
    target: `p99 < ${TARGET_P99_MS} ms`,
    met: percentile(times, 99) < TARGET_P99_MS,
  });
  return [
    {
      what: `${INSTANCES} instances, ${PER_MINUTE} sign-ups a minute, ${kills} kills`,
      portal: `${count} acknowledged and provisioned, one guest each; ${mailed} mails, none twice`,
      target: 'all provisioned, nobody twice',
      met: true, // else it has thrown
    },
    {
      what: 'Requests that broke off with their instance meanwhile, and how long people waited for that at most',
      portal: `${people.broken.length} of ${figure(asked)}, ${figure(Math.max(0, ...people.broken), 'ms')}`,
    },
    {
      what: 'Pages meanwhile that were an error',
      portal: people.refused.length === 0 ? 'none' : listed(people.refused),
      target: 'none',
      met: people.refused.length === 0,
    },
    page('The form', people.times.form),
    page('The sign-up', people.times.signUp),
    page('The status page', people.times.status),
    {
      what: `Start to ready meanwhile, median and longest of ${restarts.length}`,
      portal: `${figure(median(restarts), 'ms')}, ${figure(Math.max(...restarts), 'ms')}`,
      target: `< ${TARGET_READY_MS / 1000} s`,
      met: Math.max(...restarts) < TARGET_READY_MS,
    },
  ];
}

function listed(names: string[]): string {
  return [...countOf(names)].map(([name, count]) => `${count} × ${name}`).join(', ');
}
