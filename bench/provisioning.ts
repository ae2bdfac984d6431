import { aPartner, aPolicy, GROUPS, UNPACED } from '../test/support/aPolicy.js';
import { openForm, startPortal } from './support/portal.js';
import { isAnswered, signUpAt } from './support/signUpAt.js';
import { benchServer, startServer } from './support/processes.js';
import { createStore, storeKinds, type StoreKind } from './support/stores.js';
import { eachOf, median, percentile } from './support/numbers.js';
import { settingsOf, startTenant, type Tenant } from './support/tenant.js';
import { figure, type Row } from './report.js';
import { sized } from './support/sized.js';

const ONE_BY_ONE = sized(40, 2);
const AT_ONCE = sized(200, 8);
/** As many as the portal's worker takes at a time. */
const WIDTH = 8;
const LATENCY_MS = sized(100, 5);
const TARGET_MS = 2000;
const WITH_APP_TARGET_MS = 500;

/** Fabrikam gets two groups, Wingtip Toys an app as well. */
const policy = aPolicy({
  partners: [
    aPartner({ limits: UNPACED }),
    aPartner({
      id: 'wingtip',
      name: 'Wingtip Toys',
      domains: ['wingtiptoys.com'],
      apps: ['crm', 'wiki'],
      limits: UNPACED,
    }),
  ],
});

type Directory = { users: { mail: string | null }[]; mails: { to: string[] }[] };
type Provision = (address: string) => Promise<void>;

/** From the form to the guest in the simulated tenant, one after another and many at once, on each kind of store. */
export async function benchProvisioning(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const kind of storeKinds) rows.push(...(await compare(kind)));
  return rows;
}

async function compare(kind: StoreKind): Promise<Row[]> {
  const tenant = await startTenant(LATENCY_MS);
  const store = await createStore(kind);
  const portal = await startPortal(store, { policy: JSON.stringify(policy), env: settingsOf(tenant) });
  const bare = await startServer(benchServer('bareProvisioning'), {
    ...settingsOf(tenant),
    GROUPS: [GROUPS.partners, GROUPS.crm].join(),
  });
  const [signUp, form] = [signUpAt(portal.url), await openForm(portal.url)];
  const byPortal: Provision = async (address) => isAnswered(portal.url, await signUp(address, form));
  const byBare: Provision = (address) => provisionAt(bare.url, address);

  await Promise.all([byPortal('warm@fabrikam.com'), byBare('warm@fabrikam.com')]);
  const times: { portal: number; bare: number }[] = [];
  for (let count = 0; count < ONE_BY_ONE; count++) {
    times.push({
      bare: await timed(() => byBare(`bare${count}@fabrikam.com`)),
      portal: await timed(() => byPortal(`ana${count}@fabrikam.com`)),
    });
  }
  await byPortal('warm@wingtiptoys.com');
  const withApp: number[] = [];
  for (let count = 0; count < ONE_BY_ONE; count++)
    withApp.push(await timed(() => byPortal(`tom${count}@wingtiptoys.com`)));
  const crowd = Array.from({ length: AT_ONCE }, (_, index) => `crowd${index}@fabrikam.com`);
  const together = await timed(async () => {
    const paths = await Promise.all(crowd.map((address) => signUp(address, form)));
    // One after another: 200 who ask at a time would be the load that is measured.
    for (const path of paths) await isAnswered(portal.url, path);
  });
  await requireOneGuestEach(tenant, crowd);
  const bareCrowd = crowd.map((address) => `bare.${address}`);
  const bareTogether = await timed(() => eachOf(bareCrowd, WIDTH, byBare));

  await Promise.all([portal.stop(), bare.stop()]);
  await Promise.all([tenant.stop(), store.remove()]);
  const [one, many] = toRows(kind, times, AT_ONCE / together, AT_ONCE / bareTogether);
  return [one, rowWithApp(kind, withApp), many];
}

function toRows(
  kind: StoreKind,
  times: { portal: number; bare: number }[],
  perMs: number,
  barePerMs: number,
): [Row, Row] {
  const [portal, bare] = [times.map((one) => one.portal), times.map((one) => one.bare)];
  return [
    {
      what: `Sign-up to provisioned, ${kind}`,
      portal: spread(portal),
      bare: spread(bare),
      ratio: median(times.map((one) => one.portal / one.bare)),
      target: `median < ${TARGET_MS} ms`,
      met: median(portal) < TARGET_MS,
    },
    {
      what: `${AT_ONCE} sign-ups at once, ${kind}`,
      portal: `${figure(perMs * 1000, '/s')}, all within ${figure(AT_ONCE / perMs / 1000, 's')}`,
      bare: `${figure(barePerMs * 1000, '/s')}, ${WIDTH} at a time`,
      ratio: perMs / barePerMs,
    },
  ];
}

function rowWithApp(kind: StoreKind, times: number[]): Row {
  return {
    what: `Sign-up to provisioned with two groups and an app, ${kind}`,
    portal: spread(times),
    target: `median < ${WITH_APP_TARGET_MS} ms`,
    met: median(times) < WITH_APP_TARGET_MS,
  };
}

function spread(values: number[]): string {
  return `${figure(median(values), 'ms')}, p90 ${figure(percentile(values, 90), 'ms')}`;
}

async function provisionAt(url: string, address: string): Promise<void> {
  const answer = await fetch(`${url}/provision`, {
    method: 'POST',
    body: new URLSearchParams({ email: address }),
  });
  await answer.text();
  if (!answer.ok) throw new Error(`The bare provisioning of ${address} was answered with ${answer.status}`);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function requireOneGuestEach(tenant: Tenant, addresses: string[]): Promise<void> {
  const answer = await fetch(`${tenant.peopleUrl}/control/state`);
  const { users, mails } = (await answer.json()) as Directory;
  for (const address of addresses) {
    const guests = users.filter(({ mail }) => mail === address).length;
    const received = mails.filter(({ to }) => to.includes(address)).length;
    if (guests !== 1 || received !== 1)
      throw new Error(`${address} has ${guests} guests and ${received} mails`);
  }
}
