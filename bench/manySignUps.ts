import { setTimeout as sleep } from 'node:timers/promises';
import { aPartner, aPolicy, UNPACED } from '../test/support/aPolicy.js';
import { figure, type Row } from './report.js';
import { countOf, eachOf, median } from './support/numbers.js';
import { openForm, startPortal } from './support/portal.js';
import { benchServer, type ServerProcess } from './support/processes.js';
import { signUpAt } from './support/signUpAt.js';
import { sized } from './support/sized.js';
import { createStore, storeKinds, type BenchStore } from './support/stores.js';
import { settingsOf, startTenant, type Tenant } from './support/tenant.js';

const PEOPLE = sized(20_000, 40);
const WARM_UP = sized(1_000, 4);
const DOMAINS = 20;
const WIDTH = 8;
const LOOK_MS = sized(2_000, 100);
const LONGEST_MS = sized(7_200_000, 60_000);
const TARGET_GROWTH = 1.1;

type Directory = { users: { mail: string | null }[]; mails: { to: string[] }[] };

/**
 * Signs up 20,000 people of twenty domains as fast as they are taken, and waits for the last one.
 *
 * @throws when one who was acknowledged is not provisioned, or anybody has two guests or two mails
 */
export async function benchManySignUps(): Promise<Row[]> {
  if (!storeKinds.includes('PostgreSQL')) return [];
  const [tenant, store] = [await startTenant(0), await createStore('PostgreSQL')];
  const portal = await startPortal(store, {
    script: benchServer('unlimitedPortal'),
    policy: JSON.stringify(policy()),
    env: settingsOf(tenant),
  });
  const began = performance.now();
  const people = Array.from({ length: PEOPLE }, (_, number) => `ana${number}@${domainOf(number)}`);
  const watching = memoryUntilAllHaveEnded(portal, store);
  const [form, signUp] = [await openForm(portal.url), signUpAt(portal.url)];
  await eachOf(people, WIDTH, async (address) => {
    await signUp(address, form);
  });
  const acceptedMs = performance.now() - began;
  const samples = await watching;
  const endedMs = performance.now() - began;
  await requireOneEach(tenant, people);
  await portal.stop();
  await Promise.all([tenant.stop(), store.remove()]);
  // Garbage comes and goes: the level is a median, the early one that after the first thousand.
  const after = samples.filter(({ ended }) => ended >= WARM_UP).map(({ mb }) => mb);
  const tenth = Math.max(1, Math.floor(after.length / 10));
  const [early, late] = [median(after.slice(0, tenth)), median(after.slice(-tenth))];
  return [
    {
      what: `${figure(PEOPLE)} sign-ups in one run, PostgreSQL`,
      portal: `all accepted within ${figure(acceptedMs / 1000, 's')}, provisioned within ${figure(endedMs / 1000, 's')}, one guest and one mail each`,
      target: 'none lost, none twice',
      met: true, // else it has thrown
    },
    {
      what: `Its memory: after the first ${figure(WARM_UP)}, at the end, and at most`,
      portal: `${figure(early, 'MB')}, ${figure(late, 'MB')}, ${figure(Math.max(...samples.map(({ mb }) => mb)), 'MB')}`,
      ratio: late / early,
      target: `end ≤ ${TARGET_GROWTH} × early`,
      met: late / early <= TARGET_GROWTH,
    },
  ];
}

const domainOf = (number: number) => `many${number % DOMAINS}.com`;

function policy(): object {
  const domains = Array.from({ length: DOMAINS }, (_, number) => domainOf(number));
  return aPolicy({ partners: [aPartner({ domains, limits: UNPACED })] });
}

type Sample = { ended: number; mb: number };

/** The memory of the process every so often, beside how many requests have ended by then. */
async function memoryUntilAllHaveEnded(portal: ServerProcess, store: BenchStore): Promise<Sample[]> {
  const samples: Sample[] = [];
  const until = performance.now() + LONGEST_MS;
  while (performance.now() < until) {
    await sleep(LOOK_MS);
    const { requests, due } = await store.count();
    const ended = requests - due;
    samples.push({ ended, mb: await portal.residentMb() });
    if (ended === PEOPLE) return samples;
  }
  throw new Error(`Only ${samples.at(-1)?.ended ?? 0} of ${PEOPLE} requests have ended`);
}

async function requireOneEach(tenant: Tenant, people: string[]): Promise<void> {
  const answer = await fetch(`${tenant.peopleUrl}/control/state`);
  const { users, mails } = (await answer.json()) as Directory;
  const guests = countOf(users.map(({ mail }) => mail ?? ''));
  const received = countOf(mails.flatMap(({ to }) => to));
  for (const address of people) {
    const [accounts, letters] = [guests.get(address) ?? 0, received.get(address) ?? 0];
    if (accounts !== 1 || letters !== 1)
      throw new Error(`${address} has ${accounts} guests and ${letters} mails`);
  }
}
