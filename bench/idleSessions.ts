import { setTimeout as sleep } from 'node:timers/promises';
import { STAFF } from '../test/support/staff.js';
import { figure, type Row } from './report.js';
import { eachOf, median, percentile } from './support/numbers.js';
import { clientOf, startPortal } from './support/portal.js';
import type { ServerProcess } from './support/processes.js';
import { signInAt } from './support/signIn.js';
import { createStore, storeKinds, type BenchStore } from './support/stores.js';
import { settingsOf, startTenant, type Tenant } from './support/tenant.js';
import { sized } from './support/sized.js';

const SESSIONS = sized(2_000, 10);
const WIDTH = 8;
const LOOKS = sized(400, 8);
const REST_MS = sized(5_000, 100);
/** The noise of the machine between two portals that do the same. */
const NOTICEABLE = 1.2;
const NOTICEABLE_MB = 20;

const PAGES = { 'The form': '/', 'The list of requests': '/admin/requests' };
type PageName = keyof typeof PAGES;

type Seat = { portal: ServerProcess; cookie: string };
type Looks = Record<PageName, number[]>;

/** What people cost who have signed in and do nothing; on PostgreSQL if there is one. */
export async function benchIdleSessions(sessions = SESSIONS): Promise<Row[]> {
  const kind = storeKinds.at(-1) ?? 'embedded';
  const tenant = await startTenant(0);
  const [full, empty] = [await createStore(kind), await createStore(kind)];
  const [crowded, calm] = [await takeSeat(full, tenant), await takeSeat(empty, tenant)];
  const before = await atRest(crowded.portal);
  await signInMany(crowded.portal, tenant, sessions);
  const after = await atRest(crowded.portal);
  const [looks, without]: [Looks, Looks] = [noLooks(), noLooks()];
  for (let count = 0; count < LOOKS; count++) {
    await look(crowded, looks);
    await look(calm, without);
  }
  await requireSessions(full, crowded, sessions);
  const anew = kind === 'PostgreSQL' ? await atRestAnew(full, tenant) : null;
  await Promise.all([calm.portal.stop(), tenant.stop()]);
  await Promise.all([full.remove(), empty.remove()]);
  return [
    ...(Object.keys(PAGES) as PageName[]).map((name) => toRow(name, sessions, looks[name], without[name])),
    {
      what: `Memory with ${figure(sessions)} idle sessions, of an instance that did not sign them in`,
      portal: anew === null ? 'one process has the store' : figure(anew, 'MB'),
      bare: `${figure(before, 'MB')} without`,
      ...(anew !== null && { target: `< ${NOTICEABLE_MB} MB more`, met: anew < before + NOTICEABLE_MB }),
    },
    {
      what: 'Memory of the one at which they had just signed in, before its garbage is collected',
      portal: figure(after, 'MB'),
      bare: `${figure(before, 'MB')} without`,
    },
  ];
}

/** A portal, and a person at it who is not idle. */
async function takeSeat(store: BenchStore, tenant: Tenant): Promise<Seat> {
  const portal = await startAt(store, tenant);
  const cookie = await signInAt(portal.url, tenant, STAFF.ada);
  const seat = { portal, cookie };
  for (let count = 0; count < LOOKS / 4; count++) await look(seat, noLooks());
  return seat;
}

function startAt(store: BenchStore, tenant: Tenant): Promise<ServerProcess> {
  // The tenant sends people back to this machine alone.
  return startPortal(store, { env: { ...settingsOf(tenant), BASE_URL: 'https://localhost' } });
}

async function signInMany(portal: ServerProcess, tenant: Tenant, sessions: number): Promise<void> {
  const people = Array.from({ length: sessions }, (_, index) => clientOf(index + 1));
  await eachOf(people, WIDTH, async (client) => {
    await signInAt(portal.url, tenant, STAFF.arne, client);
  });
}

async function look({ portal, cookie }: Seat, times: Looks): Promise<void> {
  for (const name of Object.keys(PAGES) as PageName[]) {
    const began = performance.now();
    const answer = await fetch(`${portal.url}${PAGES[name]}`, { headers: { cookie }, redirect: 'manual' });
    await answer.text();
    if (answer.status !== 200) throw new Error(`${PAGES[name]} was answered with ${answer.status}`);
    times[name].push(performance.now() - began);
  }
}

function noLooks(): Looks {
  return { 'The form': [], 'The list of requests': [] };
}

async function atRest(portal: ServerProcess): Promise<number> {
  await sleep(REST_MS);
  return portal.residentMb();
}

/** The portal stops, and another one takes up its store. */
async function atRestAnew(store: BenchStore, tenant: Tenant): Promise<number> {
  const { portal } = await takeSeat(store, tenant);
  const megabytes = await atRest(portal);
  await portal.stop();
  return megabytes;
}

/** A session that has ended would cost nothing in any case. */
async function requireSessions(store: BenchStore, { portal }: Seat, sessions: number): Promise<void> {
  await portal.stop();
  const { sessions: live } = await store.count();
  if (live !== sessions + 1) throw new Error(`${live} sessions are live in the place of ${sessions + 1}`);
}

function toRow(name: PageName, sessions: number, looks: number[], without: number[]): Row {
  const both = (times: number[]) =>
    `${figure(median(times), 'ms')}, p99 ${figure(percentile(times, 99), 'ms')}`;
  const ratio = median(looks) / median(without);
  return {
    what: `${name} beside ${figure(sessions)} idle sessions`,
    portal: both(looks),
    bare: `${both(without)} without`,
    ratio,
    target: `median at most ${NOTICEABLE} times slower`,
    met: ratio <= NOTICEABLE,
  };
}
